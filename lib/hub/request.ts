/** One HTTP request: redirects, time limits, and the token, which is sent only to the hub's own host. */
import { onAbort } from '../base/abort.js'
import { abortError } from '../base/errors.js'
import { busyFault, connectionFault, HubFault, shown, silenceFault } from './fault.js'

export interface RequestOptions {
  method?: 'GET' | 'HEAD'
  headers?: Record<string, string>
  token: string | undefined
  /** Milliseconds without data after which the request fails. */
  timeout: number
  signal: AbortSignal | undefined
  /** Do not follow a redirect to another host: the response before it already has the needed headers. */
  staysOnHost?: boolean
}

/** A response without a temporary error. Its body must be read to its end, or closed. */
export interface Reply {
  url: URL
  status: number
  /** The headers of each response in the redirect chain, in order. */
  hops: Headers[]
  headers: Headers
  body: AsyncIterable<Uint8Array>
  close(): void
}

const MAX_REDIRECTS = 10
/** Fewer bytes than this within the time limit also count as a timeout. */
const MIN_BYTES = 1024

/** @throws HubFault, or CLVP_ABORTED */
export async function request(address: string, options: RequestOptions): Promise<Reply> {
  const start = new URL(address)
  const watch = new Watch(options.timeout, options.signal, () => silenceFault(start, options.timeout))
  let url = start
  try {
    const hops: Headers[] = []
    for (let isHome = true; ; ) {
      const response = await ask(url, options, isHome, watch.signal)
      watch.restart()
      hops.push(response.headers)
      const close = () => {
        watch.end()
        response.body?.cancel().catch(() => {})
      }
      const next = redirect(response, url)
      if (!next || (options.staysOnHost && next.origin !== url.origin)) {
        const busy = busyFault(url, response.status, response.headers)
        if (busy) {
          close()
          throw busy
        }
        const body = watched(response, url, watch, options.signal)
        return { url, status: response.status, hops, headers: response.headers, body, close }
      }
      response.body?.cancel().catch(() => {})
      if (hops.length > MAX_REDIRECTS)
        throw new HubFault(`${shown(start)} redirects more than ${MAX_REDIRECTS} times`)
      if (next.protocol !== 'https:' && next.protocol !== start.protocol) {
        throw new HubFault(`${shown(start)} redirects to ${next.protocol}//${next.host}: expected https`)
      }
      // After a redirect to another host the token is never sent again.
      isHome &&= next.origin === start.origin
      url = next
    }
  } catch (error) {
    watch.end()
    throw failure(error, url, options.signal)
  }
}

function ask(url: URL, options: RequestOptions, isHome: boolean, signal: AbortSignal): Promise<Response> {
  return fetch(url, {
    method: options.method ?? 'GET',
    headers: {
      'user-agent': 'node-clvp',
      // A compressed body differs in length from the file and cannot be resumed.
      'accept-encoding': 'identity',
      ...options.headers,
      ...(isHome && options.token !== undefined && { authorization: `Bearer ${options.token}` }),
    },
    redirect: 'manual',
    signal,
  })
}

function redirect(response: Response, url: URL): URL | undefined {
  const location = response.headers.get('location')
  if (response.status < 300 || response.status > 399 || location === null) return undefined
  let next: URL
  try {
    next = new URL(location, url)
  } catch (cause) {
    throw new HubFault(`${shown(url)} redirects to an invalid address`, { cause })
  }
  // fetch refuses such an address too, but shows the password.
  if (next.username || next.password)
    throw new HubFault(`${shown(url)} redirects to an address with a password`)
  return next
}

/** Applies the time limit to each chunk of a body. The time that the reader needs does not count. */
async function* watched(response: Response, url: URL, watch: Watch, signal: AbortSignal | undefined) {
  try {
    if (!response.body) return
    let stretch = 0
    for await (const chunk of response.body) {
      stretch += chunk.length
      const isEnough = stretch >= MIN_BYTES
      if (isEnough) watch.pause()
      yield chunk as Uint8Array
      if (isEnough) {
        watch.restart()
        stretch = 0
      }
    }
  } catch (error) {
    throw failure(error, url, signal)
  } finally {
    watch.end()
  }
}

function failure(error: unknown, url: URL, signal: AbortSignal | undefined): Error {
  return signal?.aborted ? abortError(signal) : connectionFault(url, error)
}

/** Aborts when the caller does, and after the time limit without data. */
class Watch {
  readonly #controller = new AbortController()
  readonly #timeout: number
  readonly #fault: () => HubFault
  readonly #forget: (() => void) | undefined
  #timer: NodeJS.Timeout | undefined
  #late: NodeJS.Immediate | undefined

  constructor(timeout: number, outer: AbortSignal | undefined, fault: () => HubFault) {
    this.#timeout = timeout
    this.#fault = fault
    const stop = () => this.#controller.abort(outer?.reason)
    if (outer?.aborted) stop()
    this.#forget = outer && onAbort(outer, stop)
    this.restart()
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  pause(): void {
    clearTimeout(this.#timer)
    clearImmediate(this.#late)
  }

  restart(): void {
    this.pause()
    // If this process was busy, data may be waiting: let the event loop read it before aborting.
    const stop = () => this.#controller.abort(this.#fault())
    this.#timer = setTimeout(() => {
      this.#late = setImmediate(stop)
    }, this.#timeout)
  }

  end(): void {
    this.pause()
    this.#forget?.()
  }
}
