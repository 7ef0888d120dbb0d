/** Models that were converted before, kept by what they were made of. */
import { createHash } from 'node:crypto'
import { mkdir, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { convertFolder } from '../../quantize/convert.js'
import type { ModelType } from '../addon/weight_types.js'
import { ClvpError } from '../base/errors.js'

export interface ConversionOptions {
  type: ModelType
  /** 0 for the physical cores. */
  threads: number
  signal?: AbortSignal | undefined
  onProgress?: ((fraction: number) => void) | undefined
}

/** Counts up when a conversion would give another file than before. */
const cacheVersion = 3

/** Where converted models are kept: $CLVP_CACHE, or the system's folder for caches. */
export function cacheFolder(): string {
  const { CLVP_CACHE, XDG_CACHE_HOME, LOCALAPPDATA } = process.env
  if (CLVP_CACHE) return resolve(CLVP_CACHE)
  const base = XDG_CACHE_HOME || (process.platform === 'win32' ? LOCALAPPDATA : undefined)
  return join(base || join(homedir(), '.cache'), 'node-clvp')
}

/**
 * Converts a folder in Hugging Face's layout, unless that was done before.
 *
 * @param name of the model
 * @param key changes whenever what is in the folder does
 * @returns the model file's path
 */
export async function convertOnce(
  source: string,
  name: string,
  key: string,
  { type, threads, signal, onProgress }: ConversionOptions,
): Promise<string> {
  const folder = cacheFolder()
  const hash = createHash('sha256').update(`${cacheVersion} ${type} ${key}`).digest('hex')
  const target = join(folder, `${name}-${type}-${hash.slice(0, 16)}.gguf`)
  if (await stat(target).catch(() => undefined)) return target
  try {
    await mkdir(folder, { recursive: true })
  } catch (cause) {
    throw new ClvpError(
      'CLVP_IO',
      `The cache folder ${folder} could not be made: set CLVP_CACHE to another`,
      { cause },
    )
  }
  await convertFolder(source, target, { type, name, threads: threads || undefined, signal, onProgress })
  return target
}
