/** The diffusion stage: latents and a voice to a mel spectrogram. */
import type { NativeInfo } from '../addon/contract/session.js'
import { soundFrames } from '../addon/contract/speech.js'
import { needStage } from '../addon/stages.js'
import { abortSignal, boolean, number, pick } from '../base/check.js'
import { ClvpError, invalid } from '../base/errors.js'
import { number as numberKind } from '../base/kinds.js'
import { limits } from '../base/limits.js'
import { type OptionsOf, optionTable, readGiven } from '../base/options.js'
import { Tensor } from '../base/tensor.js'
import type { Session } from '../session/session.js'
import { diffusionTable, stageTable } from './diffusion_options.js'
import { batchOfOne, floats, melTensor, optionalFloats, readMel, tensor } from './tensors.js'

const { diffusionTemperature, ...shared } = diffusionTable

export const sampleTable = optionTable({
  ...shared,
  /** Strength of the noise to start with, 0 to 2; default 1. */
  temperature: { kind: numberKind(0, 2), default: diffusionTemperature.default },
  ...stageTable,
})

export interface ConditionOptions {
  /** One spectrogram of each clip, `[1, 100, frames]`: 24 kHz, natural logarithm, not normalised. */
  mels: readonly Tensor<Float32Array>[]
  signal?: AbortSignal | undefined
}

/** Arguments of {@link DiffusionModel.forward}; one of `latents` and `codes`, unless `conditioningFree`. */
export interface DiffusionForwardOptions {
  /** `[1, 100, frames]` */
  x: Tensor<Float32Array>
  /** `[1]`, 0 to 3999 */
  timesteps: Tensor
  /** `[1, n, width of the decoder]` */
  latents?: Tensor<Float32Array> | undefined
  /** `[1, n]` */
  codes?: Tensor<Int32Array> | undefined
  /** `[1, 2 * width]`: a voice from `condition`. */
  conditioning?: Tensor<Float32Array> | undefined
  /** Leaves text and voice out; default false. */
  conditioningFree?: boolean | undefined
  signal?: AbortSignal | undefined
}

export interface DiffusionSampleOptions extends OptionsOf<typeof sampleTable> {
  /** `[1, n, width of the decoder]` */
  latents: Tensor<Float32Array>
  /** `[1, 2 * width]`: a voice from `condition`. */
  conditioning: Tensor<Float32Array>
  /** `[1, 100, frames]`: the noise to start with, before the temperature; default: the seed's. */
  noise?: Tensor<Float32Array> | undefined
  /** `[steps, 100, frames]`: the noise of each step, in the order of use; default: the seed's. */
  stepNoise?: Tensor<Float32Array> | undefined
}

/**
 * tortoise's `DiffusionTts` with its samplers.
 *
 * @example
 * ```js
 * const { diffusion } = await SpeechModel.fromPretrained('speaking.gguf')
 * const mel = await diffusion.sample({ latents, conditioning, steps: 30, seed: 1 })
 * ```
 */
export class DiffusionModel {
  readonly #session: Session

  /** @internal */
  constructor(session: Session) {
    this.#session = session
  }

  /**
   * The voice of one or more clips, `[1, 2 * width]`.
   *
   * @throws ClvpError `CLVP_INVALID_ARGUMENT`, `CLVP_UNSUPPORTED` for a model without this stage, `CLVP_ABORTED`, `CLVP_DISPOSED`
   */
  async condition(options: ConditionOptions): Promise<Tensor<Float32Array>> {
    const { mels, signal } = pick(options, ['mels', 'signal'], 'options')
    const { melChannels } = this.#sizes
    if (!Array.isArray(mels) || mels.length < 1 || mels.length > limits.voiceClips) {
      throw invalid(`an array of 1 to ${limits.voiceClips} Tensors`, 'mels', mels)
    }
    const list = mels.map((each: unknown, i) => readMel(each, `mels[${i}]`, melChannels))
    return batchOfOne(
      await this.#session.follow((native, flag) => native.conditionSpeech(list, flag), {
        signal: abortSignal(signal, 'signal'),
      }),
    )
  }

  /**
   * One pass of the network: the noise in `x` in the first half of the channels, the variance in the second. `[1, 200, frames]`
   *
   * @throws ClvpError as `condition`
   */
  async forward(options: DiffusionForwardOptions): Promise<Tensor<Float32Array>> {
    const given = pick(
      options,
      ['x', 'timesteps', 'latents', 'codes', 'conditioning', 'conditioningFree', 'signal'],
      'options',
    )
    const { melChannels, latentWidth, width, codes: codeCount } = this.#sizes
    const isFree = given.conditioningFree !== undefined && boolean(given.conditioningFree, 'conditioningFree')
    if (!isFree && (given.latents === undefined) === (given.codes === undefined)) {
      throw new ClvpError(
        'CLVP_INVALID_ARGUMENT',
        `Expected either latents or codes but received ${given.codes === undefined ? 'neither' : 'both'}`,
      )
    }
    const codes =
      given.codes === undefined ? undefined : tensor(given.codes, 'codes', [1, 'n'], Int32Array).data
    const wrong = codes?.find((code) => code < 0 || code >= codeCount)
    if (wrong !== undefined) throw invalid(`codes from 0 to ${codeCount - 1}`, 'codes', wrong)
    const pass = {
      x: readMel(given.x, 'x', melChannels),
      time: readTime(given.timesteps),
      latents: optionalFloats(given.latents, 'latents', [1, 'n', latentWidth]),
      codes,
      voice: isFree ? undefined : floats(given.conditioning, 'conditioning', [1, 2 * width]).data,
      isFree,
    }
    const signal = abortSignal(given.signal, 'signal')
    return melTensor(
      await this.#session.follow((native, flag) => native.diffusionPass(pass, flag), { signal }),
    )
  }

  /**
   * Removes noise until a spectrogram is left: natural logarithms of mel magnitudes at 24 kHz, `[1, 100, frames]`, with
   * `frames = floor(n * 4 * 24000 / 22050)` for n latents.
   *
   * @throws ClvpError as `condition`
   */
  async sample(options: DiffusionSampleOptions): Promise<Tensor<Float32Array>> {
    const names = [...sampleNames, 'latents', 'conditioning', 'noise', 'stepNoise'] as const
    const given = pick(options, names, 'options')
    const { melChannels, latentWidth, width } = this.#sizes
    const { signal, onProgress, ...settings } = readGiven(sampleTable, given)
    const latents = floats(given.latents, 'latents', [1, 'n', latentWidth])
    const frames = soundFrames(latents.dims[1]!)
    const request = {
      ...settings,
      latents: latents.data,
      voice: floats(given.conditioning, 'conditioning', [1, 2 * width]).data,
      noise: optionalFloats(given.noise, 'noise', [1, melChannels, frames]),
      stepNoise: optionalFloats(given.stepNoise, 'stepNoise', [settings.steps, melChannels, frames]),
    }
    return melTensor(
      await this.#session.follow((native, flag, hooks) => native.diffuse(request, flag, hooks), {
        signal,
        onProgress,
      }),
    )
  }

  get #sizes(): NonNullable<NativeInfo['speech']['diffusion']> {
    return needStage(this.#session.info, 'diffusion')
  }
}

const sampleNames = Object.keys(sampleTable) as (keyof typeof sampleTable)[]

function readTime(value: unknown): number {
  if (!Tensor.isSound(value) || value.data.length !== 1) {
    throw invalid('a Tensor [1]', 'timesteps', value)
  }
  return number(value.data[0], 'timesteps', 0, 3999)
}
