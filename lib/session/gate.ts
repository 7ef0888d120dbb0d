import { AsyncLocalStorage } from 'node:async_hooks'
import { ClvpError } from '../base/errors.js'

/** Calls at a time, unless told otherwise: more than any user waits for, and a bound to what they hold. */
export const defaultMaxCalls = 1024

/** The gates that what runs now has passed. One for the process: Node never lets go of a storage, and asks each for every promise. */
const passed = new AsyncLocalStorage<readonly Gate[]>()

/** Counts calls from when they are made until they settle, and refuses more than so many. The steps of a call are a part of it. */
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
