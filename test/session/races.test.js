// Calls, aborts, disposals and garbage collection in any order: each promise settles once, and results stay what they were.
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { Clvp } from '../../dist/lib/index.js'
import { essence, tinyFile, tone } from '../helpers/model.js'
import { dice, times } from '../helpers/torture.js'

const file = await tinyFile('deep')
const text = 'Hello there.'
const codes = Int32Array.of(5, 6, 7)
const rounds = times(25, 600)
const allowed = new Set(['done', 'CLVP_ABORTED', 'CLVP_DISPOSED'])

const calls = [
  (clvp, voice, signal, n) =>
    clvp.generate(text, { voice, candidates: 1 + (n % 5), maxTokens: 12, seed: n, signal }),
  (clvp, voice, signal, n) =>
    clvp.generate(text, { voice, beams: 3, candidates: 2, maxTokens: 4 + (n % 9), signal }),
  async (clvp, voice, signal, n) => {
    let seen = 0
    for await (const _ of clvp.stream(text, { voice, candidates: 3, maxTokens: 12, seed: n, signal })) {
      if (++seen === 3 + (n % 20)) break // leaving stops the work
    }
  },
  (clvp, _, signal) => clvp.rank(text, [codes, codes], { signal }),
  (clvp, _, signal, n) => clvp.embedText(`${text} ${n}`, { signal }),
  (clvp, _, signal) => clvp.embedSpeech(codes, { signal }),
  (clvp, _, signal, n) => clvp.voice(tone(0.15 + (n % 5) / 50), { signal }),
]

/** How a call settled, and how often. */
async function settle(call) {
  let settled = 0
  const outcome = await call.then(
    () => 'done',
    (error) => error.code ?? error.stack,
  )
  settled++
  await sleep(0)
  return `${outcome} ${settled}`
}

async function round(t, seed, expected) {
  const roll = dice(seed)
  const clvp = await Clvp.load(file, { threads: 1 })
  const voice = await clvp.voice(tone(0.2))
  const disposes = roll(3) === 0
  const running = []
  for (let i = 2 + roll(6); i > 0; i--) {
    const abort = new AbortController()
    running.push(settle(calls[roll(calls.length)](clvp, voice, abort.signal, roll(1000))))
    if (roll(2)) setTimeout(() => abort.abort(), roll(12))
    if (roll(4) === 0) await sleep(roll(4))
    if (roll(8) === 0) globalThis.gc?.()
  }
  if (disposes) setTimeout(() => clvp.dispose(), roll(15))
  const outcomes = await Promise.all(running)
  const wrong = outcomes.filter((outcome) => !allowed.has(outcome.replace(/ 1$/, '')))
  if (wrong.length > 0) t.fail(`round ${seed}: ${wrong.join(', ')}`)
  if (!disposes) {
    const { candidates } = await clvp.generate(text, { voice, candidates: 2, maxTokens: 8, seed: 1 })
    if (JSON.stringify(candidates.map(essence)) !== expected) t.fail(`round ${seed}: the next result differs`)
  }
  if (roll(10)) await clvp.dispose() // the others are left to the garbage collector
  return outcomes
}

t.test(`${rounds} rounds`, async (t) => {
  const clvp = await Clvp.load(file, { threads: 1 })
  const voice = await clvp.voice(tone(0.2))
  const { candidates } = await clvp.generate(text, { voice, candidates: 2, maxTokens: 8, seed: 1 })
  await clvp.dispose()
  const expected = JSON.stringify(candidates.map(essence))
  const counts = {}
  for (let seed = 1; seed <= rounds; seed++) {
    for (const outcome of await round(t, seed, expected)) counts[outcome] = (counts[outcome] ?? 0) + 1
  }
  t.comment(JSON.stringify(counts))
  t.ok(counts['done 1'] > rounds / 2 && counts['CLVP_ABORTED 1'] > rounds / 4, 'calls ended both ways')
})
