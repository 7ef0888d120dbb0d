/**
 * Many clients at once, some of which leave or send nonsense: no answer is wrong, mixed up or lost, and SIGTERM in the midst ends every
 * request whole or with an error. Bounded in count and time:
 *
 *     node test/server/load.test.js --clients=200 --seconds=120
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import t from 'tap'
import { Clvp } from '../../dist/lib/index.js'
import { loadBeside, post } from '../helpers/server.js'
import { makeSpeakingModel } from '../helpers/speaking_model.js'

const { values } = parseArgs({
  options: { clients: { type: 'string', default: '12' }, seconds: { type: 'string', default: '4' } },
})
const clients = Number(values.clients)
const cli = fileURLToPath(new URL('../../dist/lib/cli/main.js', import.meta.url))
const texts = [
  'Good morning.',
  'Hello world, this is a longer one.',
  'The red apple is in the kitchen, and the green bird sings.',
]
t.setTimeout(1000 * (Number(values.seconds) + 300))
const queue = Math.ceil(clients / 3)
const flags = [
  '--queue',
  String(queue),
  '--concurrency',
  '4',
  '--drain-seconds',
  '20',
  '--port',
  '0',
  '--json',
  '--log-level',
  'error',
]

/** Starts a server in a process of its own. */
async function serve(t, ...models) {
  const child = spawn(process.execPath, [cli, 'serve', ...models, ...flags], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.teardown(() => child.kill('SIGKILL'))
  for await (const line of createInterface(child.stdout)) {
    const { event, url } = JSON.parse(line)
    if (event === 'ready') return { child, url }
  }
  throw new Error('it never was ready')
}

/** What may be asked, each with its right answer. */
async function questions(t, file) {
  const asked = []
  for (const [model, source] of [
    ['demo', Clvp.demo],
    ['tiny', file],
  ]) {
    const clvp = await loadBeside(t, source)
    const voice = await clvp.voice(Clvp.demoVoice)
    for (const [i, input] of texts.entries()) {
      const call = { voice, candidates: i + 1, seed: 10 + i }
      const { candidates } = await clvp.generate(input, call)
      const body = { model, input, voice: 'demo', candidates: i + 1, seed: 10 + i }
      asked.push({
        route: '/v1/candidates',
        body,
        expected: JSON.stringify(candidates.map(({ codes }) => [...codes])),
      })
      if (clvp.info.speech.ways.length === 0) continue
      const sound = await clvp.speak(input, call)
      const bytes = (await sound.toWav({ metadata: false })).subarray(44)
      const speech = { ...body, response_format: 'pcm' }
      asked.push({ route: '/v1/audio/speech', body: speech, expected: Buffer.from(bytes).toString('base64') })
    }
  }
  return asked
}

/** Of an answer, what is compared. */
async function contentOf({ route }, answer) {
  if (route === '/v1/audio/speech') return Buffer.from(await answer.arrayBuffer()).toString('base64')
  return JSON.stringify((await answer.json()).data.map(({ codes }) => codes))
}

const nonsense = [
  '{',
  '{"input":5,"voice":"demo"}',
  '{"input":"a","voice":"../demo"}',
  '{"input":"a","voice":"demo","candidates":-1}',
]

/** One client: asks until it is told to stop, and counts what becomes of it. */
async function client(server, asked, random, counts, isOver) {
  while (!isOver()) {
    try {
      if (random() < 0.05) await sendNonsense(server, random, counts)
      else await ask(server, asked[Math.floor(random() * asked.length)], random, counts)
    } catch (error) {
      const text = `${error} ${error.cause}`
      if (!counts.mayFail || !/draining|ECONN|socket|closed|terminated/.test(text)) counts.wrong.push(text)
      else if (/ECONNREFUSED/.test(text)) return
      else counts.ended++
    }
  }
}

async function sendNonsense(server, random, counts) {
  const body = nonsense[Math.floor(random() * nonsense.length)]
  const { status } = await post(server, '/v1/candidates', body)
  if (status === 400 || status === 404) counts.malformed++
  else counts.wrong.push(`${body}: ${status}`)
}

/** Asks a question, and compares the answer. One client of five leaves soon after. */
async function ask(server, question, random, counts) {
  const stop = new AbortController()
  if (random() < 0.2) setTimeout(() => stop.abort(), 400 * random())
  const begun = performance.now()
  try {
    const answer = await post(server, question.route, question.body, { signal: stop.signal })
    const first = performance.now() - begun
    if (answer.status !== 200) await sleep(100 + 400 * random()) // as a client does that is told to come later
    if (answer.status === 429) {
      counts.refused++
      await answer.arrayBuffer()
      return
    }
    if (answer.status !== 200) throw new Error(`status ${answer.status}: ${await answer.text()}`)
    const content = await contentOf(question, answer)
    if (content !== question.expected)
      counts.wrong.push(`another answer for ${JSON.stringify(question.body)}`)
    counts.first.push(first)
    counts.whole.push(performance.now() - begun)
  } catch (error) {
    if (!stop.signal.aborted) throw error
    counts.aborted++
  }
}

function begin(server, asked, isOver) {
  const counts = {
    malformed: 0,
    refused: 0,
    aborted: 0,
    ended: 0,
    mayFail: false,
    wrong: [],
    first: [],
    whole: [],
  }
  const all = Array.from({ length: clients }, (_, i) =>
    client(server, asked, randomFrom(i + 1), counts, isOver),
  )
  return { counts, all: Promise.all(all) }
}

/** The same numbers for the same seed. */
function randomFrom(seed) {
  let state = seed
  return () => {
    state = (Math.imul(state ^ (state >>> 15), 2246822519) + 3266489917) >>> 0
    return ((state ^ (state >>> 13)) >>> 0) / 2 ** 32
  }
}

const percentile = (list, share) =>
  [...list].sort((a, b) => a - b)[Math.floor(share * (list.length - 1))]?.toFixed(0)
const shown = (list) => [0.5, 0.95, 0.99].map((share) => percentile(list, share)).join(' / ')
const megabytes = (pid) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1e3

t.test('load', { skip: process.platform !== 'linux' && 'reads /proc' }, async (t) => {
  const file = await makeSpeakingModel(t.testdir({}), ['hifigan'])
  const asked = await questions(t, file)
  const { child, url } = await serve(t, 'demo', `tiny=${file}`)

  await t.test('no answer is wrong, mixed up or lost', async (t) => {
    const end = performance.now() + 1000 * Number(values.seconds)
    const { counts, all } = begin({ url }, asked, () => performance.now() > end)
    const memory = []
    const watching = setInterval(() => memory.push(megabytes(child.pid)), 1000)
    await all
    clearInterval(watching)
    t.same(counts.wrong.slice(0, 5), [])
    t.ok(counts.whole.length > 0)
    t.comment(
      `${counts.whole.length} answers, ${counts.refused} refused, ${counts.aborted} left, ${counts.malformed} nonsense`,
    )
    t.comment(`p50 / p95 / p99 in ms: first byte ${shown(counts.first)}, whole ${shown(counts.whole)}`)
    t.comment(
      `memory in MB: ${memory.filter((_, i) => i % Math.ceil(memory.length / 12) === 0).map((each) => each.toFixed(0))}`,
    )
    const metrics = await (await fetch(`${url}/metrics`)).text()
    t.match(metrics, /^clvp_requests_waiting 0$/m, 'no place is lost')
  })

  await t.test('SIGTERM in the midst', async (t) => {
    let isOver = false
    const { counts, all } = begin({ url }, asked, () => isOver)
    await sleep(1000)
    counts.mayFail = true
    const begun = performance.now()
    child.kill('SIGTERM')
    const [status] = await once(child, 'exit')
    isOver = true
    await all
    t.equal(status, 0)
    t.same(counts.wrong.slice(0, 5), [], 'whole, refused, or ended')
    t.comment(
      `${counts.whole.length} whole, ${counts.ended} ended, after ${((performance.now() - begun) / 1000).toFixed(1)} s`,
    )
  })
})
