/** Hands out the shards of a run. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Queue } from 'bullmq'
import type { BatchRun } from 'node-clvp'
import { jobId, type ShardJob, type ShardResult } from './job.js'
import { withQueue } from './queue.js'

export interface SubmitOptions {
  /** Address of Redis. */
  queue: string
  /** Returns once all parts are there, or only failed shards are left. Sends jobs again that Redis lost. */
  isWaiting?: boolean
  signal: AbortSignal
  /** Finished shards and all of them. */
  onProgress?: (done: number, all: number) => void
}

export interface SubmitReport {
  /** Shards of the run, and those without a part. */
  shards: number
  pending: number
  /** Pending shards whose job has failed. */
  failed: number
}

/** Jobs that are added in one call. */
const together = 1000
const lookMs = 1000
/** How often jobs are sent again while waiting: those that are there are not doubled. */
const resendMs = 30_000

/** Jobs are retried with growing delays: a full disk or a storage that is away for a while. */
const jobOptions = {
  attempts: 8,
  backoff: { type: 'exponential', delay: 1000, jitter: 0.5 },
  removeOnComplete: { count: 1000 },
} as const

/** @throws ClvpError CLVP_IO if the queue cannot be reached */
export async function submitRun(run: BatchRun, options: SubmitOptions): Promise<SubmitReport> {
  const { queue: url, isWaiting = false, signal, onProgress } = options
  return withQueue(url, async (queue) => {
    let pending = await send(queue, run)
    let sentAt = performance.now()
    for (;;) {
      const failed = await failedShards(queue, run, pending)
      onProgress?.(run.shards() - pending.length, run.shards())
      if (!isWaiting || failed === pending.length)
        return { shards: run.shards(), pending: pending.length, failed }
      await sleep(lookMs, undefined, { signal })
      pending = await run.pending()
      if (performance.now() - sentAt < resendMs) continue
      await send(queue, run).catch(() => {}) // Redis may be away for a while
      sentAt = performance.now()
    }
  })
}

async function send(queue: Queue<ShardJob, ShardResult, string>, run: BatchRun): Promise<number[]> {
  const pending = await run.pending()
  const jobs = pending.map((shard) => jobOf(run, shard))
  const ids = new Set(jobs.map(jobId))
  // A job that ended without its part being there, as somebody removed it.
  for (const job of await queue.getCompleted())
    if (job.id !== undefined && ids.has(job.id)) await job.remove()
  for (let at = 0; at < jobs.length; at += together) {
    const some = jobs.slice(at, at + together)
    await queue.addBulk(
      some.map((data) => ({ name: run.manifest.task, data, opts: { ...jobOptions, jobId: jobId(data) } })),
    )
  }
  return pending
}

function jobOf(run: BatchRun, shard: number): ShardJob {
  return { store: run.store.url, key: run.manifest.key, rows: run.rows, shard }
}

async function failedShards(
  queue: Queue<ShardJob, ShardResult, string>,
  run: BatchRun,
  pending: readonly number[],
): Promise<number> {
  if (pending.length === 0) return 0
  const failed = new Set((await queue.getFailed()).map(({ id }) => id))
  return pending.filter((shard) => failed.has(jobId(jobOf(run, shard)))).length
}
