/** An answer that is sent while it is made. */
import { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'
import type { Job } from './jobs.js'

export class SoundReply {
  readonly #reply: FastifyReply
  readonly #job: Job
  readonly #readerSeconds: number

  constructor(reply: FastifyReply, job: Job, readerSeconds: number) {
    this.#reply = reply
    this.#job = job
    this.#readerSeconds = readerSeconds
  }

  /** Sends bytes or lines. If they fail, the connection is cut, so that the client knows. */
  send(chunks: AsyncIterable<Uint8Array | string>): FastifyReply {
    return this.#reply
      .headers({ 'cache-control': 'no-cache', 'x-accel-buffering': 'no' })
      .send(Readable.from(this.#watched(chunks), { objectMode: false, highWaterMark: 64 * 1024 }))
  }

  /** Cuts the connection of a client that does not read. */
  async *#watched(chunks: AsyncIterable<Uint8Array | string>): AsyncGenerator<Uint8Array | string> {
    const { raw } = this.#reply
    try {
      for await (const chunk of chunks) {
        const timer = setTimeout(() => raw.destroy(), 1000 * this.#readerSeconds)
        this.#job.wait(true)
        try {
          yield chunk
        } finally {
          clearTimeout(timer)
        }
        this.#job.wait(false)
      }
    } finally {
      this.#job.end()
    }
  }
}
