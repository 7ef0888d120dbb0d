/** Rows of ids on their way between the parts of the whole model. */
import type { NativeInfo } from '../addon/contract/session.js'
import { ClvpError } from '../base/errors.js'
import { Tensor } from '../base/tensor.js'
import { readBeside, readIdRows } from './arrays.js'

/** The likeliest id at each position [rows, tokens], among the speech encoder's ids and the stop. */
export function likeliestIds(
  logits: Tensor<Float32Array>,
  { speechVocab, eos }: NativeInfo,
): Tensor<Int32Array> {
  const [rows, tokens, vocab] = logits.dims as [number, number, number]
  const ids = Int32Array.from({ length: rows * tokens }, (_, at) => {
    const row = logits.data.subarray(at * vocab, (at + 1) * vocab)
    let best = row[eos]! > row[0]! ? eos : 0
    for (let id = 0; id < Math.min(speechVocab, vocab); id++) {
      if (row[id]! > row[best]! || (row[id]! === row[best]! && id < best)) best = id
    }
    return best
  })
  return new Tensor(ids, [rows, tokens])
}

/** Texts and masks with the stop that generate adds at the first id 0 or the end. */
export function withStop(
  { inputIds, attentionMask }: Readonly<Record<string, unknown>>,
  stop: number,
  { maxTextTokens: most }: NativeInfo,
) {
  const { rows, columns, data } = readIdRows(inputIds, 'inputIds')
  if (columns > most) {
    const hint = `Expected at most ${most} ids per text for this model but received ${columns}: split the text`
    throw new ClvpError('CLVP_INVALID_ARGUMENT', hint)
  }
  const mask = readBeside(attentionMask, 'attentionMask', { rows, columns }, { max: 1 })
  const ids = Array.from({ length: rows }, (_, i) => {
    const row = [...data.subarray(i * columns, (i + 1) * columns)]
    const pad = row.indexOf(0)
    row.splice(pad < 0 ? columns : pad, 0, stop)
    return row
  })
  const masks = mask && ids.map((_, i) => [1, ...mask.subarray(i * columns, (i + 1) * columns)])
  return { inputIds: ids, attentionMask: masks }
}

/** Pads rows at the end to at least `padTo` ids. */
export function padRows({ data, dims }: Tensor<Int32Array>, padTo: number, fill: number): Tensor<Int32Array> {
  const [rows, columns] = dims as [number, number]
  const length = Math.max(columns, padTo)
  const padded = new Int32Array(rows * length).fill(fill)
  for (let i = 0; i < rows; i++) padded.set(data.subarray(i * columns, (i + 1) * columns), i * length)
  return new Tensor(padded, [rows, length])
}
