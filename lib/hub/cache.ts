/** The hub cache of one repository in huggingface_hub's layout: blobs, snapshots that link to them, and refs. */
import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { copyFile, mkdir, readdir, realpath, rename, stat, symlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { pairFolders } from '../base/checkpoint_files.js'
import { type FileUse, failIo, readWhole, removeQuietly, writeWhole } from '../base/files.js'
import { isCommit } from './id.js'
import { writeFault } from './partial.js'

const refUse: FileUse = { what: 'a ref', maxBytes: 4096, code: 'CLVP_IO' }

export class RepoCache {
  readonly #folder: string
  readonly #hasLinks: boolean

  constructor(cache: string, id: string, hasLinks: boolean) {
    this.#folder = join(cache, `models--${id.replace('/', '--')}`)
    this.#hasLinks = hasLinks
  }

  snapshot(commit: string): string {
    return join(this.#folder, 'snapshots', commit)
  }

  blob(etag: string): string {
    return join(this.#folder, 'blobs', etag)
  }

  /** The commit that a revision pointed to when it was last looked up. */
  async commitOf(revision: string): Promise<string | undefined> {
    if (isCommit(revision)) return revision
    const bytes = await readWhole(this.#ref(revision), refUse).catch(() => '')
    const commit = bytes.toString().trim()
    return isCommit(commit) ? commit : undefined
  }

  async remember(revision: string, commit: string): Promise<void> {
    if (revision === commit || (await this.commitOf(revision)) === commit) return
    await this.#make(dirname(this.#ref(revision)))
    await writeWhole(this.#ref(revision), commit)
  }

  /** Names of the files in a snapshot, without dangling links. */
  async files(commit: string): Promise<string[]> {
    const names: string[] = []
    for (const inside of pairFolders) {
      const found = await readdir(join(this.snapshot(commit), inside)).catch(() => [])
      names.push(...found.map((name) => inside + name))
    }
    const there = await Promise.all(names.map((name) => this.has(commit, name)))
    return names.filter((_, i) => there[i])
  }

  async has(commit: string, name: string): Promise<boolean> {
    const info = await stat(join(this.snapshot(commit), name)).catch(() => undefined)
    return info?.isFile() ?? false
  }

  async prepare(commit: string): Promise<void> {
    await this.#make(this.snapshot(commit))
    await this.#make(join(this.#folder, 'blobs'))
  }

  /** Adds a blob to a snapshot: as a link, or as a copy where links are not permitted. */
  async place(commit: string, name: string, etag: string): Promise<void> {
    const target = join(this.snapshot(commit), name)
    const temporary = `${target}.${randomBytes(6).toString('hex')}.tmp`
    const link = join(
      '..',
      '..',
      ...name
        .split('/')
        .map(() => '..')
        .slice(1),
      'blobs',
      etag,
    )
    await this.#make(dirname(target))
    try {
      // Creating a link is atomic. An existing one is dangling, or another process has just made it.
      const made = this.#hasLinks ? await tryLink(link, target) : 'refused'
      if (made === 'made') return
      if (made === 'refused') await copyFile(this.blob(etag), temporary, constants.COPYFILE_FICLONE)
      else await symlink(link, temporary)
      await rename(temporary, target)
    } catch (error) {
      await removeQuietly(temporary)
      throw writeFault(target, error)
    }
  }

  /** A key for a file's contents: its blob's name, or size and modification time if it is not a link. */
  async identity(commit: string, name: string): Promise<{ key: string; bytes: number }> {
    const link = join(this.snapshot(commit), name)
    const path = await realpath(link).catch((error) => failIo(link, error))
    const { size, mtimeMs } = await stat(path).catch((error) => failIo(path, error))
    const isBlob = dirname(path) === (await realpath(join(this.#folder, 'blobs')).catch(() => undefined))
    return { key: isBlob ? basename(path) : `${size} ${mtimeMs}`, bytes: size }
  }

  #ref(revision: string): string {
    return join(this.#folder, 'refs', ...revision.split('/'))
  }

  async #make(folder: string): Promise<void> {
    await mkdir(folder, { recursive: true }).catch((error) => {
      throw writeFault(folder, error)
    })
  }
}

async function tryLink(target: string, path: string): Promise<'made' | 'taken' | 'refused'> {
  return symlink(target, path).then(
    () => 'made',
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'EEXIST') return 'taken'
      if (['EPERM', 'EACCES', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP'].includes(error.code ?? '')) return 'refused'
      throw error
    },
  )
}
