import { setTimeout as sleep } from 'node:timers/promises'
import { abortError } from '../base/errors.js'
import { HubFault } from './fault.js'

/** Milliseconds before each further try, about: clients that failed together must not come back together. */
const pauses = [200, 600, 1800, 5400, 10_000]

/** Counts the failures of one thing that is tried again. */
export class Retries {
  readonly #signal: AbortSignal | undefined
  readonly #limit: number
  #failures = 0

  constructor(signal: AbortSignal | undefined, limit = pauses.length) {
    this.#signal = signal
    this.#limit = limit
  }

  /** Waits until it is time for the next try; throws what it is given where there should be none. */
  async next(error: unknown): Promise<void> {
    if (!(error instanceof HubFault) || !error.isPassing || this.#failures >= this.#limit) throw error
    const pause = pauses[this.#failures++]! * (0.75 + Math.random() / 2)
    await wait(Math.max(pause, error.wait), this.#signal)
  }

  /** It got on: the next failure is the first again. */
  reset(): void {
    this.#failures = 0
  }
}

/** Runs something until it succeeds, or fails for good. */
export async function retrying<T>(retries: Retries, run: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await run()
    } catch (error) {
      await retries.next(error)
    }
  }
}

/** @throws ClvpError CLVP_ABORTED */
export async function wait(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await sleep(milliseconds, undefined, signal && { signal })
  } catch (error) {
    throw signal?.aborted ? abortError(signal) : error
  }
}
