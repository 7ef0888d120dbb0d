/** The stages of speech one by one, with tensors of the original's shapes. */
import { openModel } from '../loading/load.js'
import type { LoadOptions } from '../loading/load_options.js'
import type { Session } from '../session/session.js'
import { DiffusionModel } from './diffusion_model.js'
import { Hifigan, RandomVoiceModel, SpeechEncoder, Vocoder } from './sound_stages.js'

/**
 * The stages that turn codes into sound, separately: for those who know tortoise's classes, and for comparisons with them. Clvp.speak
 * runs them together.
 *
 * @example
 * ```js
 * const model = await SpeechModel.fromPretrained('tortoise.gguf')
 * const mel = await model.diffusion.sample({ latents, conditioning, steps: 30, seed: 1 })
 * const sound = await model.vocoder.forward({ mel, seed: 1 })
 * await model.dispose()
 * ```
 */
export class SpeechModel {
  readonly diffusion: DiffusionModel
  readonly vocoder: Vocoder
  readonly hifigan: Hifigan
  readonly encoder: SpeechEncoder
  readonly random: RandomVoiceModel
  readonly #session: Session
  #disposed: Promise<void> | undefined

  private constructor(session: Session) {
    this.#session = session
    this.diffusion = new DiffusionModel(session)
    this.vocoder = new Vocoder(session)
    this.hifigan = new Hifigan(session)
    this.encoder = new SpeechEncoder(session)
    this.random = new RandomVoiceModel(session)
  }

  /**
   * Loads a model as Clvp.load does, except that a folder's default type is 'f32', to match the reference's numbers. A stage that
   * the model lacks rejects calls with `CLVP_UNSUPPORTED`.
   *
   * @throws ClvpError as Clvp.load
   */
  static async fromPretrained(source: string, options: LoadOptions = {}): Promise<SpeechModel> {
    return openModel(source, options, 'f32', (session) => new SpeechModel(session))
  }

  /** Ends all calls and frees the model. Calls after this reject with `CLVP_DISPOSED`. */
  dispose(): Promise<void> {
    this.#disposed ??= this.#session.dispose()
    return this.#disposed
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose()
  }
}
