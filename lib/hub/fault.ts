/** What can go wrong between here and the hub. */
import { ClvpError } from '../base/errors.js'

/** The hub asks for more patience than this only when it does not want to be asked at all. */
const MAX_WAIT_MS = 60_000

interface Traits {
  /** The same request may succeed a little later. */
  isPassing?: boolean
  /** Nothing was heard that says yes or no: a snapshot that is here already may stand in. */
  isUnreachable?: boolean
  /** Milliseconds that the hub wants to be left alone. */
  wait?: number
  cause?: unknown
}

/** A CLVP_IO with what a caller of the hub has to know to go on after it. */
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

/** What a connection that worked may die of. Anything else, a name that is not known or a wrong certificate, stays as it is. */
const passingCodes = new Set([
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'UND_ERR_SOCKET',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
])

/** The fault behind what fetch, or reading what it gave, has thrown. */
export function connectionFault(url: URL, error: unknown): HubFault {
  if (error instanceof HubFault) return error
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  const code = String((cause as NodeJS.ErrnoException | undefined)?.code ?? '')
  const reason = (cause instanceof Error && cause.message) || code || String(cause)
  const isPassing = passingCodes.has(code) || code.startsWith('HPE_')
  return new HubFault(`No answer from ${shown(url)}: ${reason}`, {
    isPassing,
    isUnreachable: true,
    cause: error,
  })
}

export function silenceFault(url: URL, milliseconds: number): HubFault {
  const message = `${shown(url)} kept silent for ${milliseconds / 1000} s`
  return new HubFault(message, { isPassing: true, isUnreachable: true })
}

/** The fault of a status that says "not now": a busy, broken or restarting server. */
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

/** A Retry-After, which is a number of seconds or a date, in milliseconds. */
function retryAfter(value: string | null): number {
  if (value === null) return 0
  const wait = /^\d+$/.test(value.trim()) ? Number(value) * 1000 : Date.parse(value) - Date.now()
  return Number.isNaN(wait) ? 0 : Math.max(0, wait)
}

/** Without the query, which holds the signature where a storage's addresses are signed. */
export function shown(url: URL): string {
  return `${url.origin}${url.pathname}`
}
