/** The cache of converted models, keyed by their sources. */
import { createHash } from 'node:crypto'
import type { Stats } from 'node:fs'
import { mkdir, readdir, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { convertFolder } from '../../quantize/convert.js'
import type { ModelType } from '../addon/weight_types.js'
import { type SourceFiles, sourceFileOptions } from '../base/checkpoint_files.js'
import { ClvpError } from '../base/errors.js'
import { failIo, statIfThere } from '../base/files.js'

export interface ConversionOptions {
  type: ModelType
  files: SourceFiles
  /** CPU threads; 0 for the physical cores. */
  threads: number
  signal?: AbortSignal | undefined
  onProgress?: ((fraction: number) => void) | undefined
}

/** Increase this when a conversion produces a different file than before. */
const cacheVersion = 6

/** The folder of converted models: $CLVP_CACHE, or node-clvp in the system's cache folder. */
export function cacheFolder(): string {
  const { CLVP_CACHE, XDG_CACHE_HOME, LOCALAPPDATA } = process.env
  if (CLVP_CACHE) return resolve(CLVP_CACHE)
  const base = XDG_CACHE_HOME || (process.platform === 'win32' ? LOCALAPPDATA : undefined)
  return join(base || join(homedir(), '.cache'), 'node-clvp')
}

/**
 * Converts a checkpoint folder, unless the cache has the result.
 *
 * @param name of the model
 * @param key changes whenever the content of the folder changes
 * @returns the model file's path
 */
export async function convertOnce(
  source: string,
  name: string,
  key: string,
  { type, files, threads, signal, onProgress }: ConversionOptions,
): Promise<string> {
  const folder = cacheFolder()
  const hash = createHash('sha256')
    .update(`${cacheVersion} ${type} ${key}${await fingerprintOf(source, files)}`)
    .digest('hex')
  const target = join(folder, `${name}-${type}-${hash.slice(0, 16)}.gguf`)
  if (await stat(target).catch(() => undefined)) return target
  try {
    await mkdir(folder, { recursive: true })
  } catch (cause) {
    throw new ClvpError(
      'CLVP_IO',
      `The cache folder ${folder} could not be created: set CLVP_CACHE to another`,
      { cause },
    )
  }
  const options = { ...files, type, name, threads: threads || undefined, signal, onProgress }
  await convertFolder(source, target, options)
  return target
}

/**
 * Changes whenever other files are named, or a named file changes, wherever it is. Names, sizes and times
 * stand for the contents. Empty if none is named.
 */
async function fingerprintOf(source: string, files: SourceFiles): Promise<string> {
  const lines: string[] = []
  for (const name of sourceFileOptions) {
    const value = files[name]
    if (value === undefined) continue
    lines.push(`\n${name} ${value}`)
    if (name === 'variant') continue
    for (const path of [join(source, value), value]) {
      const info = await statIfThere(path, `a file for ${name}`)
      if (info) lines.push(` ${resolve(path)} ${await stampOf(path, info)}`)
    }
  }
  return lines.join('')
}

/** Size and time of a file, or of each file of a folder. */
async function stampOf(path: string, info: Stats): Promise<string> {
  if (!info.isDirectory()) return `${info.size} ${info.mtimeMs}`
  const names = await readdir(path).catch((error) => failIo(path, error))
  const stamps = names.sort().map(async (name) => {
    const found = await statIfThere(join(path, name), 'a file of the folder')
    return `${name} ${found?.size} ${found?.mtimeMs}`
  })
  return (await Promise.all(stamps)).join(' ')
}
