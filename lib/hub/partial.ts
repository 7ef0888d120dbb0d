/**
 * A partial download of a blob. While a process writes it, the file name contains that process. Once released or
 * abandoned, any process may resume it. A process claims it by renaming it, which succeeds for only one of several.
 */
import { createHash, randomBytes } from 'node:crypto'
import { readlinkSync } from 'node:fs'
import { type FileHandle, open, readdir, rename, rm, stat, utimes } from 'node:fs/promises'
import { hostname } from 'node:os'
import { dirname, join } from 'node:path'
import { ClvpError, reasonOf } from '../base/errors.js'
import { failIo, removeQuietly } from '../base/files.js'
import { wait } from './retries.js'

/** A writer that has written nothing for longer than this counts as ended. */
const FRESH_MS = 60_000
/** A partial download that nobody has resumed within this time is removed. */
const FORGOTTEN_MS = 24 * 3600_000
const POLL_MS = 200

/** Process ids are unique only within one machine and one container. */
const machine = createHash('sha256').update(`${hostname()} ${processSpace()}`).digest('hex').slice(0, 8)

function processSpace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid')
  } catch {
    return ''
  }
}

interface Found {
  path: string
  bytes: number
  /** A process is writing it. */
  isBusy: boolean
  /** No process writes it any more. */
  isFree: boolean
  isForgotten: boolean
}

export class Partial {
  readonly path: string
  readonly #free: string
  readonly #handle: FileHandle
  #bytes: number

  private constructor(path: string, free: string, handle: FileHandle, bytes: number) {
    this.path = path
    this.#free = free
    this.#handle = handle
    this.#bytes = bytes
  }

  /**
   * Claims a partial download of a blob, or starts a new one. Waits while another process writes it, and returns
   * undefined if that process completes it.
   */
  static async claim(
    blob: string,
    isDone: () => Promise<boolean>,
    signal: AbortSignal | undefined,
  ): Promise<Partial | undefined> {
    const free = `${blob}.clvp.incomplete`
    for (;;) {
      if (await isDone()) return undefined
      const found = await findParts(blob)
      if (!found.some(({ isBusy }) => isBusy)) return Partial.#take(blob, free, found)
      await wait(POLL_MS, signal)
    }
  }

  static async #take(blob: string, free: string, found: readonly Found[]): Promise<Partial> {
    const mine = `${blob}.clvp-${machine}-${process.pid}-${randomBytes(4).toString('hex')}.incomplete`
    for (const { path } of found.filter(({ isForgotten }) => isForgotten)) await rm(path, { force: true })
    const left = found.filter(({ isFree }) => isFree).sort((a, b) => b.bytes - a.bytes)
    let isTaken = false
    for (const { path } of left) {
      if (isTaken) await rm(path, { force: true })
      else isTaken = await rename(path, mine).then(...settled)
    }
    let handle: FileHandle | undefined
    try {
      handle = await open(mine, isTaken ? 'r+' : 'wx+')
      const now = new Date()
      await utimes(mine, now, now)
      return new Partial(mine, free, handle, (await handle.stat()).size)
    } catch (error) {
      await handle?.close().catch(() => {})
      await removeQuietly(mine) // otherwise the next call would wait for this process
      throw writeFault(mine, error)
    }
  }

  get bytes(): number {
    return this.#bytes
  }

  async append(chunk: Uint8Array): Promise<void> {
    try {
      for (let done = 0; done < chunk.length; ) {
        const { bytesWritten } = await this.#handle.write(chunk, done, chunk.length - done, this.#bytes)
        done += bytesWritten
        this.#bytes += bytesWritten
      }
    } catch (error) {
      throw writeFault(this.path, error)
    }
  }

  /** Keeps the first `bytes` bytes only. */
  async cut(bytes: number): Promise<void> {
    if (bytes >= this.#bytes) return
    await this.#handle.truncate(bytes).catch((error) => {
      throw writeFault(this.path, error)
    })
    this.#bytes = bytes
  }

  /** Reads all of it from the disk. */
  async *read(): AsyncGenerator<Uint8Array> {
    const buffer = new Uint8Array(2 ** 20)
    for (let at = 0; ; ) {
      const { bytesRead } = await this.#handle
        .read(buffer, 0, buffer.length, at)
        .catch((error) => failIo(this.path, error))
      if (bytesRead === 0) return
      at += bytesRead
      yield buffer.subarray(0, bytesRead)
    }
  }

  /** Flushes it to the disk and renames it to its final name. */
  async publish(blob: string): Promise<void> {
    try {
      try {
        await this.#handle.sync()
      } finally {
        await this.#handle.close()
      }
      await rename(this.path, blob)
    } catch (error) {
      await removeQuietly(this.path)
      throw writeFault(blob, error)
    }
    await syncFolder(dirname(blob))
  }

  /** Releases it, so that any process may resume it. */
  async leave(): Promise<void> {
    await this.#handle.close().catch(() => {})
    const left = await stat(this.#free).catch(() => undefined)
    const isBetter = this.#bytes > (left?.size ?? 0)
    const isLeft = isBetter && (await rename(this.path, this.#free).then(...settled))
    if (!isLeft) await removeQuietly(this.path)
  }
}

const settled = [() => true, () => false] as const

async function findParts(blob: string): Promise<Found[]> {
  const folder = dirname(blob)
  const start = `${blob.slice(folder.length + 1)}.clvp`
  const found: Found[] = []
  for (const name of await readdir(folder).catch((error) => failIo(folder, error))) {
    if (!name.startsWith(start) || !name.endsWith('.incomplete')) continue
    const path = join(folder, name)
    const info = await stat(path).catch(() => undefined)
    if (!info) continue
    const [, host, pid] = /-([0-9a-f]{8})-(\d+)-[0-9a-f]{8}\.incomplete$/.exec(name) ?? []
    const isLeft = pid === undefined || (host === machine && !isAlive(Number(pid)))
    const age = Math.abs(Date.now() - info.mtimeMs)
    found.push({
      path,
      bytes: info.size,
      isBusy: !isLeft && age < FRESH_MS,
      isFree: isLeft,
      isForgotten: !isLeft && age > FORGOTTEN_MS,
    })
  }
  return found
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** How many bytes of a blob are already on the disk. */
export async function bytesHere(blob: string): Promise<number> {
  const whole = await stat(blob).catch(() => undefined)
  const parts = await findParts(blob)
  return whole?.size ?? Math.max(0, ...parts.filter(({ isFree }) => isFree).map(({ bytes }) => bytes))
}

/** A rename is durable once its folder is flushed. Not every system can open a folder. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined)
  await handle?.sync().catch(() => {})
  await handle?.close().catch(() => {})
}

export function writeFault(path: string, cause: unknown): ClvpError {
  if (cause instanceof ClvpError) return cause
  const { code } = cause as NodeJS.ErrnoException
  const reason = reasonOf(cause)
  const isFull = code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG'
  const advice = isFull
    ? '. Free some space, or set HF_HUB_CACHE to a larger disk, and try again: the download resumes'
    : ''
  return new ClvpError('CLVP_IO', `${path} could not be written: ${reason}${advice}`, { cause })
}
