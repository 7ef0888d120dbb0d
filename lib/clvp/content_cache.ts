/** A model's embeddings of texts and vectors of clips, cached by content: the same texts and clips often come again. */
import { createHash } from 'node:crypto'
import { LruCache } from '../base/lru.js'
import type { Session } from '../session/session.js'

/** Most entries of each kind; an entry takes some kilobytes. */
const most = 64

export class ContentCache {
  readonly #session: Session
  readonly #texts = new LruCache<Float32Array>(most)
  readonly #clips = new LruCache<Float32Array>(most)

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
