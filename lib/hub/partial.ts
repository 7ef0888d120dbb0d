/**
 * The part of a blob that has come so far. While a process writes it, its name says which one; left behind, anyone may go on
 * with it. Renaming is what makes it one's own, and only one of several processes succeeds in that.
 */
import { createHash, randomBytes } from 'node:crypto'
import { readlinkSync } from 'node:fs'
import { type FileHandle, open, readdir, rename, rm, stat, utimes } from 'node:fs/promises'
import { hostname } from 'node:os'
import { dirname, join } from 'node:path'
import { ClvpError } from '../base/errors.js'
import { failIo, removeQuietly } from '../base/files.js'
import { wait } from './retries.js'

/** A writer that has written nothing for longer has ended, or is not worth waiting for. */
const FRESH_MS = 60_000
/** What nobody came back for in this time is removed. */
const FORGOTTEN_MS = 24 * 3600_000
const POLL_MS = 200

/** Process numbers mean something within one machine, and there within one container. */
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
  /** Someone is writing it. */
  isBusy: boolean
  /** Nobody will write it any more. */
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
   * Takes over what has been left of a blob, or begins anew. Waits while another process writes it; gives nothing if that one
   * has finished.
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
      await removeQuietly(mine) // under this name the next call would wait for it
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

  /** Begins at byte 0 again. */
  async empty(): Promise<void> {
    await this.#handle.truncate(0).catch((error) => {
      throw writeFault(this.path, error)
    })
    this.#bytes = 0
  }

  /** All of it, from the disk. */
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

  /** Gives it its final name, once it is on the disk. */
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

  /** Leaves it to whoever comes next. */
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

/** How much of a blob need not come any more. */
export async function bytesHere(blob: string): Promise<number> {
  const whole = await stat(blob).catch(() => undefined)
  const parts = await findParts(blob)
  return whole?.size ?? Math.max(0, ...parts.filter(({ isFree }) => isFree).map(({ bytes }) => bytes))
}

/** A rename is on the disk when its folder is. Not every system can open one. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined)
  await handle?.sync().catch(() => {})
  await handle?.close().catch(() => {})
}

export function writeFault(path: string, cause: unknown): ClvpError {
  if (cause instanceof ClvpError) return cause
  const { code } = cause as NodeJS.ErrnoException
  const reason = cause instanceof Error ? cause.message : String(cause)
  const isFull = code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG'
  const advice = isFull
    ? '. Make room, or set HF_HUB_CACHE to a folder with more, and try again: it goes on from here'
    : ''
  return new ClvpError('CLVP_IO', `${path} could not be written: ${reason}${advice}`, { cause })
}
