/** Takes shards from the queue and runs them. */
import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { Queue, UnrecoverableError, WaitingError, Worker } from 'bullmq'
import { ClvpError, type ClvpLoadOptions } from 'node-clvp'
import { connect, queueError, queueName, reach } from './connection.js'
import type { BatchJob, ShardJob, ShardProgress, ShardResult } from './job.js'
import { Metrics } from './metrics.js'
import { Models } from './models.js'

export interface WorkOptions {
  /** Address of Redis. */
  queue: string
  /** Returns once no shard is waiting, delayed or at work anywhere. */
  exitWhenEmpty?: boolean
  /** Rows at work together; default: what fills the model's batch. */
  concurrency?: number | undefined
  /** Options of loading that change no result. */
  load?: ClvpLoadOptions
  /** Where this machine has the input, if not where the manifest says. */
  input?: string | undefined
  /** A shard whose worker has not been heard for so long goes to another one; default 30. */
  lockSeconds?: number | undefined
  /** Port on the loopback interface that serves metrics. */
  metricsPort?: number | undefined
  /** Stops the work at once; the shard goes back. */
  signal: AbortSignal
  onProgress?: (report: WorkReport) => void
}

/** What this worker did. */
export interface WorkReport {
  shards: number
  rows: number
  failed: number
}

/** A shard that ends its worker so often is not tried again. */
const mostStalls = 20
const progressMs = 2000
const lookMs = 1000

/** Another attempt would fail in the same way. */
const lasting = ['CLVP_INVALID_ARGUMENT', 'CLVP_MODEL_FORMAT', 'CLVP_UNSUPPORTED']

export async function workQueue(options: WorkOptions): Promise<WorkReport> {
  const work = new QueueWork(options)
  return work.run()
}

class QueueWork {
  readonly #options: WorkOptions
  readonly #models: Models
  readonly #report: WorkReport = { shards: 0, rows: 0, failed: 0 }
  readonly #name = `${hostname()}-${process.pid}`

  constructor(options: WorkOptions) {
    this.#options = options
    this.#models = new Models(options.queue, options.load ?? {}, options.input)
  }

  async run(): Promise<WorkReport> {
    const { queue: url, signal, lockSeconds = 30, metricsPort } = this.#options
    await reach(url)
    const connection = connect(url, true)
    const probe = connect(url, false)
    const queue = new Queue<ShardJob, ShardResult, string>(queueName, { connection: probe })
    queue.on('error', () => {})
    const metrics = new Metrics(queue, () => this.#report)
    let worker: Worker<ShardJob, ShardResult, string> | undefined
    try {
      if (metricsPort !== undefined) await metrics.listen(metricsPort)
      worker = new Worker(queueName, (job, token) => this.#process(job, token), {
        connection,
        name: this.#name,
        concurrency: 1,
        lockDuration: lockSeconds * 1000,
        stalledInterval: lockSeconds * 1000,
        maxStalledCount: mostStalls,
        metrics: { maxDataPoints: 60 },
      })
      worker.on('error', () => {}) // connections are made again
      await this.#wait(queue, signal)
      return { ...this.#report }
    } catch (error) {
      throw queueError(url, error)
    } finally {
      await worker?.close().catch(() => {})
      await metrics.close()
      await queue.close().catch(() => {})
      connection.disconnect()
      probe.disconnect()
      await this.#models.close()
    }
  }

  /** Until the signal, or until the queue is empty. */
  async #wait(queue: Queue<ShardJob, ShardResult, string>, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await sleep(lookMs, undefined, { signal }).catch(() => {})
      if (signal.aborted || !this.#options.exitWhenEmpty) continue
      const counts = await queue
        .getJobCounts('waiting', 'active', 'delayed', 'prioritized')
        .catch(() => undefined)
      if (counts && Object.values(counts).every((count) => count === 0)) return
    }
  }

  async #process(job: BatchJob, token: string | undefined): Promise<ShardResult> {
    const { signal } = this.#options
    const started = performance.now()
    const progress: ShardProgress = { rows: 0, failed: 0 }
    const tell = setInterval(() => void job.updateProgress({ ...progress }).catch(() => {}), progressMs)
    try {
      signal.throwIfAborted()
      const { run, clvp } = await this.#models.of(job.data)
      await run.runShard(clvp, job.data.shard, {
        signal,
        concurrency: this.#options.concurrency,
        onRow: ({ error }) => {
          progress.rows++
          if (error) progress.failed++
        },
      })
    } catch (error) {
      if (signal.aborted && token !== undefined) {
        await job.moveToWait(token) // back to the queue at once, for another worker
        throw new WaitingError()
      }
      throw lastingError(error)
    } finally {
      clearInterval(tell)
    }
    this.#report.shards++
    this.#report.rows += progress.rows
    this.#report.failed += progress.failed
    this.#options.onProgress?.({ ...this.#report })
    return { ...progress, seconds: (performance.now() - started) / 1000 }
  }
}

function lastingError(error: unknown): unknown {
  if (!(error instanceof ClvpError) || !lasting.includes(error.code)) return error
  return new UnrecoverableError(`${error.message} (${error.code})`)
}
