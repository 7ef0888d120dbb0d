/** What calling a tokenizer does after tokenizing: truncation, padding, masks, and conversion to tensors. */
import { flag, integer, oneOf, pick } from '../base/check.js'
import { ClvpError, invalid } from '../base/errors.js'
import { type Padding, readPadding, type STRATEGIES } from '../base/padding.js'
import { stackRows, Tensor } from '../base/tensor.js'
import { type Normalizer, readNormalizer } from './reading/reading.js'
import { type Side, side, type TokenizeOptions, type TokenizePlan } from './tokenizer_options.js'
import { readIds, readSequences } from './tokens.js'

/** All but `false` and `'do_not_truncate'` are the same for single texts. */
export type Truncation = boolean | 'longest_first' | 'only_first' | 'do_not_truncate'

export interface PadOptions {
  /** Default: `false` for calls, `true` for `pad`. */
  padding?: Padding
  /**
   * Tokens per row, 1 to 2^24, for `'max_length'` and truncation. Given alone, it truncates. Default: the tokenizer's
   * `modelMaxLength`.
   */
  maxLength?: number
  /** The padded length is rounded up to a multiple of this. */
  padToMultipleOf?: number
  /** Default: the tokenizer's. */
  paddingSide?: Side
  /** Default `true`. */
  returnAttentionMask?: boolean
}

export interface TokenizerCallOptions extends PadOptions, TokenizeOptions {
  /** Default `false`. */
  truncation?: Truncation
  /** Default: the tokenizer's. */
  truncationSide?: Side
  /** No effect: CLVP's tokenizer adds none. Default `true`. */
  addSpecialTokens?: boolean
  /** Default `false`. */
  returnSpecialTokensMask?: boolean
}

/** Rows of ids, [texts, length], and their masks. */
export interface BatchEncoding {
  inputIds: Tensor<Int32Array>
  /** 1 for a token of the text, 0 for padding. Absent with `returnAttentionMask: false`. */
  attentionMask?: Tensor<Int32Array>
  /** 1 for padding, 0 for a token of the text. Only with `returnSpecialTokensMask`. */
  specialTokensMask?: Tensor<Int32Array>
}

/** Input of `pad`: one row or several, and their masks. A tensor has two axes. */
export interface EncodedInputs {
  inputIds: EncodedRows
  attentionMask?: EncodedRows
  specialTokensMask?: EncodedRows
}
type EncodedRows = Tensor | ArrayLike<number> | readonly ArrayLike<number>[]

/** The tokenizer's own settings for a call. */
export interface CallDefaults {
  normalizer: Normalizer
  padTokenId: number
  paddingSide: Side
  truncationSide: Side
  modelMaxLength: number
}

const MAX_LENGTH = 2 ** 24
/** Most elements of one tensor: 1 GiB. */
const MAX_NUMBERS = 2 ** 28

const TRUNCATIONS = ['longest_first', 'only_first', 'do_not_truncate'] as const
const PAD_OPTIONS = ['padding', 'maxLength', 'padToMultipleOf', 'paddingSide', 'returnAttentionMask'] as const
export const CALL_OPTIONS = [
  ...PAD_OPTIONS,
  'truncation',
  'truncationSide',
  'addSpecialTokens',
  'splitSpecialTokens',
  'normalizer',
  'returnSpecialTokensMask',
] as const

// --- options -------------------------------------------------------------------------------------------------------

interface Plan {
  padding: (typeof STRATEGIES)[number]
  truncate: boolean
  /** Infinity for no limit. */
  maxLength: number
  multiple: number
  paddingSide: Side
  truncationSide: Side
  padTokenId: number
  attentionMask: boolean
  specialTokensMask: boolean
}

export function readLength(value: unknown, name: string): number {
  return integer(value, name, 1, MAX_LENGTH)
}

export function readCallOptions(value: unknown, defaults: CallDefaults): Plan & TokenizePlan {
  const given = pick(value, CALL_OPTIONS, 'options')
  flag(given, 'addSpecialTokens', true)
  // transformers' rule: maxLength without padding means truncation.
  const lengthAlone = given.maxLength !== undefined && (given.padding ?? false) === false
  return {
    ...readPlan(given, false, readTruncation(given.truncation ?? lengthAlone), defaults),
    truncationSide: side(given.truncationSide ?? defaults.truncationSide, 'truncationSide'),
    specialTokensMask: flag(given, 'returnSpecialTokensMask'),
    splitSpecialTokens: flag(given, 'splitSpecialTokens', true),
    normalizer: readNormalizer(given.normalizer ?? defaults.normalizer),
  }
}

export function readPadOptions(value: unknown, defaults: CallDefaults): Plan {
  return readPlan(pick(value, PAD_OPTIONS, 'options'), true, false, defaults)
}

function readTruncation(value: unknown): boolean {
  return typeof value === 'boolean' ? value : oneOf(value, 'truncation', TRUNCATIONS) !== 'do_not_truncate'
}

function readPlan(
  given: Partial<Record<(typeof PAD_OPTIONS)[number], unknown>>,
  padding: boolean,
  truncate: boolean,
  defaults: CallDefaults,
): Plan {
  const maxLength =
    given.maxLength === undefined ? defaults.modelMaxLength : readLength(given.maxLength, 'maxLength')
  const plan: Plan = {
    padding: readPadding(given.padding ?? padding, 'padding'),
    truncate: truncate && maxLength !== Infinity,
    maxLength,
    multiple: readLength(given.padToMultipleOf ?? 1, 'padToMultipleOf'),
    paddingSide: side(given.paddingSide ?? defaults.paddingSide, 'paddingSide'),
    truncationSide: defaults.truncationSide,
    padTokenId: defaults.padTokenId,
    attentionMask: flag(given, 'returnAttentionMask', true),
    specialTokensMask: false,
  }
  if (plan.padding === 'max_length' && maxLength === Infinity) plan.padding = 'do_not_pad'
  if (plan.truncate && plan.padding !== 'do_not_pad' && maxLength % plan.multiple !== 0) {
    throw new ClvpError(
      'CLVP_INVALID_ARGUMENT',
      `Expected a multiple of padToMultipleOf (${plan.multiple}) for maxLength but received ${maxLength}: rows are both cut and padded to it`,
    )
  }
  return plan
}

// --- rows ----------------------------------------------------------------------------------------------------------

/** The ids of texts, truncated and padded as planned. */
export function batchRows(rows: readonly Int32Array[], plan: Plan, isBatch: boolean): BatchEncoding {
  const cut = plan.truncate ? rows.map((row) => truncated(row, plan)) : rows
  const specialTokensMask = plan.specialTokensMask ? cut.map((row) => new Int32Array(row.length)) : undefined
  return padRows({ inputIds: cut, specialTokensMask }, plan, isBatch)
}

function truncated(row: Int32Array, { maxLength, truncationSide }: Plan): Int32Array {
  if (row.length <= maxLength) return row
  return truncationSide === 'left' ? row.subarray(row.length - maxLength) : row.subarray(0, maxLength)
}

interface Rows {
  inputIds: readonly Int32Array[]
  attentionMask?: readonly Int32Array[] | undefined
  specialTokensMask?: readonly Int32Array[] | undefined
}

function padRows(rows: Rows, plan: Plan, isBatch: boolean): BatchEncoding {
  const { inputIds, specialTokensMask } = rows
  const attentionMask = rows.attentionMask ?? inputIds.map((row) => new Int32Array(row.length).fill(1))
  const length = commonLength(inputIds, plan, isBatch)
  const pad = (list: readonly Int32Array[], filler: number) =>
    stackRows(
      list.map((row) => padded(row, length, filler, plan.paddingSide)),
      new Int32Array(),
    )
  return {
    inputIds: pad(inputIds, plan.padTokenId),
    ...(plan.attentionMask && { attentionMask: pad(attentionMask, 0) }),
    ...(specialTokensMask && { specialTokensMask: pad(specialTokensMask, 1) }),
  }
}

/** The length of all rows after padding. */
function commonLength(rows: readonly Int32Array[], plan: Plan, isBatch: boolean): number {
  const longest = rows.reduce((most, row) => Math.max(most, row.length), 0)
  // The reference never pads a single text without tokens.
  const pads = plan.padding !== 'do_not_pad' && (isBatch || longest > 0)
  const wanted = plan.padding === 'max_length' ? plan.maxLength : longest
  const target = pads ? Math.ceil(wanted / plan.multiple) * plan.multiple : 0
  const length = Math.max(longest, target)
  if (longest > target && rows.some((row) => row.length !== longest)) {
    throw new ClvpError(
      'CLVP_INVALID_ARGUMENT',
      `Expected texts of equal length in tokens but received different lengths, up to ${longest}: ` +
        (pads ? 'cut them with truncation: true' : 'make them equal with padding: true'),
    )
  }
  if (rows.length * length > MAX_NUMBERS) {
    throw new ClvpError(
      'CLVP_INVALID_ARGUMENT',
      `Expected at most ${MAX_NUMBERS} ids but received ${rows.length} rows of ${length}`,
    )
  }
  return length
}

function padded(row: Int32Array, length: number, filler: number, paddingSide: Side): Int32Array {
  if (row.length === length) return row
  const whole = new Int32Array(length).fill(filler)
  whole.set(row, paddingSide === 'left' ? length - row.length : 0)
  return whole
}

// --- pad -----------------------------------------------------------------------------------------------------------

/** Pads encodings of earlier calls or of other programs: {@link EncodedInputs} or an array of them. */
export function padEncoded(value: unknown, plan: Plan): BatchEncoding {
  const list = Array.isArray(value) ? value : [value]
  if (list.length === 0) throw invalid('encoded inputs', 'encoded', value)
  const all = Array.from(list, (item, at) =>
    readEncoded(item, Array.isArray(value) ? `encoded[${at}]` : 'encoded'),
  )
  const collect = (key: 'attentionMask' | 'specialTokensMask') => {
    const parts = all.flatMap((rows) => rows[key] ?? [])
    const count = all.reduce((sum, rows) => sum + rows.inputIds.length, 0)
    if (parts.length !== 0 && parts.length !== count)
      throw invalid(`a ${key} for all rows or none`, 'encoded', value)
    return parts.length === 0 ? undefined : parts
  }
  const rows = {
    inputIds: all.flatMap((rows) => rows.inputIds),
    attentionMask: collect('attentionMask'),
    specialTokensMask: collect('specialTokensMask'),
  }
  return padRows(rows, plan, Array.isArray(value) || all[0]!.isBatch)
}

function readEncoded(value: unknown, name: string): Rows & { isBatch: boolean } {
  const given = pick(value, ['inputIds', 'attentionMask', 'specialTokensMask'], name)
  const inputIds = readRows(given.inputIds, `${name}.inputIds`)
  const beside = (key: 'attentionMask' | 'specialTokensMask') => {
    if (given[key] === undefined) return undefined
    const rows = readRows(given[key], `${name}.${key}`).rows
    if (
      rows.length !== inputIds.rows.length ||
      rows.some((row, at) => row.length !== inputIds.rows[at]!.length)
    ) {
      throw invalid('rows as long as those of inputIds', `${name}.${key}`, given[key])
    }
    return rows
  }
  return {
    inputIds: inputIds.rows,
    isBatch: inputIds.isBatch,
    attentionMask: beside('attentionMask'),
    specialTokensMask: beside('specialTokensMask'),
  }
}

function readRows(value: unknown, name: string): { rows: Int32Array[]; isBatch: boolean } {
  const isBatch = Tensor.isSound(value) || (Array.isArray(value) && typeof value[0] === 'object')
  const list = isBatch ? readSequences(value, name) : [value]
  const rows = Array.from(list, (row, at) => {
    if (typeof row === 'number') throw invalid('an array of ids', name, row)
    return Int32Array.from(readIds(row, isBatch ? `${name}[${at}]` : name))
  })
  return { rows, isBatch }
}
