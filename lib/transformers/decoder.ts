/** The speech decoder without its head. */
import type { NativeDecoderForward, NativeDecoderOutput, NativePast } from '../addon/contract/towers.js'
import { abortSignal, flag, pick } from '../base/check.js'
import { invalid } from '../base/errors.js'
import { Tensor } from '../base/tensor.js'
import type { ClvpDecoderConfig } from '../config/config.js'
import type { Session } from '../session/session.js'
import { type Ids, mismatch, readBeside } from './arrays.js'
import { towerNames } from './encoder.js'
import { readTowerRows, type TowerOptions, type TowerOutput, towerOutput } from './tower_rows.js'

const natives = new WeakMap<PastKeyValues, NativePast>()

/**
 * Keys and values of rows of tokens, as an opaque handle. It is immutable: a forward that continues from it returns a new
 * handle, and several calls may continue from the same one. (transformers modifies its cache in place.)
 *
 * @example
 * ```js
 * const model = await ClvpModelForConditionalGeneration.fromPretrained('clvp.gguf')
 * const { pastKeyValues } = await model.speechDecoderModel.forward({ inputIds: [[5, 6, 7]], useCache: true })
 * const { logits } = await model.speechDecoderModel.forward({ inputIds: [[8]], pastKeyValues })
 * ```
 */
export class PastKeyValues {
  readonly batchSize: number
  /** Number of tokens in each row. */
  readonly length: number

  /** @internal */
  constructor(native: NativePast) {
    this.batchSize = native.rows
    this.length = native.tokens
    natives.set(this, native)
  }

  /** Number of tokens in each row: transformers' `get_seq_length`. */
  getSeqLength(): number {
    return this.length
  }

  /** Frees the memory now instead of at garbage collection. The handle cannot be used afterwards. */
  dispose(): void {
    natives.get(this)?.dispose()
  }
}

/** The native handle of an optional past. */
function readPast(value: unknown): NativePast | undefined {
  if (value === undefined) return undefined
  const native = value instanceof PastKeyValues ? natives.get(value) : undefined
  if (!native) throw invalid('pastKeyValues returned by forward', 'pastKeyValues', value)
  return native
}

/** Arguments of the decoder's forward; exactly one of `inputIds` and `inputsEmbeds`. */
export interface DecoderForwardOptions extends TowerOptions {
  /** [rows, tokens] */
  inputIds?: Ids | undefined
  /** `[rows, past + tokens]`: 0 masks a token for those after it. */
  attentionMask?: Ids | undefined
  /** [rows, tokens]. Their token embeddings are added. */
  tokenTypeIds?: Ids | undefined
  /** [rows, tokens] or [1, tokens]. Default: consecutive, from the length of the past. */
  positionIds?: Ids | undefined
  /** Returned by an earlier call with the same number of rows. */
  pastKeyValues?: PastKeyValues | undefined
  /** Return `pastKeyValues`; default: the configuration's `useCache`. */
  useCache?: boolean | undefined
}

/** transformers' `BaseModelOutputWithPastAndCrossAttentions`, without cross attentions, which CLVP does not have. */
export interface DecoderOutput extends TowerOutput {
  /** [rows, tokens, width], after the layer norm. */
  lastHiddenState: Tensor<Float32Array>
  pastKeyValues?: PastKeyValues
}

export const decoderNames = [
  ...towerNames,
  'tokenTypeIds',
  'positionIds',
  'pastKeyValues',
  'useCache',
] as const

/** The core's output with the input rows. */
export interface Decoded {
  input: NativeDecoderForward
  output: NativeDecoderOutput
  shared: TowerOutput & { pastKeyValues?: PastKeyValues }
}

/** Runs rows through the decoder, and through its head if `logits` is set. */
export async function decode(
  session: Session,
  config: ClvpDecoderConfig,
  given: Readonly<Record<string, unknown>>,
  logits: boolean,
): Promise<Decoded> {
  const { hiddenSize: width, numAttentionHeads: heads } = config
  const past = readPast(given.pastKeyValues)
  const rows = readTowerRows(given, width, past?.tokens)
  if (past && past.rows !== rows.rows) {
    throw mismatch(`${rows.rows} rows`, 'pastKeyValues', [past.rows, past.tokens])
  }
  const input = {
    ...rows,
    types: readBeside(given.tokenTypeIds, 'tokenTypeIds', { rows: rows.rows, columns: rows.tokens }),
    past,
    keep: flag(given, 'useCache', config.useCache),
    logits,
  }
  const output = await session.decode(input, abortSignal(given.signal, 'signal'))
  const shared = {
    ...(output.past && { pastKeyValues: new PastKeyValues(output.past) }),
    ...towerOutput(input, output, { width, heads, past: past?.tokens ?? 0 }),
  }
  return { input, output, shared }
}

/**
 * transformers' `ClvpDecoder`: `model.speechDecoderModel.model.decoder`.
 *
 * @example
 * ```js
 * const model = await ClvpModelForConditionalGeneration.fromPretrained('clvp.gguf')
 * const { decoder } = model.speechDecoderModel.model
 * const { lastHiddenState } = await decoder.forward({ inputIds: [[5, 6, 7]] })
 * ```
 */
export class ClvpDecoder {
  readonly config: ClvpDecoderConfig
  readonly #session: Session

  /** @internal */
  constructor(session: Session, config: ClvpDecoderConfig) {
    this.#session = session
    this.config = config
  }

  /**
   * Runs rows of tokens through the decoder's layers.
   *
   * @throws ClvpError CLVP_INVALID_ARGUMENT for a bad argument or positions beyond the model's, CLVP_MODEL_FORMAT if the
   *   weights are damaged, CLVP_OUT_OF_MEMORY, CLVP_ABORTED, CLVP_DISPOSED
   */
  async forward(options: DecoderForwardOptions): Promise<DecoderOutput> {
    const given = pick(options, decoderNames, 'options')
    const { input, output, shared } = await decode(this.#session, this.config, given, false)
    const dims = [input.rows, input.tokens, this.config.hiddenSize]
    return { lastHiddenState: new Tensor(output.lastHidden, dims), ...shared }
  }
}

/**
 * transformers' `ClvpModel`, a wrapper of its decoder: `model.speechDecoderModel.model`.
 *
 * @example
 * ```js
 * const model = await ClvpModelForConditionalGeneration.fromPretrained('clvp.gguf')
 * const { lastHiddenState } = await model.speechDecoderModel.model.forward({ inputIds: [[5, 6, 7]] })
 * ```
 */
export class ClvpModel {
  readonly config: ClvpDecoderConfig
  readonly decoder: ClvpDecoder

  /** @internal */
  constructor(session: Session, config: ClvpDecoderConfig) {
    this.config = config
    this.decoder = new ClvpDecoder(session, config)
  }

  /** As {@link ClvpDecoder.forward}. */
  forward(options: DecoderForwardOptions): Promise<DecoderOutput> {
    return this.decoder.forward(options)
  }
}
