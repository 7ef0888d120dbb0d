/** From a text's ids and a plan to ranked candidates: the middle of Clvp.generate and Clvp.stream. */
import { randomInt } from 'node:crypto'
import type { NativeCandidate } from './binding.js'
import type { Session } from './core.js'
import type { GeneratePlan } from './generate_options.js'
import { callerHooks } from './hooks.js'
import { type Candidate, type DrawnCandidate, describeCandidate, type GenerateResult } from './result.js'

/** Listens to the draws of a call that streams. */
export interface Listener {
  onStep(pairs: Int32Array): void
  onCandidate(candidate: DrawnCandidate): void
}

/** Draws, or searches by beams, then ranks. */
export async function generateRanked(
  session: Session,
  ids: Int32Array,
  plan: GeneratePlan,
  listener?: Listener,
): Promise<GenerateResult> {
  const started = performance.now()
  const seed = plan.seed ?? randomInt(2 ** 48 - 1)
  const { candidates: drawn, timings } = await draw(session, ids, plan, seed, listener)
  const { candidates, scoreMs } = plan.rank
    ? await ranked(session, ids, drawn, plan)
    : unranked(session, drawn, plan)
  const totalMs = performance.now() - started
  return {
    best: candidates[0]!,
    candidates: candidates.slice(0, plan.keep),
    seed,
    timings: { ...timings, scoreMs, totalMs },
  }
}

/** The candidates before they are ranked: drawn, or found by beam search. */
async function draw(
  session: Session,
  textIds: Int32Array,
  plan: GeneratePlan,
  seed: number,
  listener?: Listener,
) {
  const { candidates, maxTokens, prefixPositions, sampling, signal, onProgress } = plan
  const common = {
    // A copy, now: the call may wait in line, and the caller change the voice.
    prompt: { textIds, voice: Float32Array.from(plan.voice.embedding) },
    candidates,
    maxTokens,
    seed,
    prefixPositions,
    sampling,
    signal,
    ...callerHooks(plan, 0, session.info.decoderVocab),
  }
  const onCandidate =
    listener && ((each: NativeCandidate) => listener.onCandidate(describeCandidate(each, session.info)))
  const progress = new DrawProgress(plan)
  if (plan.beams) {
    const onStep = onProgress && (() => progress.step())
    const found = await session.searchBeams({ ...common, ...plan.beams, onStep })
    if (onCandidate) for (const each of found.candidates) onCandidate(each)
    return found
  }
  const onStep = (pairs: Int32Array) => {
    listener?.onStep(pairs)
    progress.step()
  }
  return session.generate({
    ...common,
    batchSize: plan.batchSize,
    deterministic: plan.deterministic,
    onStep: listener || onProgress ? onStep : undefined,
    onCandidate,
  })
}

/** Scores candidates padded together as the reference pads them, and each by itself. */
async function rank(session: Session, ids: Int32Array, drawn: NativeCandidate[], plan: GeneratePlan) {
  const fix = (some: NativeCandidate[], padTo: number) =>
    session.fixCodes(
      some.map(({ tokens }) => tokens),
      some.map(({ finishReason }) => finishReason === 'stop'),
      padTo,
    )
  const together = fix(drawn, plan.padTo)
  const alone = drawn.map((candidate) => fix([candidate], 0)[0]!)
  // A row that padding does not change has one score for both.
  const unpadded = alone.filter((row, i) => row.length !== together[i]!.length)
  const { scores, ms } = await session.scoreTimed(ids, [...together, ...unpadded], plan.signal)
  let next = drawn.length
  const candidates = drawn.map((each, i): Candidate => {
    const codes = together[i]!
    const score = scores[i]!
    const soloScore = alone[i]!.length === codes.length ? score : scores[next++]!
    return { ...describeCandidate(each, session.info), codes, drawnCodes: each.tokens, score, soloScore }
  })
  return { candidates: candidates.sort(byScore), scoreMs: ms }
}

async function ranked(session: Session, ids: Int32Array, drawn: NativeCandidate[], plan: GeneratePlan) {
  plan.onProgress?.({ stage: 'rank', fraction: 0 })
  const result = await rank(session, ids, drawn, plan)
  plan.onProgress?.({ stage: 'rank', fraction: 1 })
  return result
}

/** The rows that would be ranked, by how likely the model holds them itself. */
function unranked(session: Session, drawn: NativeCandidate[], plan: GeneratePlan) {
  const rows = session.fixCodes(
    drawn.map(({ tokens }) => tokens),
    drawn.map(({ finishReason }) => finishReason === 'stop'),
    plan.padTo,
  )
  const candidates = drawn.map(
    (each, i): Candidate => ({
      ...describeCandidate(each, session.info),
      codes: rows[i]!,
      drawnCodes: each.tokens,
      score: Number.NaN,
      soloScore: Number.NaN,
    }),
  )
  return { candidates: candidates.sort(byLikelihood), scoreMs: 0 }
}

function byLikelihood(a: Candidate, b: Candidate): number {
  return b.meanLogprob - a.meanLogprob || a.index - b.index
}

/** How far a call has come: steps of the batch at hand over the most there can be. */
class DrawProgress {
  readonly #plan: GeneratePlan
  #steps = 0

  constructor(plan: GeneratePlan) {
    this.#plan = plan
  }

  step(): void {
    const { beams, candidates, batchSize, maxTokens, onProgress } = this.#plan
    const most = (beams ? 1 : Math.ceil(candidates / batchSize)) * maxTokens
    onProgress?.({ stage: 'generate', fraction: Math.min(1, ++this.#steps / most) })
  }
}

/** Best first; of equals the first drawn. */
export function byScore(a: { score: number; index: number }, b: { score: number; index: number }): number {
  return b.score - a.score || a.index - b.index
}
