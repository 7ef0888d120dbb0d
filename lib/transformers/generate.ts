/** Generates sequences from prompts: one core call per text, with the results combined into one batch. */
import { randomInt } from 'node:crypto'
import type { NativeCandidate, NativeGenerated } from '../addon/contract/drawing.js'
import { onAbort } from '../base/abort.js'
import { ClvpError, invalid } from '../base/errors.js'
import { Tensor } from '../base/tensor.js'
import { callerHooks } from '../session/caller_hooks.js'
import type { CoreHooks } from '../session/requests.js'
import type { Session } from '../session/session.js'
import type { GenerationPlan } from './generation_options.js'
import type { RowPrompt } from './prompts.js'
import { readSteps, type StepOutputs } from './steps.js'

/** The result of generate. */
export interface GeneratedSequences extends StepOutputs {
  /** `[texts * numReturnSequences, length]`: the prompt's ids, the generated ids, the stop, and padding. */
  sequences: Tensor<Int32Array>
  /** With beams, [texts * numReturnSequences]: sum of the processed log-probabilities / length^lengthPenalty. */
  sequencesScores?: Tensor<Float32Array>
  /**
   * With beams, [texts * numReturnSequences, generated ids]: for each generated id, the index among the beams of all
   * texts of the beam that it continued; -1 after the end.
   */
  beamIndices?: Tensor<Int32Array>
}

export async function generateSequences(
  session: Session,
  prompts: readonly RowPrompt[],
  plan: GenerationPlan,
  rankable: boolean,
): Promise<GeneratedSequences> {
  if (plan.streamer && (prompts.length > 1 || plan.sequences > 1)) {
    throw new ClvpError(
      'CLVP_INVALID_ARGUMENT',
      'Expected one text and one sequence with a streamer but received more',
    )
  }
  const seed = plan.seed ?? randomInt(2 ** 48 - 1)
  plan.streamer?.put(Int32Array.from(prompts[0]!.written))
  const generated = await sideBySide(plan.signal, prompts, (prompt, batchIndex, signal) => {
    const { streamer } = plan
    const hooks: CoreHooks = {
      ...callerHooks(plan, batchIndex, session.info.decoderVocab),
      onStep: streamer && ((pairs) => streamer.put(pairs.subarray(1, 2))),
    }
    const textSeed = seed + batchIndex * plan.sequences
    return generateOne(session, prompt, { ...plan, signal }, hooks, textSeed, rankable)
  })
  plan.streamer?.end()
  return assemble(session, prompts, generated, plan)
}

/** Runs a call for each prompt concurrently. The first error aborts the others. */
async function sideBySide<T>(
  signal: AbortSignal | undefined,
  prompts: readonly RowPrompt[],
  call: (prompt: RowPrompt, batchIndex: number, signal: AbortSignal) => Promise<T>,
): Promise<T[]> {
  const stop = new AbortController()
  const forget = signal && onAbort(signal, () => stop.abort(signal.reason))
  if (signal?.aborted) stop.abort(signal.reason)
  try {
    const calls = prompts.map((prompt, i) => call(prompt, i, stop.signal))
    for (const each of calls) each.catch(() => stop.abort())
    return await Promise.all(calls)
  } finally {
    forget?.()
  }
}

function generateOne(
  session: Session,
  prompt: RowPrompt,
  plan: GenerationPlan,
  hooks: CoreHooks,
  seed: number,
  rankable: boolean,
): Promise<NativeGenerated> {
  const common = {
    prompt: prompt.native,
    ...lengths(prompt, plan),
    stops: plan.stops,
    seed: seed % Number.MAX_SAFE_INTEGER,
    positions: plan.positions,
    sampling: plan.sampling,
    limits: {
      noRepeatNgram: plan.noRepeatNgram,
      badWords: plan.badWords,
      suppress: plan.suppress,
      minTokens: minTokens(prompt, plan),
      rankable,
    },
    record: plan.record,
    signal: plan.signal,
    ...hooks,
    candidates: plan.sequences,
  }
  if (plan.beams > 1) {
    const { beams, lengthPenalty, earlyStopping, sample } = plan
    return session.searchBeams({ ...common, beams, lengthPenalty, earlyStopping, sample })
  }
  return session.generate({ ...common, batchSize: plan.batchSize, deterministic: plan.deterministic })
}

/** maxNewTokens overrides maxLength. transformers subtracts from maxLength the prompt's ids or embeddings. */
function lengths(prompt: RowPrompt, plan: GenerationPlan): { maxTokens: number } {
  const before = prompt.written.length + prompt.lengthOfEmbeds
  if (plan.maxNewTokens !== undefined) {
    if (plan.maxNewTokens > prompt.room)
      throw invalid(`at most ${prompt.room}`, 'maxNewTokens', plan.maxNewTokens)
    return { maxTokens: plan.maxNewTokens }
  }
  if (plan.maxLength === undefined) return { maxTokens: prompt.room }
  if (plan.maxLength <= before || plan.maxLength - before > prompt.room) {
    throw invalid(`a number from ${before + 1} to ${before + prompt.room}`, 'maxLength', plan.maxLength)
  }
  return { maxTokens: plan.maxLength - before }
}

function minTokens(prompt: RowPrompt, plan: GenerationPlan): number {
  if (plan.minNewTokens !== undefined) return plan.minNewTokens
  return Math.max(0, Math.max(0, plan.minLength - prompt.lengthOfEmbeds) - prompt.written.length)
}

// --- the results -----------------------------------------------------------------------------------------------------

function assemble(
  session: Session,
  prompts: readonly RowPrompt[],
  generated: readonly NativeGenerated[],
  plan: GenerationPlan,
): GeneratedSequences {
  const candidates = generated.flatMap((each) => each.candidates)
  const drawn = generated.flatMap((each, i) =>
    each.candidates.map((row) => [...prompts[i]!.written, ...idsDrawn(row)]),
  )
  const withBeams = plan.beams > 1
  const paths = generated.flatMap((each, i) =>
    each.candidates.map(({ path }) => Array.from(path, (rank) => rank + i * plan.beams)),
  )
  return {
    sequences: padded(drawn, plan.pad),
    ...(withBeams && { sequencesScores: scoresOf(candidates) }),
    ...(withBeams && { beamIndices: padded(paths, -1) }),
    ...readSteps(session.info, prompts, generated, plan),
  }
}

function idsDrawn({ tokens, stop }: NativeCandidate): number[] {
  return stop < 0 ? [...tokens] : [...tokens, stop]
}

function scoresOf(candidates: readonly NativeCandidate[]): Tensor<Float32Array> {
  return new Tensor(
    Float32Array.from(candidates, ({ beamScore }) => beamScore),
    [candidates.length],
  )
}

/** Rows of any lengths as one tensor; shorter ones are padded at the end. */
function padded(rows: readonly (readonly number[])[], fill: number): Tensor<Int32Array> {
  const length = Math.max(...rows.map((row) => row.length))
  const data = new Int32Array(rows.length * length).fill(fill)
  for (const [i, row] of rows.entries()) data.set(row, i * length)
  return new Tensor(data, [rows.length, length])
}
