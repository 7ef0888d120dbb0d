/** Reads and writes regular files, and turns the file system's errors into errors of this package. */
import { randomBytes } from 'node:crypto'
import { type BigIntStats, constants, type Stats } from 'node:fs'
import { type FileHandle, lstat, open, rename, rm, stat } from 'node:fs/promises'
import { ClvpError, type ClvpErrorCode, reasonOf } from './errors.js'

/**
 * Without O_NONBLOCK, opening a FIFO waits for a writer. Without O_NOCTTY, a terminal may become the controlling one.
 * Windows has neither flag.
 */
const READING = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0)

/** The purpose that a file is opened for. */
export interface FileUse {
  /** For messages: 'the clip'. */
  what: string
  maxBytes: number
  /** The code of the error for a longer file. */
  code: ClvpErrorCode
}

/** Bytes that can be read at any offset: an open file, or memory. */
export interface ByteSource {
  /** For messages: the file's path, or a name. */
  readonly path: string
  readonly size: number
  /** Fills `target` with the bytes from `offset` on. */
  read(offset: number, target: Uint8Array): Promise<void>
  close(): Promise<void>
}

/** An open regular file. */
export class SourceFile implements ByteSource {
  readonly path: string
  /** In bytes, at the time of opening. */
  readonly size: number
  readonly #what: string
  readonly #info: BigIntStats
  readonly #handle: FileHandle

  private constructor(path: string, what: string, info: BigIntStats, handle: FileHandle) {
    this.path = path
    this.size = Number(info.size)
    this.#what = what
    this.#info = info
    this.#handle = handle
  }

  /**
   * Checks the file after opening it, so that nothing can take its place between the check and the reads.
   *
   * @param what the file's purpose, for messages
   * @throws ClvpError CLVP_IO, also for folders, FIFOs, devices, sockets and links that lead to nothing
   */
  static async open(path: string, what: string): Promise<SourceFile> {
    const expected = `a regular file for ${what}`
    const handle = await open(path, READING).catch((error) => failOpen(path, expected, error))
    try {
      const info = await handle.stat({ bigint: true }).catch((error) => failIo(path, error))
      if (!info.isFile()) throw wrongKind(path, expected, kindOf(info))
      return new SourceFile(path, what, info, handle)
    } catch (error) {
      await handle.close().catch(() => {})
      throw error
    }
  }

  async read(offset: number, target: Uint8Array): Promise<void> {
    for (let done = 0; done < target.length; ) {
      const { bytesRead } = await this.#handle
        .read(target, done, target.length - done, offset + done)
        .catch((error) => failIo(this.path, error))
      if (bytesRead === 0) {
        throw new ClvpError('CLVP_IO', `Cannot read ${this.path}: it became shorter while it was read`)
      }
      done += bytesRead
    }
  }

  /**
   * Checks that the path still leads to this unchanged file, for work that opens the path more than once.
   *
   * @throws ClvpError CLVP_IO if the path now leads to another file, or if this one was written to
   */
  async requireUnchanged(): Promise<void> {
    const now = await SourceFile.open(this.path, this.#what)
    await now.close()
    const same = (['dev', 'ino', 'size', 'mtimeNs'] as const).every(
      (each) => now.#info[each] === this.#info[each],
    )
    if (same) return
    throw new ClvpError(
      'CLVP_IO',
      `Expected ${this.path} to stay as it was but it has been replaced or written to: try again when it is complete`,
    )
  }

  /** Never fails: an error here does not affect what was read. */
  async close(): Promise<void> {
    await this.#handle.close().catch(() => {})
  }
}

/** Runs work that opens a file by its path more than once. Fails if the file was replaced or changed meanwhile. */
export async function whileUnchanged<T>(path: string, what: string, work: () => Promise<T>): Promise<T> {
  const file = await SourceFile.open(path, what)
  try {
    const result = await work()
    await file.requireUnchanged()
    return result
  } finally {
    await file.close()
  }
}

/** Reads a whole file. If the file grows meanwhile, reads only the size that it had when it was opened. */
export async function readWhole(path: string, { what, maxBytes, code }: FileUse): Promise<Buffer> {
  const file = await SourceFile.open(path, what)
  try {
    if (file.size > maxBytes) {
      throw new ClvpError(
        code,
        `Expected at most ${maxBytes} bytes for ${what} but ${path} has ${file.size}: name a smaller file`,
      )
    }
    const bytes = allocate(file)
    await file.read(0, bytes)
    return bytes
  } finally {
    await file.close()
  }
}

function allocate({ path, size }: SourceFile): Buffer {
  try {
    return Buffer.allocUnsafeSlow(size)
  } catch (cause) {
    throw new ClvpError('CLVP_OUT_OF_MEMORY', `There is no memory for the ${size} bytes of ${path}`, {
      cause,
    })
  }
}

/** Throws the reason why a path could not be opened. A socket never can be, and a link may lead to nothing. */
export async function failOpen(path: string, expected: string, error: unknown): Promise<never> {
  const info = await stat(path).catch(() => undefined)
  if (info && !info.isFile()) throw wrongKind(path, expected, kindOf(info))
  await refuseHangingLink(path, expected, error)
  failIo(path, error)
}

/** The error for a path that leads to something of another kind than `expected`. */
export function wrongKind(path: string, expected: string, kind: string): ClvpError {
  return new ClvpError('CLVP_IO', `Expected ${expected} but ${path} is ${kind}: name another path`)
}

/** The kind of thing at a path, for messages. */
export function kindOf(info: Stats | BigIntStats): string {
  if (info.isFile()) return 'a regular file'
  if (info.isDirectory()) return 'a folder'
  if (info.isFIFO()) return 'a FIFO'
  if (info.isSocket()) return 'a socket'
  return info.isBlockDevice() ? 'a block device' : 'a character device'
}

async function refuseHangingLink(path: string, expected: string, error: unknown): Promise<void> {
  if (!isAbsence(error)) return
  const info = await lstat(path).catch(() => undefined)
  if (info?.isSymbolicLink()) throw wrongKind(path, expected, 'a link that leads to nothing')
}

/** Turns a failed system call into an error of this package. */
export function failIo(path: string, cause: unknown): never {
  const reason = reasonOf(cause)
  throw new ClvpError('CLVP_IO', `Cannot read ${path}: ${reason}`, { cause })
}

/** Did a call fail because nothing has that name? After any other error the file may exist, and must not be ignored. */
export function isAbsence(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR', 'ENAMETOOLONG'].includes((error as NodeJS.ErrnoException).code ?? '')
}

/**
 * The information about a path, or undefined if nothing is there.
 *
 * @param expected the expected kind of file, for messages
 * @throws ClvpError CLVP_IO if the system cannot tell, and for a link that leads to nothing
 */
export async function statIfThere(path: string, expected: string): Promise<Stats | undefined> {
  return stat(path).catch(async (error) => {
    if (!isAbsence(error)) failIo(path, error)
    await refuseHangingLink(path, expected, error)
    return undefined
  })
}

/** Removes one of our own files. Ignores a failure: the error that led here is the one to report. */
export async function removeQuietly(path: string): Promise<void> {
  await rm(path, { force: true }).catch(() => {})
}

/** Writes a file atomically, as {@link writeNew} does. */
export async function writeWhole(target: string, data: string | Uint8Array): Promise<void> {
  await writeNew(target, (file) => file.write(typeof data === 'string' ? Buffer.from(data) : data))
}

/**
 * Makes a file that appears only when it is complete: `fill` writes to a temporary file beside the target, which
 * is then synced and renamed. If anything fails, the temporary file is removed and what was at the target stays.
 *
 * @throws ClvpError CLVP_IO, also for a target that is there and is no regular file; and whatever `fill` throws
 */
export async function writeNew(target: string, fill: (file: NewFile) => Promise<void>): Promise<void> {
  const file = await NewFile.create(target)
  try {
    await fill(file)
    await file.publish()
  } catch (error) {
    await file.discard()
    throw error
  }
}

/**
 * Checks that a file can be written, by making one beside it for a moment. What is at the target stays.
 *
 * @throws ClvpError CLVP_IO as {@link writeNew}
 */
export async function requireWritable(target: string): Promise<void> {
  const file = await NewFile.create(target)
  await file.discard()
}

/** A file that {@link writeNew} makes. */
export class NewFile {
  /** Where the file is until it is complete. */
  readonly temporary: string
  readonly #target: string
  readonly #handle: FileHandle
  #size = 0

  private constructor(target: string, temporary: string, handle: FileHandle) {
    this.temporary = temporary
    this.#target = target
    this.#handle = handle
  }

  static async create(target: string): Promise<NewFile> {
    const info = await stat(target).catch((error) => {
      if (!isAbsence(error)) failWrite(target, error)
    })
    // A rename would put a file in the place of a device.
    if (info && !info.isFile()) throw wrongKind(target, 'a regular file to write', kindOf(info))
    const temporary = `${target}.${process.pid}.${randomBytes(6).toString('hex')}.tmp`
    const handle = await open(temporary, 'wx').catch((error) => failWrite(target, error))
    return new NewFile(target, temporary, handle)
  }

  /** Adds bytes at the end. */
  async write(bytes: Uint8Array): Promise<void> {
    await this.rewrite(bytes, this.#size)
    this.#size += bytes.length
  }

  /** Replaces bytes that were written before. */
  async rewrite(bytes: Uint8Array, offset: number): Promise<void> {
    for (let done = 0; done < bytes.length; ) {
      const { bytesWritten } = await this.#handle
        .write(bytes, done, bytes.length - done, offset + done)
        .catch((error) => failWrite(this.#target, error))
      done += bytesWritten
    }
  }

  /** The number of bytes in the temporary file, whoever wrote them. */
  async size(): Promise<number> {
    return (await this.#handle.stat().catch((error) => failWrite(this.#target, error))).size
  }

  async publish(): Promise<void> {
    try {
      await this.#handle.sync()
      await this.#handle.close()
      await rename(this.temporary, this.#target)
    } catch (error) {
      failWrite(this.#target, error)
    }
  }

  async discard(): Promise<void> {
    await this.#handle.close().catch(() => {})
    await removeQuietly(this.temporary)
  }
}

function failWrite(path: string, cause: unknown): never {
  const reason = reasonOf(cause)
  const advice = (cause as NodeJS.ErrnoException).code === 'ENOENT' ? ': make its folder first' : ''
  throw new ClvpError('CLVP_IO', `${path} could not be written: ${reason}${advice}`, { cause })
}
