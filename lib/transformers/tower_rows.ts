/** Converts a forward call's arguments to rows for a tower of the core, and its output to tensors. */
import type { NativeForward, NativeOutput } from '../addon/contract/towers.js'
import { flag } from '../base/check.js'
import { Tensor } from '../base/tensor.js'
import { exactlyOne, mismatch, readBeside, readFloats, readIdRows } from './arrays.js'

/** Common arguments of every tower's forward. */
export interface TowerOptions {
  /** [rows, tokens, width] instead of ids. */
  inputsEmbeds?: Tensor<Float32Array> | undefined
  /** Return the embeddings and each layer's output; the last is after the final norm. Default false. */
  outputHiddenStates?: boolean | undefined
  /** Return each layer's attention weights, [rows, heads, tokens, keys]. Default false. */
  outputAttentions?: boolean | undefined
  /** Stops the call with CLVP_ABORTED. */
  signal?: AbortSignal | undefined
}

/** Common outputs of every tower's forward. */
export interface TowerOutput {
  hiddenStates?: Tensor<Float32Array>[]
  attentions?: Tensor<Float32Array>[]
}

type Given = Readonly<Record<string, unknown>>

/** Reads ids or embeddings, a mask over `past` tokens and these, positions, and the requested outputs. */
export function readTowerRows(given: Given, width: number, past = 0): NativeForward {
  exactlyOne(given, 'inputIds', 'inputsEmbeds')
  const input = given.inputIds === undefined ? readEmbeds(given.inputsEmbeds, width) : readIds(given.inputIds)
  const { rows, tokens } = input
  return {
    ...input,
    mask: readBeside(given.attentionMask, 'attentionMask', { rows, columns: past + tokens }, { max: 1 }),
    positions: readBeside(given.positionIds, 'positionIds', { rows, columns: tokens }, { repeat: true }),
    hiddenStates: flag(given, 'outputHiddenStates'),
    attentions: flag(given, 'outputAttentions'),
  }
}

function readIds(value: unknown) {
  const { rows, columns, data } = readIdRows(value, 'inputIds')
  return { rows, tokens: columns, ids: data }
}

export function readEmbeds(value: unknown, width: number, name = 'inputsEmbeds') {
  const { data, dims } = readFloats(value, name, 3)
  const [rows, tokens, found] = dims as [number, number, number]
  if (found !== width) throw mismatch(`embeddings of width ${width}`, name, dims)
  return { rows, tokens, embeds: data }
}

/** A tower's optional outputs as tensors. */
export function towerOutput(
  input: { rows: number; tokens: number; hiddenStates: boolean; attentions: boolean },
  output: NativeOutput,
  { width, heads, past = 0 }: { width: number; heads: number; past?: number },
): TowerOutput {
  const { rows, tokens } = input
  const hidden = output.hiddenStates.map((data) => new Tensor(data, [rows, tokens, width]))
  const weights = output.attentions.map((data) => new Tensor(data, [rows, heads, tokens, past + tokens]))
  return {
    ...(input.hiddenStates && { hiddenStates: hidden }),
    ...(input.attentions && { attentions: weights }),
  }
}
