import { type FileHandle, open, stat } from 'node:fs/promises'
import { ClvpError } from '../lib/errors.js'
import { failIo } from '../lib/files.js'

/** The size of a regular file. Asked before opening: that alone would wait for ever on a pipe. */
export async function fileSize(path: string): Promise<number> {
  const info = await stat(path).catch((error) => failIo(path, error))
  if (!info.isFile()) throw new ClvpError('CLVP_IO', `Cannot read ${path}: it is not a regular file`)
  return info.size
}

/** A file that is read in pieces, at any place. */
export class SourceFile {
  readonly path: string
  readonly size: number
  readonly #handle: FileHandle

  private constructor(path: string, size: number, handle: FileHandle) {
    this.path = path
    this.size = size
    this.#handle = handle
  }

  /** @throws ClvpError `CLVP_IO` */
  static async open(path: string): Promise<SourceFile> {
    const size = await fileSize(path)
    const handle = await open(path).catch((error) => failIo(path, error))
    return new SourceFile(path, size, handle)
  }

  /** Fills `target` with the bytes from `offset` on. */
  async read(offset: number, target: Uint8Array): Promise<void> {
    for (let done = 0; done < target.length; ) {
      const { bytesRead } = await this.#handle
        .read(target, done, target.length - done, offset + done)
        .catch((error) => failIo(this.path, error))
      if (bytesRead === 0) {
        throw new ClvpError('CLVP_IO', `Cannot read ${this.path}: it became shorter meanwhile`)
      }
      done += bytesRead
    }
  }

  /** Never fails: what was read is read. */
  async close(): Promise<void> {
    await this.#handle.close().catch(() => {})
  }
}
