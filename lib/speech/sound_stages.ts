/** The stages that make sound, or codes of it: HiFi-GAN, UnivNet, the discrete VAE's encoder. And random voices. */

import { needStage } from '../addon/stages.js'
import { abortSignal, pick } from '../base/check.js'
import { ClvpError } from '../base/errors.js'
import { type OptionsOf, readGiven } from '../base/options.js'
import { Tensor } from '../base/tensor.js'
import { needEncoder } from '../clvp/recordings.js'
import type { Session } from '../session/session.js'
import { stageTable } from './diffusion_options.js'
import { batchOfOne, floats, optionalFloats, readMel } from './tensors.js'

/** Frames of silence that follow a spectrogram, as in tortoise, so that the sound ends without a click. They are cut again. */
const SILENT_FRAMES = 10

const stageNames = Object.keys(stageTable) as (keyof typeof stageTable)[]

export interface HifiganOptions extends Omit<OptionsOf<typeof stageTable>, 'seed'> {
  /** `[1, n, width of the decoder]` */
  latents: Tensor<Float32Array>
  /** `[1, width of the decoder]`: the voice that drew them. */
  conditioning: Tensor<Float32Array>
}

/**
 * tortoise's `HifiganGenerator`.
 *
 * @example
 * ```js
 * const { hifigan } = await SpeechModel.fromPretrained('speaking.gguf')
 * const sound = await hifigan.forward({ latents, conditioning })
 * ```
 */
export class Hifigan {
  readonly #session: Session

  /** @internal */
  constructor(session: Session) {
    this.#session = session
  }

  /**
   * Sound of latents at 24 kHz, `[1, samples]` in [-1, 1].
   *
   * @throws ClvpError `CLVP_INVALID_ARGUMENT`, `CLVP_UNSUPPORTED` for a model without this stage, `CLVP_ABORTED`, `CLVP_DISPOSED`
   */
  async forward(options: HifiganOptions): Promise<Tensor<Float32Array>> {
    const given = pick(options, ['latents', 'conditioning', 'signal', 'onProgress'], 'options')
    const { latentWidth, voiceWidth } = needStage(this.#session.info, 'hifigan')
    const { data, dims } = floats(given.latents, 'latents', [1, 'n', latentWidth])
    const voice = floats(given.conditioning, 'conditioning', [1, voiceWidth]).data.slice()
    const { signal, onProgress } = readGiven(stageTable, given)
    const latents = data.slice() // the caller may change what it passed as soon as this call waits
    const sound = await this.#session.follow(
      async (native, flag, hooks) => {
        const last = await native.hifiganParts(dims[1]!, true)
        return native.hifigan({ latents, voice, first: 0, last, isEnd: true }, flag, hooks)
      },
      { signal, onProgress },
    )
    return batchOfOne(sound)
  }
}

export interface VocoderForwardOptions extends OptionsOf<typeof stageTable> {
  /** `[1, 100, frames]`: natural logarithms of mel magnitudes at 24 kHz. */
  mel: Tensor<Float32Array>
  /** `[1, 64, frames + 10]`; default: the seed's. */
  noise?: Tensor<Float32Array> | undefined
}

/**
 * tortoise's `UnivNetGenerator`.
 *
 * @example
 * ```js
 * const { vocoder } = await SpeechModel.fromPretrained('speaking.gguf')
 * const sound = await vocoder.forward({ mel, seed: 1 })
 * ```
 */
export class Vocoder {
  readonly #session: Session

  /** @internal */
  constructor(session: Session) {
    this.#session = session
  }

  /**
   * Sound of a spectrogram at 24 kHz, `[1, 256 * frames]` in [-1, 1].
   *
   * @throws ClvpError as `Hifigan.forward`
   */
  async forward(options: VocoderForwardOptions): Promise<Tensor<Float32Array>> {
    const given = pick(options, [...stageNames, 'mel', 'noise'], 'options')
    const { melChannels, noiseChannels } = needStage(this.#session.info, 'vocoder')
    const { seed, signal, onProgress } = readGiven(stageTable, given)
    const mel = readMel(given.mel, 'mel', melChannels)
    const noise = optionalFloats(given.noise, 'noise', [1, noiseChannels, mel.frames + SILENT_FRAMES])
    return batchOfOne(
      await this.#session.follow((native, flag, hooks) => native.vocode({ mel, seed, noise }, flag, hooks), {
        signal,
        onProgress,
      }),
    )
  }
}

export interface EncodeOptions {
  /** `[1, 80, frames]`: features as the conditioning encoder takes them. */
  mel: Tensor<Float32Array>
  signal?: AbortSignal | undefined
}

/**
 * The encoder of tortoise's `DiscreteVAE`.
 *
 * @example
 * ```js
 * const { encoder } = await SpeechModel.fromPretrained('speaking.gguf')
 * const codes = await encoder.encode({ mel })
 * ```
 */
export class SpeechEncoder {
  readonly #session: Session

  /** @internal */
  constructor(session: Session) {
    this.#session = session
  }

  /**
   * Codes of a spectrogram, `[1, ceil(frames / 4)]`.
   *
   * @throws ClvpError as `Hifigan.forward`
   */
  async encode(options: EncodeOptions): Promise<Tensor<Int32Array>> {
    const given = pick(options, ['mel', 'signal'], 'options')
    const { info } = this.#session
    needEncoder(info)
    if (!info.encoder) {
      throw new ClvpError(
        'CLVP_UNSUPPORTED',
        'Expected a model with the discrete VAE for this call but its codebook alone makes codes of sound: use Clvp.encode',
      )
    }
    const mel = readMel(given.mel, 'mel', info.melChannels)
    const signal = abortSignal(given.signal, 'signal')
    const codes = await this.#session.follow((native, flag) => native.encodeMel(mel, flag), { signal })
    return new Tensor(codes, [1, codes.length])
  }
}

export interface RandomVoiceOptions {
  /** Normal numbers of each kind of voice, `[1, width]`; default: the seed's. */
  noise?: {
    decoder?: Tensor<Float32Array> | undefined
    diffusion?: Tensor<Float32Array> | undefined
  }
  /** Seed of the voice, 0 to 2^53 - 1; default 0. */
  seed?: number | undefined
  signal?: AbortSignal | undefined
}

/** The voices of a random speaker; those that the model makes. */
export interface RandomVoices {
  /** `[1, width of the decoder]` */
  decoder?: Tensor<Float32Array>
  /** `[1, 2 * width of the diffusion model]` */
  diffusion?: Tensor<Float32Array>
}

/**
 * tortoise's `RandomLatentConverter`, for both kinds of voices.
 *
 * @example
 * ```js
 * const { random } = await SpeechModel.fromPretrained('speaking.gguf')
 * const { decoder, diffusion } = await random.sample({ seed: 1 })
 * ```
 */
export class RandomVoiceModel {
  readonly #session: Session

  /** @internal */
  constructor(session: Session) {
    this.#session = session
  }

  /**
   * A random voice. The same seed gives the same voice.
   *
   * @throws ClvpError as `Hifigan.forward`
   */
  async sample(options: RandomVoiceOptions = {}): Promise<RandomVoices> {
    const given = pick(options, ['noise', 'seed', 'signal'], 'options')
    const noise = pick(given.noise, ['decoder', 'diffusion'], 'noise')
    const widths = needStage(this.#session.info, 'random')
    const { seed, signal } = readGiven(stageTable, given)
    const both = ['decoder', 'diffusion'] as const
    const idle = both.find((which) => widths[which] === 0 && noise[which] !== undefined)
    if (idle) {
      throw new ClvpError(
        'CLVP_UNSUPPORTED',
        `Expected no noise.${idle} for a model without random voices of that kind but received some: leave it out`,
      )
    }
    const kinds = both.filter((which) => widths[which] > 0)
    // All are read before the first is waited for: the caller may change what it passed from then on.
    const own = kinds.map((which) =>
      optionalFloats(noise[which], `noise.${which}`, [1, widths[which]])?.slice(),
    )
    const found: RandomVoices = {}
    for (const [i, which] of kinds.entries()) {
      found[which] = batchOfOne(
        await this.#session.follow((native, flag) => native.randomVoice(which, seed, own[i], flag), {
          signal,
        }),
      )
    }
    return found
  }
}
