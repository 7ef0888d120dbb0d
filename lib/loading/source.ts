/** Resolves the model that a user names to a GGUF file on this machine. */
import { basename, resolve } from 'node:path'
import type { ModelType } from '../addon/weight_types.js'
import { firstSourceFile, type SourceFiles } from '../base/checkpoint_files.js'
import { ClvpError } from '../base/errors.js'
import { kindOf, statIfThere, wrongKind } from '../base/files.js'
import { packageVersion } from '../base/package_root.js'
import { isHubId } from '../hub/id.js'
import { anchoredFiles, folderKey } from './checkpoint_key.js'
import { convertOnce } from './conversion_cache.js'
import { fetchModel } from './pull.js'

export interface SourceOptions {
  /** For a checkpoint, in a folder or on the hub. */
  type: ModelType
  /** The same. */
  files: SourceFiles
  /** CPU threads of the conversion; 0 for the physical cores. */
  threads: number
  /** For a hub id only. */
  revision: string | undefined
  signal: AbortSignal | undefined
  onProgress: ((stage: 'download' | 'convert', fraction: number) => void) | undefined
}

const expected = 'a model file or a folder with a checkpoint'

/**
 * Returns the path of a .gguf file unchanged. A checkpoint folder is converted once and kept in the cache. A source that is
 * not a path here but a valid hub id is fetched from the hub.
 */
export async function resolveSource(source: string, options: SourceOptions): Promise<string> {
  const { type, files, revision, signal, onProgress } = options
  const found = await statIfThere(source, expected)
  if (!found && isHubId(source)) {
    return (await fetchModel(source, { ...options, revision: revision ?? 'main' })).path
  }
  if (!found) {
    packageVersion() // in a bundle the embedded model is not there
    throw new ClvpError(
      'CLVP_IO',
      `There is no model at ${source}: expected a .gguf file, a folder with a checkpoint (see clvp convert --help), or owner/name on the Hugging Face hub`,
    )
  }
  if (revision !== undefined) {
    throw new ClvpError(
      'CLVP_INVALID_ARGUMENT',
      `Expected no revision with a path but received one: ${source} is on this machine, so leave 'revision' out`,
    )
  }
  if (found.isFile()) {
    const extra = firstSourceFile(files)
    if (extra === undefined) return source
    throw new ClvpError(
      'CLVP_INVALID_ARGUMENT',
      `Expected no ${extra} with a model file but received '${files[extra]}': leave it out, or name the checkpoint's folder`,
    )
  }
  if (!found.isDirectory()) throw wrongKind(source, expected, kindOf(found))
  const report = onProgress && ((fraction: number) => onProgress('convert', fraction))
  const name = basename(resolve(source)) || 'clvp'
  const chosen = await anchoredFiles(source, files)
  const origin = { folder: source, name, key: await folderKey(source, chosen), files: chosen }
  return convertOnce(origin, { type, threads: options.threads, signal, onProgress: report })
}
