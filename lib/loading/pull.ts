/** Fetches a repository of the Hugging Face hub and makes a model file of it. */
import { stat } from 'node:fs/promises'
import { type ModelType, modelTypes } from '../addon/weight_types.js'
import { type SourceFiles, sourceFilesOf, sourceTable } from '../base/checkpoint_files.js'
import { ClvpError, invalid } from '../base/errors.js'
import { failIo } from '../base/files.js'
import { abortSignal, callback, choice, custom } from '../base/kinds.js'
import { type OptionsOf, optionTable, readOptions } from '../base/options.js'
import { isHubId, readRevision } from '../hub/id.js'
import { fetchSnapshot, type Snapshot } from '../hub/snapshot.js'
import { anchoredFiles, namedFilesKey } from './checkpoint_key.js'
import { convertOnce } from './conversion_cache.js'
import { inspectModel } from './inspect.js'
import type { Progress } from './load_options.js'

export const pullTable = optionTable({
  /** A branch, a tag or a commit; default 'main'. */
  revision: {
    kind: custom(readRevision, { as: 'string', value: 'R' }),
    default: 'main',
    help: 'branch, tag or commit',
  },
  /** The type that the weights are converted to, default 'f16'. For a repository with a .gguf file: that file's type. */
  type: {
    kind: choice(modelTypes, 'TYPE'),
    defaultText: 'f16',
    help: "type of the weights, as 'clvp convert --help' lists them",
  },
  ...sourceTable,
  /** Called on the JavaScript thread during the stages 'download' and 'convert', if they are needed. */
  onProgress: { kind: callback<(progress: Progress) => void>() },
  /** Stops with CLVP_ABORTED; the next call resumes from there. */
  signal: { kind: abortSignal() },
})

/** Options of {@link pullModel}. */
export interface PullOptions extends OptionsOf<typeof pullTable> {}

export interface PulledModel {
  id: string
  revision: string
  /** The commit of the revision, 40 hexadecimal digits. */
  commit: string
  /** The folder in the hub's cache. */
  snapshot: string
  /** Bytes of the files that the model needs. */
  snapshotBytes: number
  /** The model file. */
  path: string
  bytes: number
  type: ModelType
}

/**
 * Fetches a model from the Hugging Face hub into the hub's cache and converts it. Does neither twice: docs/hub.md.
 *
 * @example
 * ```js
 * const { path, commit } = await pullModel('susnato/clvp_dev', { type: 'q8_0' })
 * const clvp = await Clvp.load(path)
 * ```
 *
 * @param id `owner/name`
 * @throws ClvpError CLVP_INVALID_ARGUMENT for a wrong id, option or environment, CLVP_IO if it cannot be fetched or written,
 *   CLVP_MODEL_FORMAT if it is not a CLVP model, CLVP_UNSUPPORTED if it needs what this build lacks, CLVP_ABORTED
 */
export async function pullModel(id: string, options: PullOptions = {}): Promise<PulledModel> {
  if (typeof id !== 'string' || !isHubId(id)) throw invalid("a hub id, 'owner/name',", 'id', id)
  const { revision, type, signal, onProgress, ...given } = readOptions(pullTable, options, 'options')
  const report =
    onProgress && ((stage: Progress['stage'], fraction: number) => onProgress({ stage, fraction }))
  const files = sourceFilesOf(given)
  const plan = { revision, type: type ?? 'f16', files, threads: 0, signal, onProgress: report } as const
  const { snapshot, path } = await fetchModel(id, plan)
  const found = snapshot.gguf === undefined ? plan.type : await typeOf(path)
  if (type !== undefined && type !== found) {
    throw new ClvpError(
      'CLVP_INVALID_ARGUMENT',
      `Expected a model of type ${type} but ${id} holds a .gguf file of ${found}: leave 'type' out`,
    )
  }
  return {
    id,
    revision,
    commit: snapshot.commit,
    snapshot: snapshot.folder,
    snapshotBytes: snapshot.bytes,
    path,
    bytes: (await stat(path).catch((error) => failIo(path, error))).size,
    type: found,
  }
}

export interface FetchOptions {
  revision: string
  type: ModelType
  files: SourceFiles
  /** CPU threads of the conversion; 0 for the physical cores. */
  threads: number
  signal: AbortSignal | undefined
  onProgress: ((stage: 'download' | 'convert', fraction: number) => void) | undefined
}

/** The repository's model file: its own .gguf file, or its converted checkpoint. */
export async function fetchModel(
  id: string,
  { revision, type, files, threads, signal, onProgress }: FetchOptions,
): Promise<{ snapshot: Snapshot; path: string }> {
  const report = (stage: 'download' | 'convert') =>
    onProgress && ((fraction: number) => onProgress(stage, fraction))
  const snapshot = await fetchSnapshot(id, { revision, files, signal, onProgress: report('download') })
  if (snapshot.gguf !== undefined) return { snapshot, path: snapshot.gguf }
  const name = id.slice(id.indexOf('/') + 1)
  const chosen = await anchoredFiles(snapshot.folder, { ...files, ...snapshot.pair })
  const key = `${id} ${snapshot.key}${await namedFilesKey(snapshot.folder, chosen)}`
  const origin = { folder: snapshot.folder, name, key, id, files: chosen }
  const path = await convertOnce(origin, { type, threads, signal, onProgress: report('convert') })
  return { snapshot, path }
}

async function typeOf(file: string): Promise<ModelType> {
  const { values } = await inspectModel(file)
  const type = modelTypes.find((each) => each === values['clvp.type'])
  if (type) return type
  throw new ClvpError('CLVP_MODEL_FORMAT', `${file} is not a CLVP model: its clvp.type is missing or unknown`)
}
