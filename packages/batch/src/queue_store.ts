/** The files of a small run, kept in the Redis of the queue: no folder is shared. */
import type { Redis } from 'ioredis'
import { type BatchStore, ClvpError, type WriteOptions } from 'node-clvp'
import { connect, queueError } from './connection.js'

/** Redis holds everything in memory. */
const mostBytes = 64 * 2 ** 20

export class QueueStore implements BatchStore {
  readonly url: string
  readonly #queue: string
  readonly #redis: Redis
  readonly #key: string

  /** @param url `queue:NAME` */
  constructor(url: string, queue: string) {
    const name = url.slice('queue:'.length)
    if (!/^[\w.-]{1,100}$/.test(name)) {
      throw new ClvpError(
        'CLVP_INVALID_ARGUMENT',
        `Expected queue:NAME with letters, digits, '.', '_' and '-' but received '${url}'`,
      )
    }
    this.url = url
    this.#queue = queue
    this.#redis = connect(queue, false)
    this.#key = `clvp-run:${name}`
  }

  async names(prefix = ''): Promise<string[]> {
    const names = await this.#call(() => this.#redis.hkeys(this.#key))
    return names.filter((name) => name.startsWith(prefix) && !name.includes('/'))
  }

  async read(name: string): Promise<Uint8Array | undefined> {
    return (await this.#call(() => this.#redis.hgetBuffer(this.#key, name))) ?? undefined
  }

  async write(name: string, bytes: Uint8Array, { onlyNew = false }: WriteOptions = {}): Promise<boolean> {
    if (bytes.length > mostBytes) {
      throw new ClvpError(
        'CLVP_INVALID_ARGUMENT',
        `Expected at most ${mostBytes} bytes for ${name} in ${this.url} but received ${bytes.length}: name a folder or s3:// for larger runs`,
      )
    }
    const value = Buffer.from(bytes)
    if (!onlyNew) {
      await this.#call(() => this.#redis.hset(this.#key, name, value))
      return true
    }
    return (await this.#call(() => this.#redis.hsetnx(this.#key, name, value))) === 1
  }

  async remove(name: string): Promise<void> {
    await this.#call(() => this.#redis.hdel(this.#key, name))
  }

  async close(): Promise<void> {
    this.#redis.disconnect()
  }

  async #call<T>(run: () => Promise<T>): Promise<T> {
    return run().catch((error) => {
      throw queueError(this.#queue, error)
    })
  }
}
