/** The text encoder and the speech encoder. */
import { abortSignal, pick } from '../base/check.js'
import { Tensor } from '../base/tensor.js'
import type { ClvpEncoderConfig } from '../config/config.js'
import type { Session } from '../session/session.js'
import type { Ids } from './arrays.js'
import { readTowerRows, type TowerOptions, type TowerOutput, towerOutput } from './tower_rows.js'

/** Arguments of {@link ClvpEncoder.forward}; exactly one of `inputIds` and `inputsEmbeds`. */
export interface EncoderForwardOptions extends TowerOptions {
  /** [rows, tokens] */
  inputIds?: Ids | undefined
  /** `[rows, tokens]`: 0 masks a token in attention. Pooling still includes it, as in transformers. */
  attentionMask?: Ids | undefined
  /** [rows, tokens] or [1, tokens], each below `tokens`: positions of the rotary embedding. Default 0, 1, 2, ... */
  positionIds?: Ids | undefined
}

/** transformers' `ClvpEncoderOutput`. */
export interface ClvpEncoderOutput extends TowerOutput {
  /** `[rows, projection]`: the projected pooled output, not normalised. */
  embeds: Tensor<Float32Array>
  /** [rows, tokens, width], after the final layer norm. */
  lastHiddenState: Tensor<Float32Array>
  /** `[rows, width]`: the last hidden state, pooled according to `summaryType`. */
  poolerOutput: Tensor<Float32Array>
}

/**
 * transformers' `ClvpEncoder`: `model.textEncoderModel` and `model.speechEncoderModel`.
 *
 * @example
 * ```js
 * const model = await ClvpModelForConditionalGeneration.fromPretrained('clvp.gguf')
 * const { embeds } = await model.textEncoderModel.forward({ inputIds: [[5, 6, 7]] })
 * ```
 */
export class ClvpEncoder {
  readonly config: ClvpEncoderConfig
  readonly #session: Session
  readonly #tower: 'text' | 'speech'

  /** @internal */
  constructor(session: Session, tower: 'text' | 'speech', config: ClvpEncoderConfig) {
    this.#session = session
    this.#tower = tower
    this.config = config
  }

  /**
   * Runs rows of ids through the encoder; adds no special tokens.
   *
   * @throws ClvpError CLVP_INVALID_ARGUMENT for a bad argument, CLVP_MODEL_FORMAT if the weights are damaged,
   *   CLVP_OUT_OF_MEMORY, CLVP_ABORTED, CLVP_DISPOSED
   */
  async forward(options: EncoderForwardOptions): Promise<ClvpEncoderOutput> {
    const given = pick(options, [...towerNames, 'positionIds'], 'options')
    const { hiddenSize: width, numAttentionHeads: heads, projectionDim } = this.config
    const input = readTowerRows(given, width)
    const { rows, tokens } = input
    const output = await this.#session.encode(this.#tower, input, abortSignal(given.signal, 'signal'))
    return {
      embeds: new Tensor(output.embeds, [rows, projectionDim]),
      lastHiddenState: new Tensor(output.lastHidden, [rows, tokens, width]),
      poolerOutput: new Tensor(output.pooled, [rows, width]),
      ...towerOutput(input, output, { width, heads }),
    }
  }
}

export const towerNames = [
  'inputIds',
  'inputsEmbeds',
  'attentionMask',
  'outputHiddenStates',
  'outputAttentions',
  'signal',
] as const
