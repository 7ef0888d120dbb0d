import { setTimeout as sleep } from 'node:timers/promises'
import { abortError } from '../base/errors.js'
import { HubFault } from './fault.js'

/** Approximate milliseconds before each retry; random jitter spreads out clients that failed together. */
const pauses = [200, 600, 1800, 5400, 10_000]

/** Counts the failures of one operation. */
export class Retries {
  readonly #signal: AbortSignal | undefined
  readonly #limit: number
  #failures = 0

  constructor(signal: AbortSignal | undefined, limit = pauses.length) {
    this.#signal = signal
    this.#limit = limit
  }

  /** Waits for the next try, or throws the given error if there should be none. */
  async next(error: unknown): Promise<void> {
    if (!(error instanceof HubFault) || !error.isPassing || this.#failures >= this.#limit) throw error
    const pause = pauses[this.#failures++]! * (0.75 + Math.random() / 2)
    await wait(Math.max(pause, error.wait), this.#signal)
  }

  /** Call on progress: the next failure counts as the first. */
  reset(): void {
    this.#failures = 0
  }
}

/** Runs an operation until it succeeds or fails permanently. */
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
