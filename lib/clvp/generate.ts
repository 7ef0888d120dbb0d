/** Turns a text that was read and a plan into ranked candidates, for Clvp.generate and Clvp.stream. */
import { randomInt } from 'node:crypto'
import type { NativeCandidate, NativeTextPrompt } from '../addon/contract/drawing.js'
import type { NativeInfo } from '../addon/contract/session.js'
import { callerHooks } from '../session/caller_hooks.js'
import type { Session } from '../session/session.js'
import type { ReadText } from '../text/text.js'
import { forJson } from './codes.js'
import type { ContentCache } from './content_cache.js'
import { DrawProgress } from './draw_progress.js'
import { drawWithin } from './draw_within.js'
import type { GeneratePlan } from './generate_plan.js'
import { latentsOf, latentsPositions } from './latents.js'
import {
  type Candidate,
  type DrawnCandidate,
  describeCandidate,
  type GenerateResult,
  type GenerateSettings,
  secondsPerCode,
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
  read: ReadText,
  plan: SizedPlan,
  listener?: Listener,
): Promise<GenerateResult> {
  const { ids, normalized, dropped, unknownWords } = read
  const started = performance.now()
  const seed = plan.seed ?? randomInt(2 ** 48 - 1)
  // Copied now: the caller may change the voice while the call waits.
  const prompt = { textIds: ids, voice: Float32Array.from(plan.voice.embedding) }
  const progress = progressOf(plan, normalized, session.info)
  const { candidates: drawn, timings } = await draw(session, prompt, plan, seed, progress, listener)
  progress.end()
  plan.onProgress?.({ stage: 'rank', fraction: 0 })
  const { candidates, scoreMs } = await rank(session, cache, ids, drawn, plan)
  plan.onProgress?.({ stage: 'rank', fraction: 1 })
  const begun = performance.now()
  const kept = candidates.slice(0, plan.keep)
  if (plan.latents) await addLatents(session, prompt, kept, plan)
  const ended = performance.now()
  return {
    best: kept[0]!,
    candidates: kept,
    seed,
    settings: settingsOf(plan, seed),
    normalized,
    dropped,
    unknownWords,
    timings: { ...timings, scoreMs, latentsMs: ended - begun, totalMs: ended - started },
  }
}

/** Characters of a spoken text in a second, about as quick readers speak. */
const charactersPerSecond = 16

function progressOf(plan: SizedPlan, { length }: string, info: NativeInfo): DrawProgress {
  const { candidates, maxTokens, prune, onProgress } = plan
  const expected = length / charactersPerSecond / secondsPerCode(info)
  const tell = (fraction: number) => onProgress?.({ stage: 'generate', fraction })
  return new DrawProgress({ candidates, maxTokens, prune, stop: info.eos, expected, tell })
}

/** Options that have no effect are left out: generate() refuses them. */
function settingsOf(plan: SizedPlan, seed: number): GenerateSettings {
  const { candidates, maxTokens, padTo, keep, scores, positions, sampling, beams, deterministic, prune } =
    plan
  const { normalizer, history } = plan
  const named = typeof normalizer === 'string' && { normalizer } // a function does not survive JSON
  const common = { candidates, maxTokens, padTo, keep, scores, positions, history, ...named }
  if (!beams) return { ...common, seed, ...sampling, batchSize: plan.batchSize, deterministic, prune }
  const { sample, ...search } = beams
  const { repetitionPenalty } = sampling
  return { ...common, ...search, ...(sample ? { seed, ...sampling } : { repetitionPenalty }) }
}

/** Draws candidates, or finds them by beam search, without ranking them. */
async function draw(
  session: Session,
  prompt: NativeTextPrompt,
  plan: SizedPlan,
  seed: number,
  progress: DrawProgress,
  listener?: Listener,
) {
  const { candidates, maxTokens, positions, sampling, signal, onProgress } = plan
  const common = {
    prompt,
    candidates,
    maxTokens,
    seed,
    positions,
    history: Int32Array.from(plan.history),
    sampling,
    signal,
    ...callerHooks(plan, 0, session.info.decoderVocab),
  }
  const onCandidate =
    listener && ((each: NativeCandidate) => listener.onCandidate(describeCandidate(each, session.info)))
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
  const request = {
    ...common,
    batchSize: plan.batchSize,
    deterministic: plan.deterministic,
    prune: { share: plan.prune, textIds: prompt.textIds },
    onStep: listener || onProgress ? onStep : undefined,
    onCandidate,
  }
  return plan.budgetMs === undefined ? session.generate(request) : drawWithin(session, request, plan.budgetMs)
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

/** Adds the latents of each candidate. */
async function addLatents(
  session: Session,
  prompt: NativeTextPrompt,
  candidates: readonly Candidate[],
  { signal, onProgress }: SizedPlan,
): Promise<void> {
  for (const [i, candidate] of candidates.entries()) {
    onProgress?.({ stage: 'latents', fraction: i / candidates.length })
    candidate.latents = await latentsOf(session, prompt, candidate.codes, latentsPositions, signal)
  }
  onProgress?.({ stage: 'latents', fraction: 1 })
}

/** Orders best first; equal scores by index. */
export function byScore(a: { score: number; index: number }, b: { score: number; index: number }): number {
  return b.score - a.score || a.index - b.index
}
