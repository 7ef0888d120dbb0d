/**
 * Claims of shards by processes that share a folder. They only save work: a shard that two processes run gets the same bytes from both.
 */
import { randomUUID } from 'node:crypto'
import { mkdir, open, readdir, readFile, rm, rmdir, stat, utimes } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { ClvpError } from '../base/errors.js'
import { isAbsence } from '../base/files.js'

const beatMs = 5_000
/** A claim that was not renewed for so long is nobody's. */
const staleMs = 30_000
const mostAttempts = 10

interface Owner {
  host: string
  pid: number
  token: string
}

export class Claims {
  readonly #folder: string
  readonly #held = new Map<number, string>()
  #beat: NodeJS.Timeout | undefined

  constructor(folder: string) {
    this.#folder = join(folder, 'claims')
  }

  /** Claims a shard. False if another process has it. */
  async take(shard: number): Promise<boolean> {
    const token = randomUUID()
    if (!(await this.#create(shard, token))) {
      if (!(await this.#isStale(shard))) return false
      await rm(this.#path(shard), { force: true })
      if (!(await this.#create(shard, token))) return false
    }
    this.#held.set(shard, token)
    this.#beat ??= setInterval(() => void this.#renew(), beatMs).unref()
    return true
  }

  async release(shard: number): Promise<void> {
    const token = this.#held.get(shard)
    this.#held.delete(shard)
    if (this.#held.size === 0) {
      clearInterval(this.#beat)
      this.#beat = undefined
    }
    // Another process may have taken it while this one was stopped.
    if ((await this.#owner(shard))?.token === token)
      await rm(this.#path(shard), { force: true }).catch(() => {})
  }

  /** Removes the folder, unless others have claims. */
  async close(): Promise<void> {
    await rmdir(this.#folder).catch(() => {})
  }

  /** Shards that processes are at work on. */
  async live(): Promise<number[]> {
    const names = await readdir(this.#folder).catch(() => [])
    const shards = names.map(Number).filter(Number.isInteger)
    const stale = await Promise.all(shards.map((shard) => this.#isStale(shard)))
    return shards.filter((_, i) => !stale[i]).sort((a, b) => a - b)
  }

  async #create(shard: number, token: string): Promise<boolean> {
    const owner: Owner = { host: hostname(), pid: process.pid, token }
    for (let attempt = 1; ; attempt++) {
      try {
        await mkdir(this.#folder, { recursive: true })
        const file = await open(this.#path(shard), 'wx')
        await file.writeFile(JSON.stringify(owner)).finally(() => file.close())
        return true
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException
        if (code === 'EEXIST') return false
        // Another process that is done may remove the folder at any time.
        if (code !== 'ENOENT' || attempt === mostAttempts) this.#fail(error)
      }
    }
  }

  async #isStale(shard: number): Promise<boolean> {
    try {
      const { mtimeMs } = await stat(this.#path(shard))
      if (Date.now() - mtimeMs > staleMs) return true
    } catch (error) {
      return isAbsence(error)
    }
    const owner = await this.#owner(shard)
    return owner?.host === hostname() && !isAlive(owner.pid)
  }

  async #owner(shard: number): Promise<Owner | undefined> {
    try {
      return JSON.parse(await readFile(this.#path(shard), 'utf8')) as Owner
    } catch {
      return undefined // gone, or being written
    }
  }

  async #renew(): Promise<void> {
    const now = new Date()
    for (const shard of this.#held.keys()) await utimes(this.#path(shard), now, now).catch(() => {})
  }

  #path(shard: number): string {
    return join(this.#folder, String(shard))
  }

  #fail(cause: unknown): never {
    throw new ClvpError('CLVP_IO', `${this.#folder} could not be written: ${(cause as Error).message}`, {
      cause,
    })
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}
