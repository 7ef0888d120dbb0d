/** Bounds how many rows are at work together. */
import { onAbort } from '../base/abort.js'
import { abortError } from '../base/errors.js'

export class Slots {
  #free: number
  readonly #waiting: (() => void)[] = []

  constructor(count: number) {
    this.#free = count
  }

  /** Waits for a slot; first come, first served. */
  async take(signal: AbortSignal): Promise<void> {
    if (signal.aborted) throw abortError(signal)
    if (this.#free > 0) {
      this.#free--
      return
    }
    await new Promise<void>((resolve, reject) => {
      const go = () => {
        forget()
        resolve()
      }
      const forget = onAbort(signal, () => {
        this.#waiting.splice(this.#waiting.indexOf(go), 1)
        reject(abortError(signal))
      })
      this.#waiting.push(go)
    })
  }

  free(): void {
    const next = this.#waiting.shift()
    if (next) next()
    else this.#free++
  }
}
