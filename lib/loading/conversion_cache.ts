/** The cache of converted models, keyed by their sources. A note beside each model says what it was made of. */
import { createHash } from 'node:crypto'
import { mkdir, stat, utimes } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { convertFolder } from '../../quantize/convert.js'
import type { ModelType } from '../addon/weight_types.js'
import type { SourceFiles } from '../base/checkpoint_files.js'
import { ClvpError } from '../base/errors.js'
import { writeWhole } from '../base/files.js'

/** What a converted model is made of. */
export interface Origin {
  /** The folder that is converted. */
  folder: string
  /** Of the model. */
  name: string
  /** Changes whenever the content of the folder changes. */
  key: string
  /** `owner/name`, for a snapshot of the hub. */
  id?: string
  files: SourceFiles
}

export interface ConversionOptions {
  type: ModelType
  /** CPU threads; 0 for the physical cores. */
  threads: number
  signal?: AbortSignal | undefined
  onProgress?: ((fraction: number) => void) | undefined
}

/** What lies beside a model in the cache, as JSON. Its time of change is when the model was last used. */
export interface Note {
  version: number
  folder: string
  id?: string | undefined
  files: SourceFiles
}

/** Increase this when a conversion produces a different file than before. */
export const cacheVersion = 7

/** The folder of converted models: $CLVP_CACHE, or node-clvp in the system's cache folder. */
export function cacheFolder(): string {
  const { CLVP_CACHE, XDG_CACHE_HOME, LOCALAPPDATA } = process.env
  if (CLVP_CACHE) return resolve(CLVP_CACHE)
  const base = XDG_CACHE_HOME || (process.platform === 'win32' ? LOCALAPPDATA : undefined)
  return join(base || join(homedir(), '.cache'), 'node-clvp')
}

/** The part of a model's name in the cache that stands for its source. */
export function digestOf(type: ModelType, key: string): string {
  return createHash('sha256').update(`${cacheVersion} ${type} ${key}`).digest('hex').slice(0, 16)
}

/** Where the note of a model lies. */
export function notePath(model: string): string {
  return model.replace(/\.gguf$/, '.json')
}

/**
 * Converts a checkpoint folder, unless the cache has the result.
 *
 * @returns the model file's path
 */
export async function convertOnce(
  origin: Origin,
  { type, threads, signal, onProgress }: ConversionOptions,
): Promise<string> {
  const folder = cacheFolder()
  const target = join(folder, `${origin.name}-${type}-${digestOf(type, origin.key)}.gguf`)
  if (!(await stat(target).catch(() => undefined))) {
    await mkdir(folder, { recursive: true }).catch((cause) => {
      const message = `The cache folder ${folder} could not be created: set CLVP_CACHE to another`
      throw new ClvpError('CLVP_IO', message, { cause })
    })
    const options = { type, name: origin.name, threads: threads || undefined, signal, onProgress }
    await convertFolder(origin.folder, target, { ...origin.files, ...options })
  }
  await noteUse(target, origin)
  return target
}

/** A cache that can only be read serves as well, so a failure is ignored. */
async function noteUse(model: string, { folder, id, files }: Origin): Promise<void> {
  const path = notePath(model)
  const now = new Date()
  const isThere = await utimes(path, now, now).then(
    () => true,
    () => false,
  )
  if (isThere) return
  const note: Note = { version: cacheVersion, folder: resolve(folder), id, files }
  await writeWhole(path, `${JSON.stringify(note)}\n`).catch(() => {})
}
