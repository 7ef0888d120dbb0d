/** The jobs of the queue: a shard of a run each, never a row. */
import { createHash } from 'node:crypto'
import type { Job } from 'bullmq'

export interface ShardJob {
  /** Where the run's files are. */
  store: string
  /** The run's key in its manifest. */
  key: string
  /** Rows of the run when the job was sent: more mean that the input grew. */
  rows: number
  shard: number
}

/** How far a job is. */
export interface ShardProgress {
  rows: number
  failed: number
}

export interface ShardResult extends ShardProgress {
  seconds: number
}

export type BatchJob = Job<ShardJob, ShardResult, string>

/** The same shard of the same run has the same name: a second job is refused while the first is kept. */
export function jobId({ store, key, rows, shard }: ShardJob): string {
  const run = createHash('sha256')
    .update(JSON.stringify([store, key, rows]))
    .digest('hex')
  return `run${run.slice(0, 16)}-${shard}`
}
