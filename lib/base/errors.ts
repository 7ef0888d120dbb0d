/** Every error this package raises on purpose carries one of these codes. */
export type ClvpErrorCode =
  /** A wrong option, text, row or path. */
  | 'CLVP_INVALID_ARGUMENT'
  /** A file that is damaged, or is not a model file or checkpoint. */
  | 'CLVP_MODEL_FORMAT'
  /** Valid, but not supported by this build or model; or the addon could not be loaded. */
  | 'CLVP_UNSUPPORTED'
  /** A signal stopped the call. */
  | 'CLVP_ABORTED'
  /** The model was disposed of. */
  | 'CLVP_DISPOSED'
  | 'CLVP_OUT_OF_MEMORY'
  /** A file could not be read or written. */
  | 'CLVP_IO'
  /** More calls at the same time than `maxCalls` allows. */
  | 'CLVP_BUSY'
  /** A device is missing, or a computation on it failed. */
  | 'CLVP_DEVICE'
  /** Audio that is damaged, empty, too long, or of an unknown format. */
  | 'CLVP_AUDIO'

/**
 * The one error class of this package. `code` names the kind of failure; the message says what was expected, what was
 * received and what to do. An abort has the `name` `'AbortError'`, like the platform's own aborts.
 *
 * @example
 * ```js
 * try {
 *   await Clvp.load('missing.gguf')
 * } catch (error) {
 *   if (!(error instanceof ClvpError) || error.code !== 'CLVP_IO') throw error
 *   console.error(error.message)
 * }
 * ```
 */
export class ClvpError extends Error {
  readonly code: ClvpErrorCode

  constructor(code: ClvpErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = code === 'CLVP_ABORTED' ? 'AbortError' : 'ClvpError'
    this.code = code
  }
}

/** What an error says. Errors of other realms and errors that are no `Error` say something too. */
export function reasonOf(error: unknown): string {
  const message = (error as { message?: unknown } | null | undefined)?.message
  return typeof message === 'string' && message !== '' ? message : String(error)
}

/** Describes a value for an error message, briefly and without running its code. */
export function describe(value: unknown): string {
  if (typeof value === 'string') {
    const shown = value.length > 60 ? `${value.slice(0, 57)}...` : value
    return `${JSON.stringify(shown)} of type string`
  }
  if (value === null || value === undefined) return String(value)
  if (typeof value === 'bigint') return `${value}n of type bigint`
  if (typeof value === 'number' || typeof value === 'boolean') return `${value} of type ${typeof value}`
  if (ArrayBuffer.isView(value)) return `a ${Object.prototype.toString.call(value).slice(8, -1)}`
  if (Array.isArray(value)) return `an array of length ${value.length}`
  return `a value of type ${typeof value}`
}

/** The one shape of a validation message: "Expected <what> for <name> but received <value> of type <type>". */
export function invalid(what: string, name: string, value: unknown): ClvpError {
  return new ClvpError(
    'CLVP_INVALID_ARGUMENT',
    `Expected ${what} for ${name} but received ${describe(value)}`,
  )
}

/** The error of a damaged file; `kind` is what it should be, such as 'zip'. */
export function malformed(path: string, reason: string, kind?: string): ClvpError {
  const what = kind === undefined ? path : `${path} is not a valid ${kind} file`
  return new ClvpError('CLVP_MODEL_FORMAT', `${what}: ${reason}`)
}

/** The error of a call whose signal has aborted; the signal's reason is its cause. */
export function abortError(signal: AbortSignal): ClvpError {
  return new ClvpError('CLVP_ABORTED', 'The operation was aborted', { cause: signal.reason })
}

/** The error of every call after dispose(), and of the calls that dispose() ends. */
export function disposedError(): ClvpError {
  return new ClvpError('CLVP_DISPOSED', 'This model was disposed of: load it again')
}
