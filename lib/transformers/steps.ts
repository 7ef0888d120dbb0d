/** Combines the recorded outputs of each step for all rows of a batch. */
import type { NativeGenerated, NativeStep } from '../addon/contract/drawing.js'
import type { NativeInfo } from '../addon/contract/session.js'
import { Tensor } from '../base/tensor.js'
import type { GenerationPlan } from './generation_options.js'
import type { RowPrompt } from './prompts.js'

/**
 * The requested outputs of each step. Rows are those of the sequences, or all beams of all texts, best first. After a row's
 * end its values are 0. (transformers continues to compute them from padding.)
 */
export interface StepOutputs {
  /** Each step's [rows, vocab], after all processors and warpers. */
  scores?: Tensor<Float32Array>[]
  /** Each step's [rows, vocab]. */
  logits?: Tensor<Float32Array>[]
  /** Each step's embeddings and layer outputs, [rows, tokens, width]; tokens is 1 except in the first step. */
  hiddenStates?: Tensor<Float32Array>[][]
  /** Each step's attention weights by layer, [rows, heads, tokens, keys]. */
  attentions?: Tensor<Float32Array>[][]
}

interface Shape {
  rows: number
  rowsOfText: number
  prompts: readonly RowPrompt[]
  info: NativeInfo
}

export function readSteps(
  info: NativeInfo,
  prompts: readonly RowPrompt[],
  generated: readonly NativeGenerated[],
  { record, beams, sequences }: GenerationPlan,
): StepOutputs {
  const rowsOfText = beams > 1 ? beams : sequences
  const shape = { rows: prompts.length * rowsOfText, rowsOfText, prompts, info }
  const count = Math.max(0, ...generated.flatMap(({ steps }) => steps.map(({ step }) => step + 1)))
  const steps = Array.from({ length: count }, (_, at) =>
    generated.map((each) => each.steps.filter(({ step }) => step === at)),
  )
  return {
    ...(record.scores && { scores: steps.map((texts, t) => scoresAt(texts, t, shape, 'scores')) }),
    ...(record.logits && { logits: steps.map((texts, t) => scoresAt(texts, t, shape, 'logits')) }),
    ...(record.hiddenStates && { hiddenStates: steps.map((texts, t) => hiddenAt(texts, t, shape)) }),
    ...(record.attentions && { attentions: steps.map((texts, t) => attentionsAt(texts, t, shape)) }),
  }
}

/** The batch's rows for one row of a step. At the prompt, all beams or sequences of a text share one row. */
function rowsFor(
  text: number,
  found: NativeStep,
  i: number,
  shared: boolean,
  { rowsOfText }: Shape,
): number[] {
  const first = text * rowsOfText
  return shared ? Array.from({ length: rowsOfText }, (_, row) => first + row) : [first + found.candidates[i]!]
}

/** Copies each text's rows of `size` numbers to their places; missing rows stay 0. */
function gather(
  texts: readonly NativeStep[][],
  shape: Shape,
  size: number,
  pickData: (step: NativeStep, text: number) => Float32Array | undefined,
): Float32Array {
  const data = new Float32Array(shape.rows * size)
  for (const [text, steps] of texts.entries()) {
    for (const step of steps) {
      const from = pickData(step, text)
      const count = (from?.length ?? 0) / size
      const shared = step.step === 0 && count === 1
      for (let i = 0; from && i < count; i++) {
        for (const row of rowsFor(text, step, i, shared, shape)) {
          data.set(from.subarray(i * size, (i + 1) * size), row * size)
        }
      }
    }
  }
  return data
}

function scoresAt(texts: readonly NativeStep[][], _: number, shape: Shape, name: 'scores' | 'logits') {
  const vocab = shape.info.decoderVocab
  return new Tensor(
    gather(texts, shape, vocab, (step) => step[name]),
    [shape.rows, vocab],
  )
}

function hiddenAt(texts: readonly NativeStep[][], t: number, shape: Shape): Tensor<Float32Array>[] {
  const { decoderWidth: width, decoderLayers } = shape.info
  const tokens = t === 0 ? shape.prompts[0]!.length : 1
  return Array.from({ length: decoderLayers + 1 }, (_, layer) => {
    const data = gather(texts, shape, tokens * width, (step) => step.hiddenStates[layer])
    return new Tensor(data, [shape.rows, tokens, width])
  })
}

function attentionsAt(texts: readonly NativeStep[][], t: number, shape: Shape): Tensor<Float32Array>[] {
  const { decoderHeads: heads, decoderLayers } = shape.info
  const { length } = shape.prompts[0]!
  const tokens = t === 0 ? length : 1
  const keys = length + t
  return Array.from({ length: decoderLayers }, (_, layer) => {
    const data = gather(texts, shape, heads * tokens * keys, (step, text) => {
      const weights = step.attentions[layer]
      return weights && t > 0 ? withHidden(weights, shape.prompts[text]!, keys) : weights
    })
    return new Tensor(data, [shape.rows, heads, tokens, keys])
  })
}

/** Inserts zeros into weights [..., keys] for the prompt's masked keys, which a step does not store. */
function withHidden(weights: Float32Array, { mask }: RowPrompt, keys: number): Float32Array {
  if (!mask) return weights
  const seen = [...mask.keys()].filter((key) => mask[key] !== 0)
  const places = [...seen, ...Array.from({ length: keys - mask.length }, (_, i) => mask.length + i)]
  const rows = weights.length / places.length
  const data = new Float32Array(rows * keys)
  for (let row = 0; row < rows; row++) {
    for (const [i, place] of places.entries()) data[row * keys + place] = weights[row * places.length + i]!
  }
  return data
}
