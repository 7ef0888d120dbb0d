/** @node-clvp/batch: runs of `clvp batch` over many machines. */

export { QueueStore } from './queue_store.js'
export { S3Store } from './s3_store.js'
export { type FailedShard, type QueueStatus, queueMetrics, queueStatus, retryFailed } from './status.js'
export { closeStore, openStore } from './store.js'
export { type SubmitOptions, type SubmitReport, submitRun } from './submit.js'
export { type WorkOptions, type WorkReport, workQueue } from './work.js'
