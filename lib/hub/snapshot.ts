/** Downloads the files that a model needs from a repository at a revision into a snapshot folder. */
import { statfs } from 'node:fs/promises'
import { join } from 'node:path'
import type { SourceFiles } from '../base/checkpoint_files.js'
import { ClvpError } from '../base/errors.js'
import { readJson } from '../base/json.js'
import { fetchBlob } from './blob.js'
import { RepoCache } from './cache.js'
import { HubFault } from './fault.js'
import { type Choice, chooseFiles, shardNames } from './files.js'
import { Hub, type RemoteFile, type RepoListing } from './hub.js'
import { bytesHere } from './partial.js'
import { Retries } from './retries.js'
import { type HubSettings, readHubSettings } from './settings.js'

export interface SnapshotOptions {
  revision: string
  /** Files that the caller names. */
  files?: SourceFiles | undefined
  signal: AbortSignal | undefined
  /** Called with the fraction of bytes downloaded, 0 to 1; never called if nothing is missing. */
  onProgress: ((fraction: number) => void) | undefined
}

export interface Snapshot {
  id: string
  commit: string
  folder: string
  /** Total size of the chosen files. */
  bytes: number
  /** Changes whenever one of the chosen files does. */
  key: string
  /** The model file, if the repository has one. */
  gguf: string | undefined
  /** Names in the snapshot, or paths elsewhere, of tortoise's two checkpoints, if the model is made of them. */
  pair: Choice['pair'] | undefined
}

const MAX_TEXT_BYTES = 16 * 2 ** 20
const MAX_FILE_BYTES = 16 * 2 ** 30
const MAX_BYTES = 64 * 2 ** 30

/**
 * Returns the snapshot of a revision as the hub has it now, and downloads missing files. Offline, or if the hub does not
 * answer, it returns the cached snapshot.
 *
 * @throws ClvpError CLVP_IO, CLVP_MODEL_FORMAT if the repository has no model, CLVP_INVALID_ARGUMENT for a wrong environment,
 *   CLVP_ABORTED
 */
export async function fetchSnapshot(id: string, options: SnapshotOptions): Promise<Snapshot> {
  const settings = await readHubSettings()
  const cache = new RepoCache(settings.cache, id, settings.hasLinks)
  const here = await findHere(cache, id, options)
  if (settings.offlineBy) return here ?? refuseOffline(id, options.revision, settings)
  const hub = new Hub(settings, id, options.signal)
  let listing: RepoListing
  try {
    // With a cached snapshot there is no need to wait for a hub that is down.
    listing = await hub.list(options.revision, new Retries(options.signal, here ? 0 : undefined))
  } catch (error) {
    if (!(error instanceof HubFault && error.isUnreachable)) throw error
    if (here) return here
    throw unreachable(id, settings, error)
  }
  const { commit } = listing
  const choice = await fetchChoice(hub, cache, id, listing, options)
  await cache.remember(options.revision, commit)
  return describe(cache, id, commit, choice)
}

// --- online ----------------------------------------------------------------------------------------------------------

async function fetchChoice(
  hub: Hub,
  cache: RepoCache,
  id: string,
  { commit, files }: RepoListing,
  options: SnapshotOptions,
): Promise<Choice> {
  const choice = chooseFiles(files.keys(), `${id} at ${commit}`, options.files)
  const fetchAll = async (names: readonly string[], onProgress: SnapshotOptions['onProgress']) => {
    const missing: RemoteFile[] = []
    for (const name of names) {
      if (!(await cache.has(commit, name))) missing.push(await hub.describe(commit, name, files.get(name)))
    }
    await fetchFiles(hub, cache, commit, missing, { ...options, onProgress })
  }
  if (!choice.index) {
    await fetchAll(choice.files, options.onProgress)
    return choice
  }
  // The total size, and so the progress, is known only after the index has listed the shards.
  await fetchAll([choice.index.name], undefined)
  const shards = await readShards(cache, commit, choice.index)
  const absent = shards.find((name) => !files.has(name))
  if (absent !== undefined) throw noShard(id, commit, absent)
  const whole = { ...choice, files: [...choice.files, ...shards] }
  await fetchAll(whole.files, options.onProgress)
  return whole
}

async function fetchFiles(
  hub: Hub,
  cache: RepoCache,
  commit: string,
  files: readonly RemoteFile[],
  { signal, onProgress }: SnapshotOptions,
): Promise<void> {
  if (files.length === 0) return
  await cache.prepare(commit)
  checkSizes(files)
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0)
  await checkRoom(cache, commit, files)
  let before = 0
  let furthest = 0
  for (const file of files) {
    const onBytes = (bytes: number) => {
      // Progress never goes back, even if a file starts again.
      furthest = Math.max(furthest, total > 0 ? (before + bytes) / total : 1)
      onProgress?.(furthest)
    }
    await fetchBlob(hub, file, cache.blob(file.etag), { signal, onBytes })
    await cache.place(commit, file.name, file.etag)
    before += file.bytes
  }
}

function checkSizes(files: readonly RemoteFile[]): void {
  for (const { name, bytes } of files) {
    const most = /\.(json|txt)$/.test(name) ? MAX_TEXT_BYTES : MAX_FILE_BYTES
    if (bytes > most) {
      throw new ClvpError(
        'CLVP_MODEL_FORMAT',
        `The hub's ${name} has ${bytes} bytes: expected at most ${most}`,
      )
    }
  }
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0)
  if (total > MAX_BYTES) {
    throw new ClvpError('CLVP_MODEL_FORMAT', `The files have ${total} bytes: expected at most ${MAX_BYTES}`)
  }
}

/** Check the free space before downloading gigabytes. */
async function checkRoom(cache: RepoCache, commit: string, files: readonly RemoteFile[]): Promise<void> {
  const folder = cache.snapshot(commit)
  const here = await Promise.all(files.map(({ etag }) => bytesHere(cache.blob(etag))))
  const bytes = files.reduce((sum, file, i) => sum + Math.max(0, file.bytes - here[i]!), 0)
  const { bavail, bsize } = await statfs(folder).catch(() => ({ bavail: Number.POSITIVE_INFINITY, bsize: 1 }))
  if (bytes <= bavail * bsize) return
  const message = `${folder} has ${bavail * bsize} bytes free, but ${bytes} are needed`
  throw new ClvpError('CLVP_IO', `${message}: free some space, or set HF_HUB_CACHE to a larger disk`)
}

// --- cached ----------------------------------------------------------------------------------------------------------

/** The cached snapshot, if it is complete as far as can be told without the hub. */
async function findHere(
  cache: RepoCache,
  id: string,
  { revision, files }: SnapshotOptions,
): Promise<Snapshot | undefined> {
  const commit = await cache.commitOf(revision)
  if (commit === undefined) return undefined
  const names = await cache.files(commit)
  try {
    const choice = chooseFiles(names, id, files)
    const shards = choice.index ? await readShards(cache, commit, choice.index) : []
    if (!shards.every((name) => names.includes(name))) return undefined
    return await describe(cache, id, commit, { ...choice, files: [...choice.files, ...shards] })
  } catch {
    return undefined // incomplete: fetch the rest from the hub
  }
}

async function readShards(
  cache: RepoCache,
  commit: string,
  { name, ending }: { name: string; ending: string },
): Promise<string[]> {
  const file = join(cache.snapshot(commit), name)
  return shardNames(await readJson(file), ending, file)
}

async function describe(cache: RepoCache, id: string, commit: string, choice: Choice): Promise<Snapshot> {
  const found = await Promise.all(choice.files.map((name) => cache.identity(commit, name)))
  const folder = cache.snapshot(commit)
  return {
    id,
    commit,
    folder,
    bytes: found.reduce((sum, { bytes }) => sum + bytes, 0),
    key: [commit, ...choice.files.map((name, i) => `${name} ${found[i]!.key}`)].join('\n'),
    gguf: choice.gguf && join(folder, choice.gguf),
    pair: choice.pair,
  }
}

// --- errors ----------------------------------------------------------------------------------------------------------

function noShard(id: string, commit: string, name: string): ClvpError {
  return new ClvpError('CLVP_MODEL_FORMAT', `${id} at ${commit}: its index names ${name}, which is missing`)
}

function refuseOffline(id: string, revision: string, { cache, offlineBy }: HubSettings): never {
  throw new ClvpError(
    'CLVP_IO',
    `${offlineBy} is set, and ${cache} has no complete snapshot of ${id} at '${revision}': unset it, or pass a folder or a .gguf file`,
  )
}

function unreachable(id: string, { endpoint, cache }: HubSettings, cause: HubFault): ClvpError {
  return new ClvpError(
    'CLVP_IO',
    `${id} is neither a local path nor in ${cache}, and the hub at ${endpoint} is unreachable (${cause.message}): check the name and the network, or pass a folder or a .gguf file`,
    { cause },
  )
}
