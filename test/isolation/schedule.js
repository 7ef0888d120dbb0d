/**
 * Random schedules of calls on one model: some are aborted, fail in a hook or are left; each of the others gives exactly what it gives
 * alone.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { dice } from '../helpers/torture.js'
import { outcomeOf, within } from './company.js'
import { badProcessors, failsInProgress } from './kinds.js'

/** What can become of a call that is not left in peace. */
function fatesOf({ draws, tells }) {
  return ['aborted', ...(draws ? Object.keys(badProcessors) : []), ...(tells ? ['failing'] : [])]
}

/** What becomes of a call. Of three calls two are left in peace. */
function rollCall(kinds, roll) {
  const names = Object.keys(kinds)
  const kind = names[roll(names.length)]
  const fates = fatesOf(kinds[kind])
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

/** Hooks and a signal that give a call its fate. */
function fateful({ fate, abortAfter, badAt }) {
  if (fate === 'failing') return { onProgress: failsInProgress.hook }
  const bad = badProcessors[fate]
  const abort = new AbortController()
  if (!bad || bad.needsAbort) setTimeout(() => abort.abort(), abortAfter)
  const logitsProcessor = bad && badFrom(badAt, bad.processor)
  return { ...(bad && { logitsProcessor }), signal: abort.signal }
}

/** Makes schedules of some kinds of calls, and knows what each gives alone. */
export class Schedules {
  #kinds
  #load
  #voiceOf
  #quiet
  #voice
  #known = new Map()

  /**
   * @param load makes a model, which is disposed of with dispose()
   * @param voiceOf gives what is passed to each call beside the model
   */
  constructor({ kinds, load, voiceOf = () => undefined }) {
    this.#kinds = kinds
    this.#load = load
    this.#voiceOf = voiceOf
  }

  /** Loads a model that does one call at a time, for the results of calls alone. */
  async begin(t) {
    this.#quiet = await this.#load({})
    t.teardown(() => this.#quiet.dispose())
    this.#voice = await this.#voiceOf(this.#quiet)
  }

  async #alone(kind, n) {
    const key = `${kind} ${n}`
    if (!this.#known.has(key)) {
      this.#known.set(key, await this.#kinds[kind].call(this.#quiet, this.#voice, n))
    }
    return this.#known.get(key)
  }

  #start(model, each) {
    const { call } = this.#kinds[each.kind]
    if (each.fate === 'healthy') return call(model, this.#voice, each.n)
    return call(model, this.#voice, each.n, fateful(each))
  }

  /** What is wrong with how a call has settled, if anything is. */
  async #fault({ kind, n, fate }, { value, error }) {
    const bad = fate === 'failing' ? failsInProgress : badProcessors[fate]
    if (bad) return error && bad.isExpected(error) ? undefined : (error?.stack ?? error ?? 'it has a result')
    if (error) return fate === 'aborted' && error.code === 'CLVP_ABORTED' ? undefined : (error.stack ?? error)
    const expected = await this.#alone(kind, n)
    if (isDeepStrictEqual(value, expected)) return undefined
    const short = (what) => JSON.stringify(what)?.slice(0, 2000)
    return `its result differs: ${short(value)} for ${short(expected)}`
  }

  /** Runs one schedule of so many calls. */
  async run(t, seed, { calls, ...options }) {
    const roll = dice(seed)
    const model = await this.#load(options)
    t.teardown(() => within(model.dispose(), 'dispose()'))
    const pending = new Set()
    const started = []
    for (let i = 0; i < calls; i++) {
      const each = { i, ...rollCall(this.#kinds, roll) }
      pending.add(each)
      const outcome = outcomeOf(this.#start(model, each)).finally(() => pending.delete(each))
      started.push({ each, outcome })
      if (roll(3) === 0) await sleep(roll(8))
    }
    const settled = Promise.all(started.map(({ outcome }) => outcome))
    await within(settled, `schedule ${seed}`, 50).catch(() => {})
    const late = [...pending].map(({ i, kind, fate }) => `${i} ${kind}, ${fate}`)
    t.same(late, [], `schedule ${seed}: every call settles`)
    await model.dispose()
    for (const { each, outcome } of started) {
      if (late.length > 0) break // those that have waited were ended by dispose()
      const wrong = await this.#fault(each, await outcome)
      if (wrong) t.fail(`schedule ${seed}: ${wrong}`, each)
    }
  }
}
