import { abortError } from './errors.js'

/**
 * Rejects as soon as a signal aborts, while the work goes on behind it; what that then gives is handed to `discard`.
 */
export async function abortable<T>(
  signal: AbortSignal | undefined,
  start: () => Promise<T>,
  discard?: (value: T) => void,
): Promise<T> {
  if (!signal) return start()
  if (signal.aborted) throw abortError(signal)
  const work = start()
  return new Promise<T>((resolve, reject) => {
    const onAbort = () => {
      reject(abortError(signal))
      if (discard) work.then(discard, () => {})
    }
    signal.addEventListener('abort', onAbort, { once: true })
    // Settled and deaf in one go: an abort in between would discard what the caller has been given.
    const settle = (act: () => void) => {
      signal.removeEventListener('abort', onAbort)
      act()
    }
    work.then(
      (value) => settle(() => resolve(value)),
      (error) => settle(() => reject(error)),
    )
  })
}
