/** An async iterable that a producer pushes into; leaving the loop early tells the producer to stop. */
export class EventStream<T> implements AsyncIterableIterator<T> {
  readonly #events: T[] = []
  readonly #onLeave: () => void
  #wake: (() => void) | undefined
  #ended = false
  #error: { value: unknown } | undefined

  constructor(onLeave: () => void) {
    this.#onLeave = onLeave
  }

  push(event: T): void {
    this.#events.push(event)
    this.#wake?.()
  }

  end(): void {
    this.#ended = true
    this.#wake?.()
  }

  fail(value: unknown): void {
    this.#error = { value }
    this.#wake?.()
  }

  async next(): Promise<IteratorResult<T>> {
    for (;;) {
      if (this.#events.length > 0) return { done: false, value: this.#events.shift()! }
      if (this.#error) {
        const { value } = this.#error
        this.#error = undefined
        this.#ended = true
        throw value
      }
      if (this.#ended) return { done: true, value: undefined }
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
      this.#wake = undefined
    }
  }

  async return(): Promise<IteratorResult<T>> {
    this.#events.length = 0
    this.#error = undefined
    if (!this.#ended) this.#onLeave()
    this.#ended = true
    return { done: true, value: undefined }
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}
