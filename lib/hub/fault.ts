/** Errors of connections to the hub. */
import { ClvpError, reasonOf } from '../base/errors.js'

/** A longer Retry-After is treated as a refusal. */
const MAX_WAIT_MS = 60_000

interface Traits {
  /** The error is temporary: the same request may succeed later. */
  isPassing?: boolean
  /** There was no definite answer: a cached snapshot may be used instead. */
  isUnreachable?: boolean
  /** Milliseconds that the hub asks to wait. */
  wait?: number
  cause?: unknown
}

/** A CLVP_IO error that tells the caller whether to retry or to use the cache. */
export class HubFault extends ClvpError {
  readonly isPassing: boolean
  readonly isUnreachable: boolean
  readonly wait: number

  constructor(message: string, { isPassing = false, isUnreachable = false, wait = 0, cause }: Traits = {}) {
    super('CLVP_IO', message, cause === undefined ? undefined : { cause })
    this.isPassing = isPassing && wait <= MAX_WAIT_MS
    this.isUnreachable = isUnreachable
    this.wait = wait
  }
}

/** Temporary failures of a connection. Others, such as an unknown host or an invalid certificate, are permanent. */
const passingCodes = new Set([
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'UND_ERR_SOCKET',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
])

/** Converts an error of fetch, or of reading its body. */
export function connectionFault(url: URL, error: unknown): HubFault {
  if (error instanceof HubFault) return error
  const cause = (error as { cause?: unknown } | undefined)?.cause ?? error
  const code = String((cause as NodeJS.ErrnoException | undefined)?.code ?? '')
  const { message } = (cause ?? {}) as { message?: unknown }
  const reason = message ? reasonOf(cause) : code || String(cause)
  const isPassing = passingCodes.has(code) || code.startsWith('HPE_')
  return new HubFault(`No answer from ${shown(url)}: ${reason}`, {
    isPassing,
    isUnreachable: true,
    cause: error,
  })
}

export function silenceFault(url: URL, milliseconds: number): HubFault {
  const message = `${shown(url)} sent nothing for ${milliseconds / 1000} s`
  return new HubFault(message, { isPassing: true, isUnreachable: true })
}

/** The fault for a temporary error status: a busy, failing or restarting server. */
export function busyFault(url: URL, status: number, headers: Headers): HubFault | undefined {
  if (status !== 408 && status !== 429 && status < 500) return undefined
  const wait = retryAfter(headers.get('retry-after'))
  const asked = wait > 0 ? ` and asks to wait ${Math.ceil(wait / 1000)} s` : ''
  return new HubFault(`${shown(url)} answered ${status}${asked}`, {
    isPassing: true,
    isUnreachable: true,
    wait,
  })
}

/** Converts a Retry-After header, a number of seconds or a date, to milliseconds. */
function retryAfter(value: string | null): number {
  if (value === null) return 0
  const wait = /^\d+$/.test(value.trim()) ? Number(value) * 1000 : Date.parse(value) - Date.now()
  return Number.isNaN(wait) ? 0 : Math.max(0, wait)
}

/** The address without its query, which may contain a storage signature. */
export function shown(url: URL): string {
  return `${url.origin}${url.pathname}`
}
