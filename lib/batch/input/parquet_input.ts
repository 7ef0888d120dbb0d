/** Rows of a Parquet file. Only the columns that the task needs are read, and one group of rows at a time is in memory. */
import { createHash } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { ClvpError } from '../../base/errors.js'
import { failIo, SourceFile } from '../../base/files.js'
import type { BatchInput, InputIdentity, InputIndex, InputOptions } from './input.js'
import { type ParquetFacts, ParquetThread } from './parquet_thread.js'
import type { RawRow } from './row.js'

/** Most bytes that the needed columns of a group of rows may take. */
const mostGroupBytes = 2 ** 29
/** Most values of a column in a group: a run of equal values takes no bytes. */
const mostGroupValues = 2 ** 22
const chunkBytes = 2 ** 20

interface Group {
  first: number
  rows: number
}

export class ParquetInput implements BatchInput {
  readonly identity: InputIdentity
  readonly index: InputIndex = { offsets: [] }
  readonly folder: string
  readonly #thread: ParquetThread
  readonly #columns: readonly string[]
  readonly #groups: readonly Group[] = []
  /** The group that was read last. Shards come in order, and a group has many. */
  #read: { first: number; rows: Promise<Record<string, unknown>[]> } | undefined

  private constructor(
    thread: ParquetThread,
    groups: readonly Group[],
    columns: readonly string[],
    identity: InputIdentity,
  ) {
    this.#thread = thread
    this.#groups = groups
    this.#columns = columns
    this.identity = identity
    this.folder = dirname(identity.path)
  }

  static async open(path: string, { known, columns: wanted }: InputOptions): Promise<ParquetInput> {
    const { thread, facts } = await ParquetThread.open({ path, mostPageBytes: mostGroupBytes })
    try {
      const columns = columnsOf(path, facts, wanted)
      checkGroups(path, facts, columns)
      let rows = 0
      const groups = facts.groups.map((group) => {
        rows += group.rows
        return { first: rows - group.rows, rows: group.rows }
      })
      const { mtimeMs: modified, size: bytes } = await stat(path).catch((error) => failIo(path, error))
      const earlier = known?.identity
      const isSame = earlier?.bytes === bytes && earlier.modified === modified && earlier.kind === 'parquet'
      const sha256 = isSame ? earlier.sha256 : await hashOf(path)
      const identity = { kind: 'parquet', path, rows, bytes, sha256, modified } as const
      return new ParquetInput(thread, groups, columns, identity)
    } catch (error) {
      await thread.close()
      throw error
    }
  }

  /** A Parquet file cannot grow: its end describes all of it. */
  continues({ kind, sha256 }: InputIdentity): boolean {
    return kind === 'parquet' && sha256 === this.identity.sha256
  }

  async *rows(first: number, count: number): AsyncGenerator<RawRow> {
    const end = first + count
    for (const group of this.#groups) {
      if (group.first + group.rows <= first || group.first >= end) continue
      const rows = await this.#group(group)
      const last = Math.min(end - group.first, rows.length)
      for (let at = Math.max(0, first - group.first); at < last; at++) yield { fields: rows[at]! }
    }
  }

  #group({ first, rows }: Group): Promise<Record<string, unknown>[]> {
    if (this.#read?.first !== first) {
      this.#read = undefined // two groups are not in memory together
      this.#read = { first, rows: this.#thread.read({ first, rows, columns: this.#columns }) }
    }
    return this.#read.rows
  }

  async close(): Promise<void> {
    this.#read = undefined
    await this.#thread.close()
  }
}

function columnsOf(path: string, { columns }: ParquetFacts, wanted: readonly string[]): string[] {
  const found = wanted.filter((name) => columns.includes(name))
  const [id] = wanted
  if (id !== undefined && found.includes(id)) return found
  throw new ClvpError(
    'CLVP_INVALID_ARGUMENT',
    `Expected a column '${id}' in ${path} but received ${columns.join(', ')}: name one with --column id=NAME`,
  )
}

function checkGroups(path: string, { groups }: ParquetFacts, columns: readonly string[]): void {
  for (const [i, group] of groups.entries()) {
    const needed = group.columns.filter(({ name }) => columns.includes(name))
    const bytes = needed.reduce((sum, each) => sum + each.bytes, 0)
    const values = Math.max(group.rows, ...needed.map((each) => each.values))
    if (
      Number.isSafeInteger(group.rows) &&
      group.rows >= 0 &&
      values <= mostGroupValues &&
      bytes <= mostGroupBytes
    )
      continue
    throw new ClvpError(
      'CLVP_INVALID_ARGUMENT',
      `Expected at most ${mostGroupValues} values and ${mostGroupBytes} bytes in the columns ${columns.join(', ')} of a row group but group ${i} of ${path} has ${values} and ${bytes}: write the file with smaller row groups`,
    )
  }
}

async function hashOf(path: string): Promise<string> {
  const file = await SourceFile.open(path, 'the input')
  try {
    const hash = createHash('sha256')
    for (let at = 0; at < file.size; at += chunkBytes) {
      const chunk = Buffer.allocUnsafe(Math.min(chunkBytes, file.size - at))
      await file.read(at, chunk)
      hash.update(chunk)
    }
    return hash.digest('hex')
  } finally {
    await file.close()
  }
}
