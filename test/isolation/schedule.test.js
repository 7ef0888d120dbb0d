// A random schedule of mixed calls: whatever becomes of some of them, each of the others gives exactly what it gives alone.
import { setTimeout as sleep } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import t from 'tap'
import { Clvp } from '../../dist/lib/index.js'
import { tinyFile, tone } from '../helpers/model.js'
import { dice, times } from '../helpers/torture.js'
import { outcomeOf, within } from './company.js'
import { badProcessors, kinds } from './kinds.js'

const file = await tinyFile('deep')
const schedules = times(1, 30)

/** A model that does one call at a time, for the results of calls alone. */
const quiet = await Clvp.load(file, { threads: 1 })
t.teardown(() => quiet.dispose())
const voice = await quiet.voice(tone(0.2))
const known = new Map()
async function alone(kind, n) {
  const key = `${kind} ${n}`
  if (!known.has(key)) known.set(key, await kinds[kind].call(quiet, voice, n))
  return known.get(key)
}

/** What becomes of a call. Of three calls two are left in peace. */
function rollCall(roll) {
  const names = Object.keys(kinds)
  const kind = names[roll(names.length)]
  const fates = ['aborted', ...(kinds[kind].draws ? Object.keys(badProcessors) : [])]
  return {
    kind,
    n: roll(24),
    fate: roll(3) > 0 ? 'healthy' : fates[roll(fates.length)],
    abortAfter: roll(60),
    badAt: roll(2),
  }
}

/** A processor that is good until a step. No call ends before its second step. */
function badFrom(step, processor) {
  let calls = 0
  return (ids, scores, live) => (calls++ < step ? scores : processor(ids, scores, live))
}

function start(clvp, { kind, n, fate, abortAfter, badAt }) {
  const { call } = kinds[kind]
  if (fate === 'healthy') return call(clvp, voice, n)
  const bad = badProcessors[fate]
  const abort = new AbortController()
  if (!bad || bad.needsAbort) setTimeout(() => abort.abort(), abortAfter)
  const logitsProcessor = bad && badFrom(badAt, bad.processor)
  return call(clvp, voice, n, { ...(bad && { logitsProcessor }), signal: abort.signal })
}

/** What is wrong with how a call has settled, if anything is. */
async function fault({ kind, n, fate }, { value, error }) {
  const bad = badProcessors[fate]
  if (bad) return error && bad.isExpected(error) ? undefined : (error?.stack ?? error ?? 'it has a result')
  if (error) return fate === 'aborted' && error.code === 'CLVP_ABORTED' ? undefined : (error.stack ?? error)
  const expected = await alone(kind, n)
  if (isDeepStrictEqual(value, expected)) return undefined
  return `its result differs: ${JSON.stringify(value)} for ${JSON.stringify(expected)}`
}

async function schedule(t, seed, { calls, ...options }) {
  const roll = dice(seed)
  const clvp = await Clvp.load(file, { threads: 1, ...options })
  t.teardown(() => within(clvp.dispose(), 'dispose()'))
  const pending = new Set()
  const started = []
  for (let i = 0; i < calls; i++) {
    const each = { i, ...rollCall(roll) }
    pending.add(each)
    const outcome = outcomeOf(start(clvp, each)).finally(() => pending.delete(each))
    started.push({ each, outcome })
    if (roll(3) === 0) await sleep(roll(8))
  }
  const settled = Promise.all(started.map(({ outcome }) => outcome))
  await within(settled, `schedule ${seed}`, 50).catch(() => {})
  const late = [...pending].map(({ i, kind, fate }) => `${i} ${kind}, ${fate}`)
  t.same(late, [], `schedule ${seed}: every call settles`)
  await clvp.dispose()
  for (const { each, outcome } of started) {
    if (late.length > 0) break // those that have waited were ended by dispose()
    const wrong = await fault(each, await outcome)
    if (wrong) t.fail(`schedule ${seed}: ${wrong}`, each)
  }
}

t.test(`${schedules} schedules of 200 calls`, async (t) => {
  for (let seed = 1; seed <= schedules; seed++) await schedule(t, seed, { calls: 200 })
})

t.test('a schedule of 60 calls on a model in a process of its own', async (t) => {
  await schedule(t, 1001, { calls: 60, isolate: true })
})
