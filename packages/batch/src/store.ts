/** Opens the place that a run's files are kept in. */
import { type BatchStore, ClvpError, FolderStore } from 'node-clvp'
import { QueueStore } from './queue_store.js'
import { S3Store } from './s3_store.js'

/**
 * @param url a folder; `s3://bucket/prefix`; or `queue:NAME` for small results, which are kept in the Redis of the queue
 * @param queue address of the queue's Redis
 */
export function openStore(url: string, queue?: string): BatchStore {
  if (url.startsWith('s3://')) return S3Store.open(url)
  if (!url.startsWith('queue:')) return new FolderStore(url)
  if (queue !== undefined) return new QueueStore(url, queue)
  throw new ClvpError(
    'CLVP_INVALID_ARGUMENT',
    `Expected a queue for ${url} but received none: name it with --queue`,
  )
}

/** Ends what a store holds open. */
export async function closeStore(store: BatchStore): Promise<void> {
  if (store instanceof QueueStore) await store.close()
}
