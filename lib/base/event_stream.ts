/** The events of a running call as an async iterable. The queue is that of Node's `events.on`. */
import { EventEmitter, on } from 'node:events'

const over = { done: true, value: undefined } as const

/**
 * An async iterable that a producer pushes into. Events wait in memory until they are read. Leaving the loop early
 * stops the producer and drops all later events.
 */
export class EventStream<T> implements AsyncIterableIterator<T> {
  readonly #source = new EventEmitter()
  readonly #events = on(this.#source, 'event', { close: ['end'] })
  readonly #onLeave: () => void
  #isEnded = false
  #isLeft = false

  constructor(onLeave: () => void) {
    this.#onLeave = onLeave
  }

  push(value: T): void {
    this.#source.emit('event', value)
  }

  end(): void {
    this.#isEnded = true
    this.#source.emit('end')
  }

  /** Ends with an error, which the reader gets after the waiting events. */
  fail(error: unknown): void {
    if (this.#isEnded) return // without a listener, EventEmitter throws an 'error'
    this.#isEnded = true
    this.#source.emit('error', error)
  }

  async next(): Promise<IteratorResult<T>> {
    if (this.#isLeft) return over
    const { done, value } = await this.#events.next()
    return done ? over : { done: false, value: value[0] }
  }

  async return(): Promise<IteratorResult<T>> {
    if (!this.#isEnded) this.#onLeave()
    this.#isEnded = this.#isLeft = true
    await this.#events.return?.()
    return over
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}
