/** The sound of a call while it is made. */

import type { TextPart } from '../text/split_part.js'
import type { SpeechEvent } from './speak.js'
import type { SpokenText } from './speech.js'

/** What makes the sound. */
interface Source {
  readonly spoken: SpokenText
  readonly texts: readonly TextPart[]
  pieces(): AsyncGenerator<SpeechEvent>
  /** Ends the work that is being done. */
  leave(): void
}

/** What speakStream() returns: pieces of sound, and what has been spoken so far. */
export class SpeechStream implements AsyncIterableIterator<SpeechEvent> {
  readonly #source: Source
  readonly #pieces: AsyncGenerator<SpeechEvent>

  /** @internal */
  constructor(source: Source) {
    this.#source = source
    this.#pieces = source.pieces()
  }

  /** What has been spoken so far: parts that are complete, times, tags for a file. After the last piece it is that of speak(). */
  get spoken(): SpokenText {
    return this.#source.spoken
  }

  /** The parts of the text, all of them from the start. */
  get texts(): readonly TextPart[] {
    return this.#source.texts
  }

  next(): Promise<IteratorResult<SpeechEvent>> {
    return this.#pieces.next()
  }

  /** Stops the work at once. */
  return(): Promise<IteratorResult<SpeechEvent>> {
    this.#source.leave()
    return this.#pieces.return(undefined)
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}
