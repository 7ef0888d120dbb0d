/** Where the files of a run are kept. */
import { randomBytes } from 'node:crypto'
import { link, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { ClvpError } from '../base/errors.js'
import { failIo, isAbsence, readWhole, statIfThere } from '../base/files.js'

/** How a file is written. */
export interface WriteOptions {
  /** Keeps a file that is there. */
  onlyNew?: boolean
}

/**
 * A folder, or something that acts like one. Files appear when they are complete. Names use `/`, and lead nowhere else: the run makes
 * them of numbers.
 */
export interface BatchStore {
  /** For messages, and for other processes: a path or an address. */
  readonly url: string
  /** Names of the files at the top that begin so. */
  names(prefix?: string): Promise<string[]>
  /** Undefined if there is no such file. */
  read(name: string): Promise<Uint8Array | undefined>
  /** @returns false if `onlyNew` kept a file that was there */
  write(name: string, bytes: Uint8Array, options?: WriteOptions): Promise<boolean>
  remove(name: string): Promise<void>
}

/** Temporary files of a process that was killed are removed when they are older. */
const staleMs = 600_000
const mostBytes = 2 ** 31 - 1

/**
 * The folder of a run.
 *
 * @example
 * ```js
 * const { shards } = await runStatus(new FolderStore('run'))
 * console.log(`${shards.done} of ${shards.all} shards`)
 * ```
 */
export class FolderStore implements BatchStore {
  readonly url: string
  readonly #made = new Set<string>()

  constructor(path: string) {
    this.url = resolve(path)
  }

  async names(prefix = ''): Promise<string[]> {
    const names = await readdir(this.url).catch((error) => (isAbsence(error) ? [] : failIo(this.url, error)))
    return names.filter((name) => name.startsWith(prefix))
  }

  async read(name: string): Promise<Uint8Array | undefined> {
    const path = join(this.url, name)
    if (!(await statIfThere(path, 'a file of the run'))) return undefined
    return readWhole(path, { what: 'a file of the run', maxBytes: mostBytes, code: 'CLVP_IO' })
  }

  async write(name: string, bytes: Uint8Array, { onlyNew = false }: WriteOptions = {}): Promise<boolean> {
    const target = join(this.url, name)
    const temporary = `${target}.${process.pid}.${randomBytes(6).toString('hex')}.tmp`
    try {
      await this.#folder(dirname(target))
      const file = await open(temporary, 'wx')
      try {
        await file.writeFile(bytes)
        await file.sync()
      } finally {
        await file.close()
      }
      if (!onlyNew) {
        await rename(temporary, target)
        return true
      }
      return await link(temporary, target).then(
        () => true,
        (error: NodeJS.ErrnoException) => {
          if (error.code === 'EEXIST') return false
          throw error
        },
      )
    } catch (cause) {
      throw new ClvpError('CLVP_IO', `${target} could not be written: ${(cause as Error).message}`, { cause })
    } finally {
      await rm(temporary, { force: true }).catch(() => {})
    }
  }

  async remove(name: string): Promise<void> {
    const path = join(this.url, name)
    await rm(path, { force: true }).catch((error) => failIo(path, error))
  }

  /** Removes temporary files that killed processes left. */
  async tidy(): Promise<void> {
    for (const name of await this.names()) {
      if (!name.endsWith('.tmp')) continue
      const info = await stat(join(this.url, name)).catch(() => undefined)
      if (info && Date.now() - info.mtimeMs > staleMs) await this.remove(name)
    }
  }

  async #folder(path: string): Promise<void> {
    if (this.#made.has(path)) return
    await mkdir(path, { recursive: true })
    this.#made.add(path)
  }
}

/** Reads another store, and writes nothing: for a run that is only looked at. */
export class ReadOnlyStore implements BatchStore {
  readonly url: string
  readonly #store: BatchStore

  constructor(store: BatchStore) {
    this.url = store.url
    this.#store = store
  }

  names(prefix?: string): Promise<string[]> {
    return this.#store.names(prefix)
  }

  read(name: string): Promise<Uint8Array | undefined> {
    return this.#store.read(name)
  }

  async write(): Promise<boolean> {
    return true
  }

  async remove(): Promise<void> {}
}
