/** Wraps a caller's functions for the core. The wrappers never throw; the first error ends the call they belong to. */

/** A callback that is no longer called once something has failed. */
export function quiet<A>(
  callback: (value: A) => void,
  failed: () => boolean,
  caught: (error: unknown) => void,
) {
  return (value: A) => {
    if (failed()) return
    try {
      callback(value)
    } catch (error) {
      caught(error)
    }
  }
}

/** A callback that is no longer called after its first error. `fail` receives that error. */
export function once<A>(callback: (value: A) => void, fail: (error: unknown) => void): (value: A) => void {
  let failed = false
  const caught = (error: unknown) => {
    failed = true
    fail(error)
  }
  return quiet(callback, () => failed, caught)
}

/** Runs a call whose callbacks may fail: the first error stops the call, and the call rejects with it. */
export async function guard<T>(
  stop: () => void,
  call: (fail: (error: unknown) => void) => Promise<T>,
): Promise<T> {
  let thrown: { error: unknown } | undefined
  const running = call((error) => {
    thrown ??= { error }
    stop()
  })
  await running.catch(() => {})
  if (thrown) throw thrown.error
  return running
}
