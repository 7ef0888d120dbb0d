/** The conditioning encoder: turns clips and texts into the decoder's prompt. */
import { abortSignal, integer, pick } from '../base/check.js'
import { ClvpError } from '../base/errors.js'
import { Tensor } from '../base/tensor.js'
import type { ClvpConfig } from '../config/config.js'
import type { Session } from '../session/session.js'
import { exactlyOne, type Ids, mismatch, readBeside, readFloats, readIdRows } from './arrays.js'
import { readEmbeds } from './tower_rows.js'

/** Arguments of {@link ClvpConditioningEncoder.forward}; exactly one of `inputIds` and `inputsEmbeds`. */
export interface ConditioningForwardOptions {
  /** Log-mel features [clips, channels, frames]. */
  inputFeatures: Tensor<Float32Array>
  /** Text ids [texts, tokens], without bos. A stop is inserted at the first id 0 of each text, or at its end. */
  inputIds?: Ids | undefined
  /** [texts, tokens, width] instead of ids; bos is prepended and a stop appended. (transformers crashes here.) */
  inputsEmbeds?: Tensor<Float32Array> | undefined
  /** `[texts, tokens]`: its cumulative sum gives the text's positions. */
  attentionMask?: Ids | undefined
  /** Stops the call with CLVP_ABORTED. */
  signal?: AbortSignal | undefined
}

/**
 * transformers' `ClvpConditioningEncoder`: `model.conditioningEncoder`.
 *
 * @example
 * ```js
 * const model = await ClvpModelForConditionalGeneration.fromPretrained('clvp.gguf')
 * const prompt = await model.conditioningEncoder.forward({ inputIds: [[5, 6, 7]], inputFeatures })
 * ```
 */
export class ClvpConditioningEncoder {
  readonly config: ClvpConfig
  readonly #session: Session

  /** @internal */
  constructor(session: Session, config: ClvpConfig) {
    this.#session = session
    this.config = config
  }

  /**
   * Voice, bos, text and stop for each pair of a clip and a text. A single clip applies to all texts, and a single text to
   * all clips.
   *
   * @returns [max(clips, texts), tokens + 3, width of the decoder]
   * @throws ClvpError CLVP_INVALID_ARGUMENT for a bad argument or mismatched numbers of clips and texts, CLVP_MODEL_FORMAT if
   *   the weights are damaged, CLVP_OUT_OF_MEMORY, CLVP_ABORTED, CLVP_DISPOSED
   */
  async forward(options: ConditioningForwardOptions): Promise<Tensor<Float32Array>> {
    const known = ['inputFeatures', 'inputIds', 'inputsEmbeds', 'attentionMask', 'signal'] as const
    const given = pick(options, known, 'options')
    const signal = abortSignal(given.signal, 'signal')
    const width = this.config.decoderConfig.hiddenSize
    const text = this.#readText(given, width)
    const features = this.#readFeatures(given.inputFeatures)
    const clips = features.dims[0]!
    if (clips !== text.rows && clips !== 1 && text.rows !== 1) {
      throw new ClvpError(
        'CLVP_INVALID_ARGUMENT',
        `Expected as many clips as texts, or one of either, but received ${clips} clips and ${text.rows} texts`,
      )
    }
    const data = await this.#session.call(async () => {
      const voices = await this.#voices(features, width, signal)
      return this.#session.conditioning(voices, text, signal)
    })
    return new Tensor(data, [Math.max(clips, text.rows), text.tokens + 3, width])
  }

  /**
   * Groups of a group norm: 32, or 16 for up to 64 channels, or 8 for up to 16, halved until they divide the channels.
   *
   * @throws ClvpError CLVP_UNSUPPORTED for 2 groups or fewer
   */
  computeGroupnormGroups(channels: number): number {
    integer(channels, 'channels', 1, 2 ** 31 - 1)
    let groups = channels <= 16 ? 8 : channels <= 64 ? 16 : 32
    while (channels % groups !== 0) groups = Math.floor(groups / 2)
    if (groups > 2) return groups
    throw new ClvpError(
      'CLVP_UNSUPPORTED',
      `Expected a width whose group norm has more than 2 groups but ${channels} has ${groups}`,
    )
  }

  #readText(given: Readonly<Record<string, unknown>>, width: number) {
    exactlyOne(given, 'inputIds', 'inputsEmbeds')
    const input =
      given.inputIds === undefined ? readEmbeds(given.inputsEmbeds, width) : idRows(given.inputIds)
    const { rows, tokens } = input
    const mask = readBeside(given.attentionMask, 'attentionMask', { rows, columns: tokens }, { max: 1 })
    return { ...input, mask }
  }

  #readFeatures(value: unknown): Tensor<Float32Array> {
    const features = readFloats(value, 'inputFeatures', 3)
    const channels = this.config.decoderConfig.featureSize
    if (features.dims[1] === channels) return features
    throw mismatch(`${channels} mel channels`, 'inputFeatures', features.dims)
  }

  async #voices(features: Tensor<Float32Array>, width: number, signal?: AbortSignal): Promise<Float32Array> {
    const [clips, channels, frames] = features.dims as [number, number, number]
    const voices = new Float32Array(clips * width)
    for (let i = 0; i < clips; i++) {
      const data = features.data.slice(i * channels * frames, (i + 1) * channels * frames)
      voices.set(await this.#session.condition({ data, channels, frames }, signal), i * width)
    }
    return voices
  }
}

function idRows(value: unknown) {
  const { rows, columns, data } = readIdRows(value, 'inputIds')
  return { rows, tokens: columns, ids: data }
}
