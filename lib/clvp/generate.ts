/** Turns a text's ids and a plan into ranked candidates, for Clvp.generate and Clvp.stream. */
import { randomInt } from 'node:crypto'
import type { NativeCandidate } from '../addon/contract/drawing.js'
import { callerHooks } from '../session/caller_hooks.js'
import type { Session } from '../session/session.js'
import { forJson } from './codes.js'
import type { ContentCache } from './content_cache.js'
import type { GeneratePlan } from './generate_options.js'
import {
  type Candidate,
  type DrawnCandidate,
  describeCandidate,
  type GenerateResult,
  type GenerateSettings,
} from './result.js'

/** Receives the draws of a streaming call. */
export interface Listener {
  onStep(pairs: Int32Array): void
  onCandidate(candidate: DrawnCandidate): void
}

/** A plan with a definite batch size. */
export type SizedPlan = GeneratePlan & { batchSize: number }

/** Draws or runs a beam search, then ranks. */
export async function generateRanked(
  session: Session,
  cache: ContentCache,
  ids: Int32Array,
  plan: SizedPlan,
  listener?: Listener,
): Promise<GenerateResult> {
  const started = performance.now()
  const seed = plan.seed ?? randomInt(2 ** 48 - 1)
  const { candidates: drawn, timings } = await draw(session, ids, plan, seed, listener)
  plan.onProgress?.({ stage: 'rank', fraction: 0 })
  const { candidates, scoreMs } = await rank(session, cache, ids, drawn, plan)
  plan.onProgress?.({ stage: 'rank', fraction: 1 })
  const totalMs = performance.now() - started
  return {
    best: candidates[0]!,
    candidates: candidates.slice(0, plan.keep),
    seed,
    settings: settingsOf(plan, seed),
    timings: { ...timings, scoreMs, totalMs },
  }
}

/** Options that have no effect are left out: generate() refuses them. */
function settingsOf(plan: SizedPlan, seed: number): GenerateSettings {
  const { candidates, maxTokens, padTo, keep, scores, positions, sampling, beams, deterministic } = plan
  const common = { candidates, maxTokens, padTo, keep, scores, positions }
  if (!beams) return { ...common, seed, ...sampling, batchSize: plan.batchSize, deterministic }
  const { sample, ...search } = beams
  const { repetitionPenalty } = sampling
  return { ...common, ...search, ...(sample ? { seed, ...sampling } : { repetitionPenalty }) }
}

/** Draws candidates, or finds them by beam search, without ranking them. */
async function draw(
  session: Session,
  textIds: Int32Array,
  plan: SizedPlan,
  seed: number,
  listener?: Listener,
) {
  const { candidates, maxTokens, positions, sampling, signal, onProgress } = plan
  const common = {
    // Copied now: the caller may change the voice while the call waits.
    prompt: { textIds, voice: Float32Array.from(plan.voice.embedding) },
    candidates,
    maxTokens,
    seed,
    positions,
    sampling,
    signal,
    ...callerHooks(plan, 0, session.info.decoderVocab),
  }
  const onCandidate =
    listener && ((each: NativeCandidate) => listener.onCandidate(describeCandidate(each, session.info)))
  const progress = new DrawProgress(plan, session.info.eos)
  if (plan.beams) {
    const onStep = onProgress && ((pairs: Int32Array) => progress.searched(pairs[1]!))
    const found = await session.searchBeams({ ...common, ...plan.beams, onStep })
    if (onCandidate) for (const each of found.candidates) onCandidate(each)
    return found
  }
  const onStep = (pairs: Int32Array) => {
    listener?.onStep(pairs)
    progress.drawn(pairs)
  }
  return session.generate({
    ...common,
    batchSize: plan.batchSize,
    deterministic: plan.deterministic,
    onStep: listener || onProgress ? onStep : undefined,
    onCandidate,
  })
}

/** Scores candidates padded to a common length, as the reference does, and each by itself, as `plan.scores` says. */
async function rank(
  session: Session,
  cache: ContentCache,
  ids: Int32Array,
  drawn: NativeCandidate[],
  plan: SizedPlan,
) {
  const fix = (some: NativeCandidate[], padTo: number) =>
    session.fixCodes(
      some.map(({ tokens }) => tokens),
      some.map(({ finishReason }) => finishReason === 'stop'),
      padTo,
    )
  const together = fix(drawn, plan.padTo)
  const describe = (each: NativeCandidate, i: number, score: number, soloScore: number): Candidate => ({
    ...describeCandidate(each, session.info),
    codes: forJson(together[i]!),
    drawnCodes: each.tokens,
    score,
    soloScore,
  })
  if (plan.scores === 'none') {
    return { candidates: drawn.map((each, i) => describe(each, i, Number.NaN, Number.NaN)), scoreMs: 0 }
  }
  const alone = plan.scores === 'all' ? drawn.map((candidate) => fix([candidate], 0)[0]!) : []
  // A row that padding does not change has the same score for both.
  const unpadded = alone.filter((row, i) => row.length !== together[i]!.length)
  const { scores, ms } = await cache.score(ids, [...together, ...unpadded], plan.signal)
  let next = drawn.length
  const soloScore = (i: number) => {
    if (alone.length === 0) return Number.NaN
    return alone[i]!.length === together[i]!.length ? scores[i]! : scores[next++]!
  }
  const candidates = drawn.map((each, i) => describe(each, i, scores[i]!, soloScore(i)))
  return { candidates: candidates.sort(byScore), scoreMs: ms }
}

/** The progress of a call: codes drawn over the most possible. A candidate that has ended counts in full. */
class DrawProgress {
  readonly #plan: SizedPlan
  readonly #stop: number
  readonly #codes = new Map<number, number>()
  #done = 0

  constructor(plan: SizedPlan, stop: number) {
    this.#plan = plan
    this.#stop = stop
  }

  /** Counts one step. `pairs`: candidate, code, candidate, code, ... */
  drawn(pairs: Int32Array): void {
    const { candidates, maxTokens } = this.#plan
    for (let i = 0; i < pairs.length; i += 2) {
      const before = this.#codes.get(pairs[i]!) ?? 0
      const now = pairs[i + 1] === this.#stop ? maxTokens : before + 1
      this.#codes.set(pairs[i]!, now)
      this.#done += now - before
    }
    this.#tell(this.#done / (candidates * maxTokens))
  }

  /** Reports the length of the beams. */
  searched(length: number): void {
    this.#tell(length / this.#plan.maxTokens)
  }

  #tell(fraction: number): void {
    this.#plan.onProgress?.({ stage: 'generate', fraction: Math.min(1, fraction) })
  }
}

/** Orders best first; equal scores by index. */
export function byScore(a: { score: number; index: number }, b: { score: number; index: number }): number {
  return b.score - a.score || a.index - b.index
}
