/** A model's embeddings of texts and vectors of clips, cached by content: the same texts and clips often come again. */
import { createHash } from 'node:crypto'
import type { NativeMel } from '../addon/contract/sound.js'
import { LruCache } from '../base/lru.js'
import type { Session } from '../session/session.js'

/** Most entries of each kind; an entry takes some kilobytes. */
const most = 64

export class ContentCache {
  readonly #session: Session
  readonly #texts = new LruCache<Float32Array>(most)
  readonly #clips = new LruCache<Float32Array>(most)
  readonly #speakers = new LruCache<Float32Array>(most)

  constructor(session: Session) {
    this.#session = session
  }

  /** The conditioning vector of samples at the model's rate. */
  async condition(samples: Float32Array, signal: AbortSignal | undefined): Promise<Float32Array> {
    const key = createHash('sha256').update(samples).digest('base64')
    const known = this.#clips.get(key)
    if (known) return known
    const mel = await this.#session.mel(samples, signal)
    const vector = await this.#session.condition(mel, signal)
    this.#clips.set(key, vector)
    return vector
  }

  /** The diffusion stage's vector of windows of clips at its sample rate; a copy. */
  async conditionSpeech(
    windows: readonly Float32Array[],
    signal: AbortSignal | undefined,
  ): Promise<Float32Array> {
    const hash = createHash('sha256')
    for (const window of windows) hash.update(window)
    const key = hash.digest('base64')
    let vector = this.#speakers.get(key)
    if (!vector) {
      const mels: NativeMel[] = []
      for (const window of windows) mels.push(await this.#session.speechMel(window, signal))
      vector = await this.#session.follow((native, flag) => native.conditionSpeech(mels, flag), { signal })
      this.#speakers.set(key, vector)
    }
    return Float32Array.from(vector)
  }

  /** A text's embedding, of unit length; a copy. */
  async embedText(ids: Int32Array, signal: AbortSignal | undefined): Promise<Float32Array> {
    const key = ids.join()
    let text = this.#texts.get(key)
    if (!text) {
      text = await this.#session.embedText(ids, signal)
      this.#texts.set(key, text)
    }
    return Float32Array.from(text)
  }

  /** Scores rows against a text like Session.score(), but reuses a cached embedding of the text. */
  async score(
    ids: Int32Array,
    rows: Int32Array[],
    signal: AbortSignal | undefined,
  ): Promise<{ scores: Float32Array; ms: number }> {
    const key = ids.join()
    const { text, scores, ms } = await this.#session.scoreTimed(ids, this.#texts.get(key), rows, signal)
    this.#texts.set(key, text)
    return { scores, ms }
  }
}
