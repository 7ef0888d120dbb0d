// OpenAI's own client against the server: speech in every format, streamed, whole and as events; errors, retries, aborts.
import { spawnSync } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import OpenAI from 'openai'
import t from 'tap'
import { Clvp } from '../../dist/lib/index.js'
import { events, loadBeside, post, startServer } from '../helpers/server.js'
import { decoded } from '../helpers/sound.js'
import { makeSpeakingModel } from '../helpers/speaking_model.js'

const file = await makeSpeakingModel(t.testdir({}))
const hasFfmpeg = spawnSync('ffmpeg', ['-version']).status === 0
const server = await startServer(
  t,
  `tiny=${file}`,
  '--threads',
  '1',
  '--candidates',
  '2',
  '--api-key',
  'secret',
)
const clvp = await loadBeside(t, file)
const voice = await clvp.voice(Clvp.demoVoice)
const client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: 'secret', maxRetries: 0 })
const base = { model: 'tts-1', voice: 'alloy', input: 'Hello world.' }
const expected = await clvp.speak(base.input, { voice, seed: 1, candidates: 2 })

/** Samples of 16 bits. */
const pcm = (bytes) =>
  new Int16Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength))
const expectedPcm = pcm((await expected.toWav({ metadata: false })).subarray(44))

async function bytesOf(answer) {
  return new Uint8Array(await answer.arrayBuffer())
}

/** Does a file hold the expected sound? */
async function checkSound(t, bytes, format, { samples }) {
  const heard = await decoded(bytes, 24_000)
  if (format === 'mp3')
    return t.ok(Math.abs(heard.length - samples.length) < 3000, `mp3: ${heard.length} samples`)
  t.equal(heard.length, samples.length, `${format}: all samples`)
  return t.ok(
    heard.every((each, i) => Math.abs(each - samples[i]) <= 2 ** -15),
    `${format}: the same`,
  )
}

t.test('every format, streamed', async (t) => {
  const input = 'Hello world.\n\nThis is it.\n\nGood night.' // three parts
  const long = await clvp.speak(input, { voice, seed: 1, candidates: 2 })
  for (const format of ['wav', 'pcm', 'flac', ...(hasFfmpeg ? ['mp3', 'opus'] : [])]) {
    const answer = await client.audio.speech.create({ ...base, input, response_format: format, seed: 1 })
    const type = answer.headers.get('content-type')
    t.match(
      type,
      {
        wav: /^audio\/wav/,
        pcm: /^audio\/pcm/,
        flac: /^audio\/flac/,
        mp3: /^audio\/mpeg/,
        opus: /^audio\/ogg/,
      }[format],
    )
    t.equal(answer.headers.get('x-clvp-seed'), '1')
    t.ok(answer.headers.get('x-request-id'))
    const bytes = await bytesOf(answer)
    if (format === 'opus') t.equal(Buffer.from(bytes.subarray(0, 4)).toString(), 'OggS')
    else if (format === 'pcm') t.equal(bytes.length, 2 * long.samples.length)
    else await checkSound(t, bytes, format, long)
    if (format === 'wav') {
      t.equal(new DataView(bytes.buffer).getUint32(4, true), 0xffffffff, 'a length that says: to the end')
    }
  }
})

t.test('MP3 is the default', { skip: !hasFfmpeg && 'no ffmpeg' }, async (t) => {
  const answer = await client.audio.speech.create(base)
  t.equal(answer.headers.get('content-type'), 'audio/mpeg')
  t.ok((await bytesOf(answer)).length > 1000)
})

t.test('whole, with its length in the header of the file', async (t) => {
  const answer = await client.audio.speech.create({ ...base, response_format: 'wav', seed: 1, stream: false })
  const bytes = await bytesOf(answer)
  t.equal(new DataView(bytes.buffer).getUint32(4, true), bytes.length - 8)
  t.equal(Number(answer.headers.get('x-clvp-score')), expected.best.score)
  t.equal(Number(answer.headers.get('x-clvp-candidate')), expected.best.index)
  t.equal(Number(answer.headers.get('x-clvp-seconds')), expected.seconds)
})

t.test('as events', async (t) => {
  const answer = await client.audio.speech.create({
    ...base,
    response_format: 'pcm',
    stream_format: 'sse',
    seed: 1,
    n: 2,
  })
  t.match(answer.headers.get('content-type'), /^text\/event-stream/)
  const all = await events(answer)
  const deltas = all.filter(({ type }) => type === 'speech.audio.delta')
  const joined = (index) =>
    Buffer.concat(
      deltas.filter((each) => each.index === index).map(({ audio }) => Buffer.from(audio, 'base64')),
    )
  t.same(pcm(joined(0)), expectedPcm, 'the best')
  const second = await clvp.candidateSound(
    base.input,
    expected.candidates.find(({ index }) => index !== expected.best.index),
    { voice },
  )
  t.same(pcm(joined(1)), pcm((await second.toWav({ metadata: false })).subarray(44)), 'the second')
  const done = all.at(-1)
  t.equal(done.type, 'speech.audio.done')
  t.match(done.clvp, { seed: 1, parts: [{ text: 'Hello world.', score: expected.best.score }] })
  t.equal(done.usage.total_tokens, done.usage.input_tokens + done.usage.output_tokens)
})

t.test('errors have their classes, and say what to do', async (t) => {
  const cases = [
    [{ voice: 'nobody' }, OpenAI.NotFoundError, 'voice_not_found', 'voice'],
    [{ model: 'gpt-5' }, OpenAI.NotFoundError, 'model_not_found', 'model'],
    [{ input: '' }, OpenAI.BadRequestError, 'invalid_value', 'input'],
    [{ input: 'a'.repeat(5000) }, OpenAI.BadRequestError, 'invalid_value', 'input'],
    [{ input: '***' }, OpenAI.BadRequestError, 'invalid_value', 'input'],
    [{ speed: 2 }, OpenAI.BadRequestError, 'unsupported_value', 'speed'],
    [{ instructions: 'whisper' }, OpenAI.BadRequestError, 'unsupported_value', 'instructions'],
    [{ response_format: 'aac' }, OpenAI.BadRequestError, 'unsupported_format', 'response_format'],
    [{ response_format: 'midi' }, OpenAI.BadRequestError, 'invalid_value', 'response_format'],
    [{ candidates: 100_000 }, OpenAI.BadRequestError, 'invalid_value', 'candidates'],
    [{ n: 2 }, OpenAI.BadRequestError, 'invalid_value', 'n'],
    [{ colour: 'red' }, OpenAI.BadRequestError, 'unknown_field', 'colour'],
  ]
  for (const [body, kind, code, param] of cases) {
    const error = await client.audio.speech
      .create({ ...base, response_format: 'wav', ...body })
      .catch((each) => each)
    t.ok(error instanceof kind, `${JSON.stringify(body).slice(0, 40)}: ${error.message}`)
    t.match(error, { code, param })
    t.ok(error.requestID)
  }
  const stranger = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: 'guess', maxRetries: 0 })
  const error = await stranger.audio.speech.create(base).catch((each) => each)
  t.ok(error instanceof OpenAI.AuthenticationError)
  t.equal(error.code, 'invalid_api_key')
})

t.test('lists models', async (t) => {
  const { data } = await client.models.list()
  t.match(data, [{ id: 'tiny', object: 'model', owned_by: 'node-clvp' }])
  t.match(await client.models.retrieve('tts-1'), { id: 'tiny' })
})

t.test('a full queue is 429, and the client tries again until there is room', async (t) => {
  const small = await startServer(t, `tiny=${file}`, '--threads', '1', '--concurrency', '1', '--queue', '0')
  const url = `${small.url}/v1`
  const slow = post(small, '/v1/candidates', { voice: 'demo', input: 'Hello world.', candidates: 200 })
  await sleep(50)
  const once = new OpenAI({ baseURL: url, apiKey: 'none', maxRetries: 0 })
  const body = { ...base, response_format: 'wav', candidates: 1 }
  const error = await once.audio.speech.create(body).catch((each) => each)
  t.ok(error instanceof OpenAI.RateLimitError, error.message)
  t.ok(Number(error.headers.get('retry-after')) >= 1)
  const patient = new OpenAI({ baseURL: url, apiKey: 'none', maxRetries: 8 })
  t.ok((await bytesOf(await patient.audio.speech.create(body))).length > 1000)
  t.equal((await slow).status, 200)
})

t.test('an abort frees the place at once', async (t) => {
  const small = await startServer(t, `tiny=${file}`, '--threads', '1', '--concurrency', '1', '--queue', '1')
  const patient = new OpenAI({ baseURL: `${small.url}/v1`, apiKey: 'none', maxRetries: 0 })
  const stop = new AbortController()
  const body = { ...base, response_format: 'wav', candidates: 256 }
  const aborted = patient.audio.speech.create({ ...body, temperature: 1 }, { signal: stop.signal })
  await sleep(100)
  stop.abort()
  t.ok((await aborted.catch((error) => error)) instanceof OpenAI.APIUserAbortError)
  t.ok((await bytesOf(await patient.audio.speech.create({ ...body, candidates: 1 }))).length > 1000)
  const metrics = await (await fetch(`${small.url}/metrics`)).text()
  t.match(metrics, /^clvp_candidates_total 1$/m, 'the aborted draw was not completed')
  t.match(metrics, /^clvp_requests_running 0$/m)
})
