/** The sound of a call while it is made. */
import type { HeldCall, Session } from '../session/session.js'
import type { TextPart } from '../text/split_part.js'
import type { Speaking, SpeechEvent } from './speak.js'
import type { SpokenText } from './speech.js'

/**
 * What speakStream() returns: pieces of sound, and what has been spoken so far. From its first piece until it ends it is one call of the
 * model.
 *
 * @example
 * ```js
 * const stream = clvp.speakStream('Hello world.', { voice, candidates: 1 })
 * for await (const { samples } of stream) play(samples)
 * console.log(stream.spoken.seed)
 * ```
 */
export class SpeechStream implements AsyncIterableIterator<SpeechEvent> {
  readonly #session: Session
  readonly #speaking: Speaking
  readonly #pieces: AsyncGenerator<SpeechEvent>
  #call: Promise<HeldCall> | undefined

  /** @internal */
  constructor(session: Session, speaking: Speaking) {
    this.#session = session
    this.#speaking = speaking
    this.#pieces = speaking.pieces()
  }

  /** The parts of the text, all of them from the start. */
  get texts(): readonly TextPart[] {
    return this.#speaking.texts
  }

  /** What has been spoken so far: parts that are complete, times, tags for a file. After the last piece it is that of speak(). */
  get spoken(): SpokenText {
    return this.#speaking.spoken
  }

  async next(): Promise<IteratorResult<SpeechEvent>> {
    this.#call ??= this.#session.hold()
    const call = await this.#call
    try {
      const result = await call.run(() => this.#pieces.next())
      if (result.done) call.end()
      return result
    } catch (error) {
      call.end()
      throw error
    }
  }

  /** Stops the work at once. */
  async return(): Promise<IteratorResult<SpeechEvent>> {
    this.#speaking.leave()
    const over = await this.#pieces.return(undefined)
    const call = await this.#call?.catch(() => undefined) // next() reports it
    call?.end()
    return over
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}
