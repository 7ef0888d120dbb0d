import { abortError, type ClvpError, disposedError } from './errors.js'

interface Entry {
  start(): Promise<void>
  reject(error: ClvpError): void
}

/**
 * Runs asynchronous jobs one at a time, first come, first served. A waiting job whose signal aborts leaves the line and
 * rejects at once; a running one is told by the signal itself.
 */
export class Queue {
  readonly #waiting: Entry[] = []
  #running: Promise<void> | undefined
  #closed = false

  get closed(): boolean {
    return this.#closed
  }

  add<T>(job: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    if (this.#closed) return Promise.reject(disposedError())
    if (signal?.aborted) return Promise.reject(abortError(signal))
    return new Promise<T>((resolve, reject) => {
      const onAbort = () => {
        const place = this.#waiting.indexOf(entry)
        if (place < 0) return
        this.#waiting.splice(place, 1)
        reject(abortError(signal!))
      }
      const entry: Entry = {
        reject,
        async start() {
          signal?.removeEventListener('abort', onAbort)
          try {
            resolve(await job())
          } catch (error) {
            reject(error)
          }
        },
      }
      signal?.addEventListener('abort', onAbort, { once: true })
      this.#waiting.push(entry)
      this.#next()
    })
  }

  /** Rejects the waiting jobs and every later one; resolves when the running job has settled. */
  async close(): Promise<void> {
    this.#closed = true
    for (const entry of this.#waiting.splice(0)) entry.reject(disposedError())
    await this.#running
  }

  #next(): void {
    if (this.#running) return
    const entry = this.#waiting.shift()
    if (!entry) return
    this.#running = entry.start().finally(() => {
      this.#running = undefined
      this.#next()
    })
  }
}
