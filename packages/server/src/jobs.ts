/** The work of requests: who may begin when, how long it may take, and what ends it. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Clvp } from 'node-clvp'
import { ApiError, unavailable } from './errors.js'
import { FairQueue, QueueFull } from './fair_queue.js'
import type { Metrics } from './metrics.js'
import { type HeldModel, Models, type ServedModel } from './models.js'
import type { Settings } from './settings.js'

/** Ends the work of clients that are gone: no answer reaches them. */
const gone = new ApiError('The client closed the connection', {
  status: 499,
  type: 'invalid_request_error',
  code: 'client_gone',
})

/** Milliseconds for the last answers to be read. */
export const lastWords = 2000

/** The work of one request, from its turn to the last byte of its answer. */
export class Job {
  /** Aborts the work: the client is gone, the time is over, or the server ends. */
  readonly signal: AbortSignal
  readonly #held: HeldModel
  readonly #onEnd: () => void
  #told = performance.now()
  #isWaiting = false

  constructor(held: HeldModel, signal: AbortSignal, onEnd: () => void) {
    this.#held = held
    this.signal = signal
    this.#onEnd = onEnd
  }

  get clvp(): Clvp {
    return this.#held.clvp
  }

  /** The work has come further. */
  readonly tell = (): void => {
    this.#told = performance.now()
  }

  /** The work waits for the client to read, which is no fault of the model. */
  wait(isWaiting: boolean): void {
    this.#isWaiting = isWaiting
    this.tell()
  }

  /** Seconds without progress. */
  get silence(): number {
    return this.#isWaiting ? 0 : (performance.now() - this.#told) / 1000
  }

  /** Gives the place and the model back. */
  end(): void {
    this.#held.release()
    this.#onEnd()
  }
}

export class Jobs {
  readonly #settings: Settings
  readonly #queue: FairQueue
  readonly #metrics: Metrics
  readonly #running = new Set<Job>()
  /** One for each request that has been accepted and not answered. */
  readonly #open = new Set<AbortController>()
  #isDraining = false
  #onEmpty: (() => void) | undefined
  /** A moving average, for Retry-After. */
  #seconds = 1

  constructor(settings: Settings, metrics: Metrics) {
    this.#settings = settings
    this.#metrics = metrics
    this.#queue = new FairQueue(settings.concurrency, settings.queue)
    metrics.watch(this.#queue)
  }

  get isDraining(): boolean {
    return this.#isDraining
  }

  /** The longest time in seconds for which a running job has made no progress. */
  get silence(): number {
    return Math.max(0, ...[...this.#running].map((job) => job.silence))
  }

  /**
   * Waits for the turn of a request and for its model. The job ends when the answer is sent, if not before.
   *
   * @throws ApiError 429, 503
   */
  async begin(request: FastifyRequest, reply: FastifyReply, model: ServedModel): Promise<Job> {
    if (this.#isDraining) throw unavailable('The server is shutting down: ask another one', 'draining', 5)
    Models.requireLoaded(model)
    const control = this.#watch(reply)
    const leave = await this.#enter(request.client, control.signal)
    const begun = performance.now()
    let held: HeldModel
    try {
      held = await model.hold()
    } catch (error) {
      leave()
      throw error
    }
    const job = new Job(held, control.signal, () => {
      if (!this.#running.delete(job)) return
      this.#seconds = 0.8 * this.#seconds + 0.2 * ((performance.now() - begun) / 1000)
      leave()
    })
    this.#running.add(job)
    reply.raw.once('close', () => job.end())
    return job
  }

  /**
   * Refuses new requests, waits for the accepted ones, and aborts those that are left after so many seconds. A client that does not read
   * its error holds nobody up.
   */
  async drain(seconds: number): Promise<void> {
    this.#isDraining = true
    if (this.#open.size === 0) return
    await new Promise<void>((resolve) => {
      this.#onEmpty = resolve
      const stop = setTimeout(() => {
        const reason = unavailable(
          'The server ended before the answer was complete: ask again',
          'draining',
          5,
        )
        for (const control of this.#open) control.abort(reason)
        setTimeout(resolve, lastWords).unref()
      }, 1000 * seconds)
      stop.unref()
    })
  }

  /** What ends the work of a request: a client that is gone, and the time limit. */
  #watch(reply: FastifyReply): AbortController {
    const { jobSeconds } = this.#settings
    const control = new AbortController()
    const late = setTimeout(() => {
      const message = `Expected work of at most ${jobSeconds} s but it took longer: ask for fewer candidates or a shorter text`
      control.abort(
        new ApiError(message, { status: 504, type: 'server_error', code: 'too_slow', isFinal: true }),
      )
    }, 1000 * jobSeconds)
    this.#open.add(control)
    reply.raw.once('close', () => {
      clearTimeout(late)
      if (!reply.raw.writableFinished) control.abort(gone)
      this.#open.delete(control)
      if (this.#open.size === 0) this.#onEmpty?.()
    })
    return control
  }

  async #enter(client: string, signal: AbortSignal): Promise<() => void> {
    try {
      return await this.#queue.enter(client, signal)
    } catch (error) {
      if (!(error instanceof QueueFull)) throw error
      this.#metrics.refused.inc()
      const { concurrency, queue } = this.#settings
      const seconds = Math.min(60, Math.ceil((this.#seconds * (queue + 1)) / concurrency))
      throw new ApiError(`The queue is full, ${queue} requests wait: try again in ${seconds} s`, {
        status: 429,
        type: 'rate_limit_error',
        code: 'queue_full',
        retryAfter: Math.max(1, seconds),
      })
    }
  }
}
