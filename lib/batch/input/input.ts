/** The input of a run, whatever its format: rows by number, and what identifies it. */
import { stat } from 'node:fs/promises'
import { dirname, extname, resolve } from 'node:path'
import { ClvpError } from '../../base/errors.js'
import { failOpen, kindOf, wrongKind } from '../../base/files.js'
import { openFolder } from './folder_input.js'
import { LineInput, lineKinds } from './line_input.js'
import { ParquetInput } from './parquet_input.js'
import type { RawRow } from './row.js'

export type InputKind = 'jsonl' | 'csv' | 'tsv' | 'parquet' | 'ljspeech' | 'kaldi' | 'clips'

/** What identifies an input: the manifest of a run keeps it. */
export interface InputIdentity {
  kind: InputKind
  /** Absolute path. */
  path: string
  rows: number
  bytes: number
  sha256: string
  /** Of the file, to tell without reading it whether it is the same. */
  modified: number
}

/** What a later process needs to find its rows without reading all of the input. */
export interface InputIndex {
  /** Place of the first row of each shard, in bytes; empty where rows are found by number. */
  offsets: number[]
}

export interface BatchInput {
  readonly identity: InputIdentity
  readonly index: InputIndex
  /** Paths of rows are relative to this folder. */
  readonly folder: string
  /** The input begins with the bytes of that earlier one, and goes on after the end of its last row. */
  continues(earlier: InputIdentity): boolean
  /** @param first the number of a shard's first row */
  rows(first: number, count: number): AsyncIterable<RawRow>
  close(): Promise<void>
}

/** How an input is opened. */
export interface InputOptions {
  /** Rows of a shard. */
  every: number
  /** Columns that the task reads, the one of the id first. */
  columns: readonly string[]
  /** Of the run that is continued. */
  known?: { identity: InputIdentity; index: InputIndex } | undefined
}

/**
 * @throws ClvpError CLVP_INVALID_ARGUMENT for a format that is not known and for an input without rows, CLVP_IO
 */
export async function openInput(path: string, options: InputOptions): Promise<BatchInput> {
  const expected = 'a file or a folder for the input'
  const info = await stat(path).catch((error) => failOpen(path, expected, error))
  const input = info.isDirectory()
    ? await openFolder(resolve(path), options)
    : info.isFile()
      ? await openFile(resolve(path), options)
      : undefined
  if (!input) throw wrongKind(path, expected, kindOf(info))
  if (input.identity.rows > 0) return input
  await input.close()
  throw new ClvpError(
    'CLVP_INVALID_ARGUMENT',
    `Expected rows in ${path} but received none: name another input`,
  )
}

async function openFile(path: string, options: InputOptions): Promise<BatchInput> {
  const extension = extname(path).toLowerCase()
  if (extension === '.parquet') return ParquetInput.open(path, options)
  const kind = { '.jsonl': 'jsonl', '.ndjson': 'jsonl', '.json': 'jsonl', '.csv': 'csv', '.tsv': 'tsv' }[
    extension
  ]
  if (kind === undefined) {
    throw new ClvpError(
      'CLVP_INVALID_ARGUMENT',
      `Expected .jsonl, .ndjson, .csv, .tsv, .parquet or a folder for the input but received ${path}: rename the file by its format`,
    )
  }
  return LineInput.open(
    path,
    kind as 'jsonl' | 'csv' | 'tsv',
    lineKinds[kind as 'jsonl'],
    dirname(path),
    options,
  )
}
