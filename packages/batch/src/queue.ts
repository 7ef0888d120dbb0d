/** The queue of shards, for as long as a call needs it. */
import { Queue } from 'bullmq'
import { connect, queueError, queueName, reach } from './connection.js'
import type { ShardJob, ShardResult } from './job.js'

/** @throws ClvpError CLVP_IO if the queue cannot be reached */
export async function withQueue<T>(
  url: string,
  run: (queue: Queue<ShardJob, ShardResult, string>) => Promise<T>,
): Promise<T> {
  await reach(url)
  const connection = connect(url, false)
  const queue = new Queue<ShardJob, ShardResult, string>(queueName, { connection })
  queue.on('error', () => {})
  try {
    return await run(queue)
  } catch (error) {
    throw queueError(url, error)
  } finally {
    await queue.close().catch(() => {})
    connection.disconnect()
  }
}
