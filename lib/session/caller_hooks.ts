/** A caller's functions in the midst of a step: processors that change scores, criteria that end rows. */
import type { NativeStepRows } from '../addon/contract.js'
import { invalid } from '../base/errors.js'
import { Tensor } from '../base/tensor.js'
import type { CoreHooks } from './requests.js'

/** The rows of one text that a processor or criteria is shown. */
export interface LiveRows {
  /** Which text of the batch they belong to. */
  batchIndex: number
  /** Which of the text's rows they are; with beams their rank, best first. */
  rows: number[]
}

/**
 * Changes scores [rows, vocab] between transformers' own processors and its warpers; -Infinity rules an id out. `inputIds` [rows,
 * length] are the ids so far. With beams the scores are log-probabilities.
 */
export type LogitsProcessor = (
  inputIds: Tensor<Int32Array>,
  scores: Tensor<Float32Array>,
  live: LiveRows,
) => Tensor<Float32Array> | Promise<Tensor<Float32Array>>

/** Says which rows end, with their new token at the end of `inputIds` [rows, length]; one boolean is for all. */
export type StoppingCriteria = (
  inputIds: Tensor<Int32Array>,
  live: LiveRows,
) => boolean | readonly boolean[] | Promise<boolean | readonly boolean[]>

/** Reads one function or several. */
export function functions<F>(value: unknown, name: string): readonly F[] {
  if (value === undefined) return []
  const list: readonly unknown[] = Array.isArray(value) ? value : [value]
  for (const each of list) {
    if (typeof each !== 'function') throw invalid('a function or an array of functions', name, each)
  }
  return list as readonly F[]
}

/** The caller's functions as the core calls them. */
export function callerHooks(
  {
    processors,
    criteria = [],
  }: { processors: readonly LogitsProcessor[]; criteria?: readonly StoppingCriteria[] },
  batchIndex: number,
  vocab: number,
): Pick<CoreHooks, 'process' | 'stop'> {
  const live = ({ candidates }: NativeStepRows): LiveRows => ({ batchIndex, rows: [...candidates] })
  return {
    process:
      processors.length === 0
        ? undefined
        : (rows, scores) =>
            processed(
              processors,
              idsOf(rows),
              new Tensor(scores, [rows.candidates.length, vocab]),
              live(rows),
            ),
    stop: criteria.length === 0 ? undefined : (rows) => ended(criteria, idsOf(rows), live(rows)),
  }
}

async function processed(
  processors: readonly LogitsProcessor[],
  inputIds: Tensor<Int32Array>,
  given: Tensor<Float32Array>,
  live: LiveRows,
): Promise<Float32Array> {
  let scores = given
  for (const processor of processors) {
    const found: unknown = await processor(inputIds, scores, live)
    if (
      !(
        Tensor.isSound(found) &&
        found.data instanceof Float32Array &&
        found.dims.join() === given.dims.join()
      )
    ) {
      throw invalid(
        `a tensor of floats with dims [${given.dims.join(', ')}]`,
        "the logitsProcessor's scores",
        found,
      )
    }
    scores = found as Tensor<Float32Array>
  }
  return scores.data
}

async function ended(
  criteria: readonly StoppingCriteria[],
  inputIds: Tensor<Int32Array>,
  live: LiveRows,
): Promise<Int32Array> {
  const ends = new Int32Array(live.rows.length)
  for (const criterion of criteria) {
    const said: unknown = await criterion(inputIds, live)
    const answers: readonly unknown[] = Array.isArray(said) ? said : Array(ends.length).fill(said)
    if (answers.length !== ends.length || !answers.every((each) => typeof each === 'boolean')) {
      throw invalid(`a boolean, or ${ends.length} of them,`, "the stoppingCriteria's answer", said)
    }
    for (const [i, answer] of answers.entries()) if (answer) ends[i] = 1
  }
  return ends
}

function idsOf({ candidates, ids, length }: NativeStepRows): Tensor<Int32Array> {
  return new Tensor(Int32Array.from(ids), [candidates.length, length])
}
