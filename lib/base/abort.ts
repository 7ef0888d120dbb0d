/** The one place that listens to AbortSignals for calls of the package. */
import { abortError } from './errors.js'

/**
 * The functions that each signal stops. A signal gets one listener only: thousands of calls may share it, and Node
 * warns of more than ten.
 */
const stops = new WeakMap<AbortSignal, Set<() => void>>()

/** Calls `stop` when the signal aborts. Returns a function that cancels this. */
export function onAbort(signal: AbortSignal, stop: () => void): () => void {
  let all = stops.get(signal)
  if (!all) {
    const listed = new Set<() => void>()
    signal.addEventListener(
      'abort',
      () => {
        for (const each of [...listed]) each()
      },
      { once: true },
    )
    stops.set(signal, listed)
    all = listed
  }
  all.add(stop)
  return () => void all.delete(stop)
}

/**
 * Runs work that `stop` ends. Rejects as soon as the signal aborts. The work may still finish later; its result then
 * goes to `discard`.
 */
export async function withAbort<T>(
  signal: AbortSignal | undefined,
  stop: () => void,
  run: () => Promise<T>,
  discard?: (value: T) => void,
): Promise<T> {
  if (!signal) return run()
  if (signal.aborted) throw abortError(signal)
  const work = run()
  return new Promise<T>((resolve, reject) => {
    const forget = onAbort(signal, () => {
      stop()
      reject(abortError(signal))
      if (discard) work.then(discard, () => {})
    })
    // Settle and remove the listener in the same tick: an abort in between would discard what the caller has been given.
    work.then(
      (value) => {
        forget()
        resolve(value)
      },
      (error) => {
        forget()
        reject(error)
      },
    )
  })
}
