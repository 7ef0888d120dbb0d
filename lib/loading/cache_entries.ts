/** What the cache of converted models holds, and what of it can go. */
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type ModelType, modelTypes } from '../addon/weight_types.js'
import { failIo, isAbsence, removeQuietly, statIfThere } from '../base/files.js'
import { isObject, readJson } from '../base/json.js'
import { folderKey } from './checkpoint_key.js'
import { cacheFolder, cacheVersion, digestOf, type Note, notePath } from './conversion_cache.js'

export interface CacheEntry {
  path: string
  /** The type of a converted model; absent for what an interrupted conversion left. */
  type?: ModelType
  bytes: number
  /** The folder or hub id that it was made of, as far as is known. */
  source?: string
  /** Milliseconds since 1970. */
  usedMs: number
  /** Why no load will use it again; absent if one may. */
  reason?: string
}

/** An unfinished file that nobody has written to for this long belongs to a conversion that has ended. */
const ABANDONED_MS = 3600_000

const UNFINISHED = /^\..+\.gguf\.\d+\..+\.tmp$/
const CONVERTED = new RegExp(`-(${modelTypes.join('|')})-([0-9a-f]{16})\\.gguf$`)

/**
 * The entries of the cache, last used first. Files that this package did not put there are left out.
 *
 * @throws ClvpError CLVP_IO
 */
export async function cacheEntries(): Promise<{ folder: string; entries: CacheEntry[] }> {
  const folder = cacheFolder()
  const names = await readdir(folder).catch((error) => {
    if (isAbsence(error)) return []
    return failIo(folder, error)
  })
  const found = await Promise.all(names.map((name) => entryAt(folder, name)))
  const entries = found.filter((each) => each !== undefined)
  return { folder, entries: entries.sort((a, b) => b.usedMs - a.usedMs) }
}

/** Removes an entry. Returns whether it is gone. */
export async function removeEntry({ path }: CacheEntry): Promise<boolean> {
  await removeQuietly(path)
  if (await stat(path).catch(() => undefined)) return false
  if (path.endsWith('.gguf')) await removeQuietly(notePath(path))
  return true
}

async function entryAt(folder: string, name: string): Promise<CacheEntry | undefined> {
  const path = join(folder, name)
  const [, type, digest] = CONVERTED.exec(name) ?? []
  const isUnfinished = UNFINISHED.test(name)
  if (!isUnfinished && digest === undefined) return undefined
  const info = await stat(path).catch(() => undefined)
  if (!info?.isFile()) return undefined
  if (isUnfinished) {
    const isOld = Date.now() - info.mtimeMs > ABANDONED_MS
    return {
      path,
      bytes: info.size,
      usedMs: info.mtimeMs,
      ...(isOld && { reason: 'an interrupted conversion left it' }),
    }
  }
  const used = await stat(notePath(path)).catch(() => info)
  const note = await readNote(path)
  const reason = await uselessness(note, type as ModelType, digest!)
  return {
    path,
    type: type as ModelType,
    bytes: info.size,
    ...(note && { source: note.id ?? note.folder }),
    usedMs: used.mtimeMs,
    ...(reason && { reason }),
  }
}

async function readNote(model: string): Promise<Note | undefined> {
  const { version, folder, id, files } = await readJson(notePath(model)).catch(() => ({}) as Partial<Note>)
  if (version !== cacheVersion || typeof folder !== 'string' || !isObject(files)) return undefined
  return { version, folder, id: typeof id === 'string' ? id : undefined, files }
}

async function uselessness(
  note: Note | undefined,
  type: ModelType,
  digest: string,
): Promise<string | undefined> {
  if (!note) return 'another version of node-clvp made it'
  if (note.id !== undefined) {
    return (await statIfThere(note.folder, 'a snapshot').catch(() => undefined))
      ? undefined
      : 'its snapshot is gone'
  }
  if (!(await statIfThere(note.folder, 'a folder').catch(() => undefined))) return 'its folder is gone'
  const key = await folderKey(note.folder, note.files).catch(() => undefined)
  return key !== undefined && digestOf(type, key) === digest ? undefined : 'its folder has changed since'
}
