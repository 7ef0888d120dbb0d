/** A model under test: loaded, with a session and a tokenizer, and run as Clvp runs it. */
import type { NativeSampling } from '../addon/contract/drawing.js'
import type { NativeInfo } from '../addon/contract/session.js'
import type { WeightType } from '../addon/weight_types.js'
import { readClip, type TakenClip } from '../audio/clips.js'
import { checkpointSampling } from '../config/generation_config.js'
import { openModel } from '../loading/load.js'
import type { LoadOptions } from '../loading/load_options.js'
import type { Session } from '../session/session.js'
import { readerOf, readText, type TextReader } from '../text/text.js'

/** Candidates for one text in one voice. */
export interface Drawn {
  /** As drawn, without stops. */
  codes: Int32Array[]
  /** As the ranker receives them: padded to one length, with fixing codes. */
  rows: Int32Array[]
}

export interface DrawSettings {
  candidates: number
  /** Undefined: the default of Clvp.generate. */
  maxTokens: number | undefined
  seed: number
  signal: AbortSignal | undefined
}

export class Subject {
  readonly info: NativeInfo
  readonly session: Session
  readonly #reader: TextReader
  readonly #sampling: NativeSampling

  private constructor(session: Session) {
    this.session = session
    this.info = session.info
    this.#reader = readerOf(session.values, session.info)
    this.#sampling = checkpointSampling(session.values)
  }

  static load(source: string, options: LoadOptions, folderType: WeightType): Promise<Subject> {
    return openModel(source, options, folderType, (session) => new Subject(session))
  }

  textIds(text: string): Int32Array {
    return readText(this.#reader, text).ids
  }

  /** The conditioning vector of a clip's first window: one is enough to compare or calibrate models. */
  async voice(clip: TakenClip, name: string, signal: AbortSignal | undefined): Promise<Float32Array> {
    const samples = await readClip(clip, name, this.info.sampleRate, signal)
    return this.session.condition(await this.session.mel(samples, signal), signal)
  }

  async draw(ids: Int32Array, voice: Float32Array, settings: DrawSettings): Promise<Drawn> {
    const { candidates, seed, signal, maxTokens = Math.min(500, this.info.maxTokens) } = settings
    const prompt = { textIds: ids, voice }
    const request = { prompt, candidates, seed, maxTokens, sampling: this.#sampling, signal }
    const { candidates: drawn } = await this.session.generate(request)
    const codes = drawn.map(({ tokens }) => tokens)
    const rows = this.session.fixCodes(
      codes,
      drawn.map(({ finishReason }) => finishReason === 'stop'),
    )
    return { codes, rows }
  }

  dispose(): Promise<void> {
    return this.session.dispose()
  }
}
