/** The package that knows the queue. It is installed by those who need it. */
import type { BatchRun } from '../../batch/run.js'
import { type BatchStore, FolderStore } from '../../batch/store.js'
import type { ClvpLoadOptions } from '../../clvp/call_options.js'
import { otherPackage } from '../other_package.js'

/** What @node-clvp/batch exports, as the command line uses it. */
export interface QueuePackage {
  openStore(url: string, queue?: string): BatchStore
  closeStore(store: BatchStore): Promise<void>
  submitRun(
    run: BatchRun,
    options: SubmitOptions,
  ): Promise<{ shards: number; pending: number; failed: number }>
  workQueue(options: QueueWorkOptions): Promise<QueueWork>
  queueStatus(url: string): Promise<QueueState>
  queueMetrics(url: string): Promise<string>
  retryFailed(url: string): Promise<number>
}

interface SubmitOptions {
  queue: string
  isWaiting: boolean
  signal: AbortSignal
  onProgress(done: number, all: number): void
}

export interface QueueWorkOptions {
  queue: string
  exitWhenEmpty: boolean
  concurrency: number | undefined
  load: ClvpLoadOptions
  input: string | undefined
  lockSeconds: number | undefined
  metricsPort: number | undefined
  signal: AbortSignal
  onProgress(report: QueueWork): void
}

interface QueueWork {
  shards: number
  rows: number
  failed: number
}

export interface QueueState {
  jobs: Record<string, number>
  workers: number
  active: { job: string; worker: string; rows: number }[]
  rowsPerSecond: number
  failed: { job: string; store: string; shard: number; attempts: number; reason: string }[]
}

/** @throws ClvpError CLVP_UNSUPPORTED if the package is not installed */
export async function queuePackage(): Promise<QueuePackage> {
  return (await otherPackage('@node-clvp/batch', 'queues and remote storage')) as QueuePackage
}

/** A place that is no folder. */
export function isRemote(out: string): boolean {
  return /^(s3:\/\/|queue:)/.test(out)
}

export async function withStore<T>(
  out: string,
  queue: string | undefined,
  use: (store: BatchStore) => Promise<T>,
): Promise<T> {
  if (!isRemote(out)) return use(new FolderStore(out))
  const { openStore, closeStore } = await queuePackage()
  const store = openStore(out, queue)
  try {
    return await use(store)
  } finally {
    await closeStore(store)
  }
}
