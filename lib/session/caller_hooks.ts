/** A caller's functions that run during a step: processors change scores, criteria end rows. */
import { types } from 'node:util'
import type { NativeStepRows } from '../addon/contract/drawing.js'
import { invalid } from '../base/errors.js'
import { Tensor } from '../base/tensor.js'
import type { CoreHooks } from './requests.js'

/** The rows of one text that a processor or criterion receives. */
export interface LiveRows {
  /** Index of the text in the batch. */
  batchIndex: number
  /** Indices of the rows among those of the text; with beams their ranks, best first. */
  rows: number[]
}

/**
 * Changes scores [rows, vocab] between transformers' own processors and its warpers; -Infinity rules an id out. `inputIds` [rows,
 * length] holds the ids so far. With beams, scores are log-probabilities.
 */
export type LogitsProcessor = (
  inputIds: Tensor<Int32Array>,
  scores: Tensor<Float32Array>,
  live: LiveRows,
) => Tensor<Float32Array> | Promise<Tensor<Float32Array>>

/** Decides which rows end. `inputIds` [rows, length] ends with the new tokens. A single boolean applies to all rows. */
export type StoppingCriteria = (
  inputIds: Tensor<Int32Array>,
  live: LiveRows,
) => boolean | readonly boolean[] | Promise<boolean | readonly boolean[]>

/** Reads an option that is a function or an array of functions. */
export function functions<F>(value: unknown, name: string): readonly F[] {
  if (value === undefined) return []
  const list: readonly unknown[] = Array.isArray(value) ? value : [value]
  for (const each of list) {
    if (typeof each !== 'function') throw invalid('a function or an array of functions', name, each)
  }
  return list as readonly F[]
}

/** Wraps the caller's functions as hooks of the core. */
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
      !(Tensor.isSound(found) && types.isFloat32Array(found.data) && found.dims.join() === given.dims.join())
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
