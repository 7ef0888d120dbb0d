/** The addon, loaded on first use. This file turns its errors into ClvpErrors. */
import { ClvpError, type ClvpErrorCode } from '../base/errors.js'
import { loadAddon } from './addon.js'
import type { Binding } from './contract/binding.js'

let loaded: Binding | undefined

/** The addon, loaded on first use: code that does not need it, such as the command line's help, works without it. */
export const binding: Binding = new Proxy({} as Binding, {
  get(_, name) {
    loaded ??= loadAddon() as Binding
    return Reflect.get(loaded, name)
  },
})

// process.exit() runs no cleanup hooks of addons, but destroys GGML's tables under the threads that compute with them.
process.once('exit', () => loaded?.stopWorkers())

/** Turns an error of the addon into a ClvpError; returns others unchanged. */
export function rewrap(error: unknown): unknown {
  if (error instanceof ClvpError || typeof error !== 'object' || error === null) return error
  // In Jest and other `vm` contexts the addon's errors are not of the realm of this code.
  const { message, code } = error as { message?: unknown; code?: unknown }
  // node-addon-api turns C++'s own exception into this message.
  if (message === 'std::bad_alloc') {
    return new ClvpError('CLVP_OUT_OF_MEMORY', 'not enough memory', { cause: error })
  }
  if (typeof code !== 'string' || !code.startsWith('CLVP_')) return error
  return new ClvpError(code as ClvpErrorCode, String(message), { cause: error })
}

/** Awaits a native call and rewraps its errors. Takes a function, since argument checks throw synchronously. */
export async function native<T>(call: () => T | Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (error) {
    throw rewrap(error)
  }
}
