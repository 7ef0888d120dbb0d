/** Metrics in Prometheus' text format. */
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { Queue } from 'bullmq'
import type { ShardJob, ShardResult } from './job.js'
import type { WorkReport } from './work.js'

export class Metrics {
  readonly #queue: Queue<ShardJob, ShardResult, string>
  readonly #report: () => WorkReport
  #server: Server | undefined

  constructor(queue: Queue<ShardJob, ShardResult, string>, report: () => WorkReport) {
    this.#queue = queue
    this.#report = report
  }

  /** Serves /metrics on the loopback interface. */
  async listen(port: number): Promise<void> {
    this.#server = createServer(async (request, response) => {
      if (request.method !== 'GET' || request.url !== '/metrics') {
        response.writeHead(404).end()
        return
      }
      const shared = await this.#queue.exportPrometheusMetrics().catch(() => '')
      response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' })
      response.end(`${shared.trimEnd()}\n${workerMetrics(this.#report())}`)
    })
    this.#server.listen(port, '127.0.0.1')
    await once(this.#server, 'listening')
  }

  async close(): Promise<void> {
    this.#server?.closeAllConnections()
    await new Promise<void>((resolve) => (this.#server ? this.#server.close(() => resolve()) : resolve()))
  }
}

function workerMetrics({ shards, rows, failed }: WorkReport): string {
  const counters = { shards, rows, rows_failed: failed }
  return Object.entries(counters)
    .map(([name, value]) => `# TYPE clvp_batch_${name}_total counter\nclvp_batch_${name}_total ${value}\n`)
    .join('')
}
