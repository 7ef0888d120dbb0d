interface Deferred<T> {
  promise: Promise<T>
  resolve(value: T): void
  reject(error: unknown): void
}

/**
 * An async iterable that a producer pushes into. Leaving the loop early tells the producer to stop; what it still
 * pushes then is dropped.
 */
export class EventStream<T> implements AsyncIterableIterator<T> {
  readonly #events: T[] = []
  readonly #waiting: Deferred<IteratorResult<T>>[] = []
  readonly #onLeave: () => void
  #ended = false
  #error: { value: unknown } | undefined

  constructor(onLeave: () => void) {
    this.#onLeave = onLeave
  }

  push(value: T): void {
    if (this.#ended) return
    const first = this.#waiting.shift()
    if (first) first.resolve({ done: false, value })
    else this.#events.push(value)
  }

  end(): void {
    this.#ended = true
    for (const each of this.#waiting.splice(0)) each.resolve({ done: true, value: undefined })
  }

  fail(value: unknown): void {
    if (this.#ended) return
    const first = this.#waiting.shift()
    if (first) first.reject(value)
    else this.#error = { value }
    this.end()
  }

  next(): Promise<IteratorResult<T>> {
    if (this.#events.length > 0) return Promise.resolve({ done: false, value: this.#events.shift()! })
    if (this.#error) {
      const { value } = this.#error
      this.#error = undefined
      return Promise.reject(value)
    }
    if (this.#ended) return Promise.resolve({ done: true, value: undefined })
    const waiting = withResolvers<IteratorResult<T>>()
    this.#waiting.push(waiting)
    return waiting.promise
  }

  return(): Promise<IteratorResult<T>> {
    if (!this.#ended) this.#onLeave()
    this.#events.length = 0
    this.#error = undefined
    this.end()
    return Promise.resolve({ done: true, value: undefined })
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}

/** Promise.withResolvers, which Node has from version 22 on. */
function withResolvers<T>(): Deferred<T> {
  let resolve!: Deferred<T>['resolve']
  let reject!: Deferred<T>['reject']
  const promise = new Promise<T>((yes, no) => {
    resolve = yes
    reject = no
  })
  return { promise, resolve, reject }
}
