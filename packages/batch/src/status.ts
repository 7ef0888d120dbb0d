/** What the queue holds, who works on it, and what has failed. */
import type { Queue } from 'bullmq'
import type { ShardJob, ShardProgress, ShardResult } from './job.js'
import { withQueue } from './queue.js'

export interface FailedShard {
  job: string
  store: string
  shard: number
  attempts: number
  reason: string
}

export interface QueueStatus {
  /** Jobs by state. */
  jobs: Record<string, number>
  workers: number
  /** Shards at work: by whom, and how many rows are done. */
  active: { job: string; worker: string; rows: number }[]
  /** Over the shards that ended in the last ten minutes. */
  rowsPerSecond: number
  failed: FailedShard[]
}

const recentMs = 600_000
/** Failed shards that are listed. */
const mostFailed = 100

/** @throws ClvpError CLVP_IO if the queue cannot be reached */
export function queueStatus(url: string): Promise<QueueStatus> {
  return withQueue(url, async (queue) => {
    const jobs = await queue.getJobCounts('waiting', 'active', 'delayed', 'completed', 'failed')
    const active = (await queue.getActive()).map(({ id, processedBy, progress }) => ({
      job: id ?? '',
      worker: processedBy ?? '',
      rows: (progress as ShardProgress).rows ?? 0,
    }))
    const failed = (await queue.getFailed(0, mostFailed - 1)).map((job) => ({
      job: job.id ?? '',
      store: job.data.store,
      shard: job.data.shard,
      attempts: job.attemptsMade,
      reason: job.failedReason ?? '',
    }))
    const workers = (await queue.getWorkersCount().catch(() => 0)) ?? 0
    return { jobs, workers, active, rowsPerSecond: await rate(queue), failed }
  })
}

/** Metrics in Prometheus' text format. */
export function queueMetrics(url: string): Promise<string> {
  return withQueue(url, (queue) => queue.exportPrometheusMetrics())
}

/**
 * Sends failed shards again.
 *
 * @returns how many
 */
export function retryFailed(url: string): Promise<number> {
  return withQueue(url, async (queue) => {
    const failed = await queue.getFailed()
    for (const job of failed) await job.retry('failed', { resetAttemptsMade: true })
    return failed.length
  })
}

async function rate(queue: Queue<ShardJob, ShardResult, string>): Promise<number> {
  const since = Date.now() - recentMs
  const recent = (await queue.getCompleted()).filter(({ finishedOn = 0 }) => finishedOn > since)
  const rows = recent.reduce((sum, { returnvalue }) => sum + (returnvalue?.rows ?? 0), 0)
  const first = Math.min(...recent.map(({ processedOn = Date.now() }) => processedOn))
  return rows === 0 ? 0 : rows / Math.max(1, (Date.now() - Math.max(first, since)) / 1000)
}
