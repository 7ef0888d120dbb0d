/** From what a user names as a model to a GGUF file on this machine. */
import { createHash } from 'node:crypto'
import { mkdir, readdir, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { convertFolder } from '../quantize/convert.js'
import { ClvpError } from './errors.js'
import type { ModelType } from './weight_types.js'

export interface SourceOptions {
  /** For a folder. */
  type: ModelType
  /** For its conversion; 0 for the physical cores. */
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

/** Gives a .gguf file back as it is; a checkpoint's folder is converted once and kept in the cache. */
export async function resolveSource(source: string, options: SourceOptions): Promise<string> {
  const found = await stat(source).catch(() => undefined)
  if (!found) {
    throw new ClvpError(
      'CLVP_IO',
      `There is no model at ${source}: expected a .gguf file or a folder with a checkpoint: see clvp convert --help`,
    )
  }
  if (!found.isDirectory()) return source
  const { type } = options
  const folder = cacheFolder()
  const target = join(folder, `${basename(resolve(source))}-${type}-${await fingerprint(source, type)}.gguf`)
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
  const { threads, signal, onProgress } = options
  await convertFolder(source, target, { type, threads: threads || undefined, signal, onProgress })
  return target
}

/** Changes whenever a file of the folder does: names, sizes and times stand for the contents. */
async function fingerprint(folder: string, type: ModelType): Promise<string> {
  const hash = createHash('sha256').update(`${cacheVersion} ${type} ${resolve(folder)}\n`)
  try {
    for (const name of (await readdir(folder)).sort()) {
      const { size, mtimeMs } = await stat(join(folder, name))
      hash.update(`${name} ${size} ${mtimeMs}\n`)
    }
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new ClvpError('CLVP_IO', `The folder ${folder} could not be read: ${reason}`, { cause })
  }
  return hash.digest('hex').slice(0, 16)
}
