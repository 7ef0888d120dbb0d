/** What a run has made so far. */
import { ClvpError } from '../base/errors.js'
import { Claims } from './claims.js'
import { type Manifest, needManifest } from './manifest.js'
import { decodePart, latestParts, type Part, partName } from './parts.js'
import { type BatchRecord, isFailed } from './record.js'
import { type BatchStore, FolderStore } from './store.js'

export interface RunStatus {
  task: string
  input: string
  rows: number
  /** Rows that have a record. */
  done: number
  /** Of these, rows whose record is an error. */
  failed: number
  /** How often each code of an error occurs. */
  errors: Record<string, number>
  shards: { all: number; done: number; running: number[] }
}

/**
 * How far a run is.
 *
 * @example
 * ```js
 * const { done, rows, failed, errors } = await runStatus(new FolderStore('run'))
 * console.log(`${done} of ${rows} rows, ${failed} failed`, errors)
 * ```
 *
 * @throws ClvpError CLVP_IO if there is no run, or a part is damaged
 */
export async function runStatus(store: BatchStore): Promise<RunStatus> {
  const manifest = await needManifest(store)
  const parts = latestParts(await store.names())
  const errors: Record<string, number> = {}
  let done = 0
  let failed = 0
  for (const part of parts.values()) {
    for (const record of await readPart(store, part)) {
      done++
      if (!isFailed(record)) continue
      failed++
      const { code } = record.error!
      errors[code] = (errors[code] ?? 0) + 1
    }
  }
  const { rows, path } = manifest.input
  const whole = wholeParts(manifest, parts)
  const running = store instanceof FolderStore ? await new Claims(store.url).live() : []
  return {
    task: manifest.task,
    input: path,
    rows,
    done,
    failed,
    errors,
    shards: { all: shardsOf(manifest), done: whole.length, running },
  }
}

/**
 * All records in the order of the input.
 *
 * @example
 * ```js
 * for await (const records of mergedRecords(new FolderStore('run'))) {
 *   for (const { id, score } of records) console.log(id, score)
 * }
 * ```
 *
 * @param isPartial takes a run that is not complete
 * @throws ClvpError CLVP_IO for a run that is not complete, or a damaged part
 */
export async function* mergedRecords(store: BatchStore, isPartial = false): AsyncGenerator<BatchRecord[]> {
  const manifest = await needManifest(store)
  const parts = latestParts(await store.names())
  const missing = shardsOf(manifest) - wholeParts(manifest, parts).length
  if (missing > 0 && !isPartial) {
    throw new ClvpError(
      'CLVP_IO',
      `Expected a complete run in ${store.url} but ${missing} of ${shardsOf(manifest)} shards are missing: run the batch again, or take --partial`,
    )
  }
  for (const [, part] of [...parts].sort(([one], [other]) => one - other)) yield await readPart(store, part)
}

function shardsOf({ input, shardRows }: Manifest): number {
  return Math.ceil(input.rows / shardRows)
}

function wholeParts({ input, shardRows }: Manifest, parts: ReadonlyMap<number, Part>): Part[] {
  return [...parts.values()].filter(
    ({ shard, rows }) => rows > 0 && rows >= Math.min(shardRows, input.rows - shard * shardRows),
  )
}

async function readPart(store: BatchStore, part: Part): Promise<BatchRecord[]> {
  const bytes = await store.read(partName(part))
  if (!bytes)
    throw new ClvpError('CLVP_IO', `${partName(part)} disappeared: another process extends it: try again`)
  return decodePart(bytes, part)
}
