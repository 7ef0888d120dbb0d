import { onAbort } from '../base/abort.js'
import { abortError, disposedError } from '../base/errors.js'

/** The memory of a call, in addition to the model's weights. */
export interface MemoryNeed {
  /** The call's own estimate. */
  bytes: number
  /** Most bytes that the call and those beside it may take together; undefined for no limit. */
  most: number | undefined
  signal: AbortSignal | undefined
}

interface Waiting {
  need: MemoryNeed
  begin(): void
  refuse(): void
}

/**
 * Starts calls with a memory limit in order of arrival, as soon as they fit beside the running calls. A call without a limit
 * never waits.
 */
export class MemoryBudget {
  #taken = 0
  readonly #waiting: Waiting[] = []

  async run<T>(need: MemoryNeed, call: () => Promise<T>): Promise<T> {
    if (need.most !== undefined && (this.#waiting.length > 0 || !this.#fits(need))) await this.#wait(need)
    else this.#taken += need.bytes
    try {
      return await call()
    } finally {
      this.#taken -= need.bytes
      this.#next()
    }
  }

  /** Refuses the waiting calls. */
  close(): void {
    for (const each of this.#waiting.splice(0)) each.refuse()
  }

  /** A call may always begin alone, since its own estimate has been checked. */
  #fits({ bytes, most = Number.POSITIVE_INFINITY }: MemoryNeed): boolean {
    return this.#taken === 0 || this.#taken + bytes <= most
  }

  #next(): void {
    for (let first = this.#waiting[0]; first && this.#fits(first.need); first = this.#waiting[0]) {
      this.#taken += first.need.bytes
      first.begin()
    }
  }

  #wait(need: MemoryNeed): Promise<void> {
    const { signal } = need
    return new Promise((resolve, reject) => {
      const leave = () => {
        forget?.()
        const place = this.#waiting.indexOf(entry)
        if (place >= 0) this.#waiting.splice(place, 1)
      }
      const abort = () => {
        leave()
        reject(abortError(signal!))
        this.#next()
      }
      const entry: Waiting = {
        need,
        begin() {
          leave()
          resolve()
        },
        refuse: () => {
          forget?.()
          reject(disposedError())
        },
      }
      const forget = signal && onAbort(signal, abort)
      this.#waiting.push(entry)
      if (signal?.aborted) abort()
    })
  }
}
