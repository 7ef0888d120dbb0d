/** Prompts of ClvpForCausalLM.generate: ids, embeddings, or the conditioning encoder's output. */
import type { NativePrompt, Positions } from '../addon/contract/drawing.js'
import type { NativeInfo } from '../addon/contract/session.js'
import { ClvpError } from '../base/errors.js'
import type { Tensor } from '../base/tensor.js'
import { mostTokens } from '../session/positions.js'
import { type Ids, mismatch, readBeside, readFloats, readIdRows } from './arrays.js'

/** The prompt of one text's rows. */
export interface RowPrompt {
  native: NativePrompt
  /** Ids before the generated ones, in sequences and for processors. */
  written: readonly number[]
  /** Number of prompt positions that the decoder reads. */
  length: number
  /** What transformers subtracts from maxLength and minLength for embeddings. */
  lengthOfEmbeds: number
  /** Most new tokens that fit into the model's positions. */
  room: number
  /** Which prompt positions later tokens attend to; absent for all. */
  mask?: Int32Array | undefined
}

/** At most one of the first three. Without any, rows start with bos. */
export interface PromptOptions {
  /** Tokens of the decoder [rows, tokens]. */
  inputIds?: Ids | undefined
  /** [rows, tokens, width] instead of ids; the sequences then contain only generated ids. */
  inputsEmbeds?: Tensor<Float32Array> | undefined
  /** The conditioning encoder's output, [rows, tokens, width]. bos is appended, and the sequences start with it. */
  conditioningEmbeds?: Tensor<Float32Array> | undefined
  /** [rows, tokens] for ids or embeddings: 0 masks a token, and positions count only the others. */
  attentionMask?: Ids | undefined
}

export const promptNames = ['inputIds', 'inputsEmbeds', 'conditioningEmbeds', 'attentionMask'] as const

/** One prompt per row. */
export function readPrompts(
  given: Readonly<Record<string, unknown>>,
  info: NativeInfo,
  positions: Positions,
): RowPrompt[] {
  const named = promptNames.slice(0, 3).filter((name) => given[name] !== undefined)
  if (named.length > 1) {
    throw new ClvpError(
      'CLVP_INVALID_ARGUMENT',
      `Expected at most one prompt but received ${named.join(' and ')}`,
    )
  }
  if (given.conditioningEmbeds !== undefined) return conditioned(given, info, positions)
  if (given.inputsEmbeds !== undefined) return embedded(given, info)
  return written(given, info)
}

function conditioned(
  { conditioningEmbeds, attentionMask }: Readonly<Record<string, unknown>>,
  info: NativeInfo,
  positions: Positions,
) {
  if (attentionMask !== undefined) {
    const hint = 'Expected no attentionMask with conditioningEmbeds: the decoder sees all of them'
    throw new ClvpError('CLVP_INVALID_ARGUMENT', hint)
  }
  const { rows, tokens } = readWidth(conditioningEmbeds, 'conditioningEmbeds', info)
  return rows.map(
    (conditioning): RowPrompt => ({
      native: { conditioning },
      written: [info.bos],
      length: tokens + 1,
      lengthOfEmbeds: tokens + 1,
      room: mostTokens(info, positions),
    }),
  )
}

function embedded({ inputsEmbeds, attentionMask }: Readonly<Record<string, unknown>>, info: NativeInfo) {
  const { rows, tokens } = readWidth(inputsEmbeds, 'inputsEmbeds', info)
  const mask = readBeside(attentionMask, 'attentionMask', { rows: rows.length, columns: tokens }, { max: 1 })
  return rows.map((embeds, i): RowPrompt => {
    const own = mask?.slice(i * tokens, (i + 1) * tokens)
    const positions = positionsOf(tokens, own)
    return {
      native: { embeds, positions, mask: own, seen: new Int32Array(), padding: 0 },
      written: [],
      length: tokens,
      lengthOfEmbeds: tokens,
      room: room(positions, info),
      mask: own,
    }
  })
}

function written({ inputIds, attentionMask }: Readonly<Record<string, unknown>>, info: NativeInfo) {
  const { rows, columns, data } = readIdRows(inputIds ?? [info.bos], 'inputIds', 0, info.decoderVocab - 1)
  const mask = readBeside(attentionMask, 'attentionMask', { rows, columns }, { max: 1 })
  return Array.from({ length: rows }, (_, i): RowPrompt => {
    const ids = data.slice(i * columns, (i + 1) * columns)
    const own = mask?.slice(i * columns, (i + 1) * columns)
    const positions = positionsOf(columns, own)
    return {
      native: { ids, positions, mask: own, seen: ids, padding: own ? Math.max(0, own.indexOf(1)) : 0 },
      written: [...ids],
      length: columns,
      lengthOfEmbeds: 0,
      room: room(positions, info),
      mask: own,
    }
  })
}

/** 0, 1, 2, ... or, with a mask, its cumulative sum minus one; 0 for masked tokens. */
function positionsOf(tokens: number, mask: Int32Array | undefined): Int32Array {
  let sum = 0
  return Int32Array.from({ length: tokens }, (_, i) => {
    if (!mask) return i
    sum += mask[i]!
    return mask[i] === 0 ? 0 : sum - 1
  })
}

/** The last generated token is not fed back, so it needs no position. */
function room(positions: Int32Array, info: NativeInfo): number {
  const left = info.decoderPositions - positions[positions.length - 1]!
  if (positions.length <= info.decoderPositions && left > 0) return left
  throw new ClvpError(
    'CLVP_INVALID_ARGUMENT',
    `Expected a prompt of at most ${info.decoderPositions} tokens but received ${positions.length}`,
  )
}

/** Embeddings of the decoder's width, by row. */
function readWidth(value: unknown, name: string, info: NativeInfo) {
  const { data, dims } = readFloats(value, name, 3)
  const [count, tokens, width] = dims as [number, number, number]
  if (width !== info.decoderWidth) throw mismatch(`embeddings of width ${info.decoderWidth}`, name, dims)
  const size = tokens * width
  return { rows: Array.from({ length: count }, (_, i) => data.slice(i * size, (i + 1) * size)), tokens }
}
