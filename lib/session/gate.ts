import { AsyncLocalStorage } from 'node:async_hooks'
import { ClvpError } from '../base/errors.js'

/** Default of `maxCalls`: more calls than a user would wait for, and a bound on the memory that they hold. */
export const defaultMaxCalls = 1024

/**
 * The gates that the running code has passed. One storage for the process: Node never frees a storage, and consults each for
 * every promise.
 */
const passed = new AsyncLocalStorage<readonly Gate[]>()

/** Counts calls until they settle, and refuses those above a limit. The steps of an admitted call are not counted again. */
export class Gate {
  readonly #max: number
  #calls = 0

  constructor(max: number) {
    this.#max = max
  }

  async admit<T>(call: () => Promise<T>): Promise<T> {
    const before = passed.getStore() ?? []
    if (before.includes(this)) return call()
    if (this.#calls >= this.#max) {
      throw new ClvpError(
        'CLVP_BUSY',
        `Expected at most ${this.#max} calls at a time (maxCalls) but received one more: wait for some to end, or load with a larger maxCalls`,
      )
    }
    this.#calls++
    try {
      return await passed.run([...before, this], call)
    } finally {
      this.#calls--
    }
  }
}
