/** What a run is asked for, what of it the manifest keeps, and whether it goes on with what is there. */
import { randomInt } from 'node:crypto'
import type { Voice } from '../audio/voice.js'
import { ClvpError } from '../base/errors.js'
import { readGiven } from '../base/options.js'
import { packageVersion } from '../base/package_root.js'
import type { Clvp } from '../clvp/clvp.js'
import type { BatchInput } from './input/input.js'
import type { Columns } from './input/row.js'
import type { Manifest, RunSettings } from './manifest.js'
import type { PartFormat } from './parts.js'
import type { BatchStore } from './store.js'
import { type BatchTask, taskKinds } from './tasks.js'

/** What makes a run. */
export interface RunRequest {
  task: BatchTask
  /** Path of a file or a folder: docs/batch.md. */
  input: string
  store: BatchStore
  /** The model that the rows are for. */
  clvp: Clvp
  /** Where the model was loaded from, for processes that load it again. */
  source: string
  /** Options of Clvp.load that change results. */
  load?: Readonly<Record<string, unknown>>
  /** Options of each row's call. */
  settings?: Readonly<Record<string, unknown>>
  /** The voice of rows that name none. */
  voice?: Voice | undefined
  columns?: Columns
  /** Default: that of the run in the store, or a random one. */
  seed?: number | undefined
  /** Rows of a shard. Default: that of the run in the store, or 256. */
  shardRows?: number | undefined
  /** Format of the parts. Default: that of the run in the store, or 'jsonl'. */
  parts?: PartFormat | undefined
}

export const defaultShardRows = 256

/** @throws ClvpError CLVP_INVALID_ARGUMENT for an option that the task does not have, or a bad value of one */
export function settingsOf(request: RunRequest, had: Manifest | undefined): RunSettings {
  const { task, clvp, voice, load = {}, settings = {}, columns = {} } = request
  readGiven(taskKinds[task].options, settings)
  const { name, id = null, type } = clvp.info
  return {
    task,
    package: packageVersion(),
    model: { name, id, type },
    load,
    settings,
    voice: voice ? voice.toJSON() : null,
    columns,
    seed: request.seed ?? had?.seed ?? randomInt(2 ** 47),
    shardRows: request.shardRows ?? had?.shardRows ?? defaultShardRows,
    parts: request.parts ?? had?.parts ?? 'jsonl',
  }
}

export function requireContinued({ url }: BatchStore, had: Manifest, input: BatchInput): void {
  if (input.continues(had.input)) return
  throw new ClvpError(
    'CLVP_INVALID_ARGUMENT',
    `Expected the input of the run in ${url}, or one that goes on behind its end, but ${input.identity.path} differs within its ${had.input.rows} rows: take the same input, or name another folder`,
  )
}

export function requireVersion({ url }: BatchStore, { package: made }: Manifest): void {
  if (made === packageVersion()) return
  throw new ClvpError(
    'CLVP_UNSUPPORTED',
    `Expected node-clvp ${made} for the run in ${url} but this is ${packageVersion()}: install the same version`,
  )
}

export function changedInput(path: string): ClvpError {
  return new ClvpError(
    'CLVP_IO',
    `${path} changed while it was read: run the batch again when it is complete`,
  )
}
