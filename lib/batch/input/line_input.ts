/** Inputs with a row in each record of a text file: JSONL, CSV, and the transcripts of data sets. */
import { stat } from 'node:fs/promises'
import { ClvpError } from '../../base/errors.js'
import { failIo, SourceFile } from '../../base/files.js'
import { isObject } from '../../base/json.js'
import { splitCsv } from './csv.js'
import type { BatchInput, InputIdentity, InputIndex, InputKind, InputOptions } from './input.js'
import { indexRecords, mostRecordBytes, readRecords, type TextRecord } from './record_file.js'
import type { RawRow } from './row.js'

/** How the records of a kind are read. */
export interface LineKind {
  /** Quoted fields may contain line breaks. */
  isQuoted: boolean
  /** The first record names the fields. */
  hasHeader: boolean
  parse(text: string, header: readonly string[]): RawRow
}

const utf8 = new TextDecoder('utf-8', { fatal: true })
const bom = Buffer.from([0xef, 0xbb, 0xbf])

export class LineInput implements BatchInput {
  readonly identity: InputIdentity
  readonly index: InputIndex
  readonly folder: string
  readonly #file: SourceFile
  readonly #kind: LineKind
  readonly #header: readonly string[]
  readonly #every: number
  readonly #prefix: string | undefined

  private constructor(
    file: SourceFile,
    kind: LineKind,
    header: readonly string[],
    folder: string,
    every: number,
    found: { identity: InputIdentity; index: InputIndex; prefix?: string | undefined },
  ) {
    this.#file = file
    this.#kind = kind
    this.#header = header
    this.folder = folder
    this.#every = every
    this.identity = found.identity
    this.index = found.index
    this.#prefix = found.prefix
  }

  static async open(
    path: string,
    name: InputKind,
    kind: LineKind,
    folder: string,
    { every, known }: InputOptions,
  ): Promise<LineInput> {
    const file = await SourceFile.open(path, 'the input')
    try {
      const { from, header } = await readHead(file, kind)
      const { mtimeMs: modified } = await stat(path).catch((error) => failIo(path, error))
      const earlier = known?.identity
      const isSame = earlier?.bytes === file.size && earlier.modified === modified && earlier.kind === name
      if (isSame) {
        const found = { identity: { ...earlier, path }, index: known!.index, prefix: earlier.sha256 }
        return new LineInput(file, kind, header, folder, every, found)
      }
      const all = await indexRecords(file, from, kind.isQuoted, every, earlier?.bytes)
      const { offsets, rows, bytes, sha256, prefix } = all
      const identity = { kind: name, path, rows, bytes, sha256, modified }
      return new LineInput(file, kind, header, folder, every, { identity, index: { offsets }, prefix })
    } catch (error) {
      await file.close()
      throw error
    }
  }

  continues({ kind, bytes, sha256 }: InputIdentity): boolean {
    const { identity } = this
    if (identity.kind !== kind || identity.bytes < bytes) return false
    return identity.sha256 === sha256 || this.#prefix === sha256
  }

  async *rows(first: number, count: number): AsyncGenerator<RawRow> {
    const from = this.index.offsets[first / this.#every]
    if (from === undefined || count <= 0) return
    let left = count
    for await (const record of readRecords(this.#file, from, this.#kind.isQuoted)) {
      yield this.#parse(record)
      if (--left === 0) return
    }
  }

  #parse({ bytes }: TextRecord): RawRow {
    if (!bytes) return failed(`Expected at most ${mostRecordBytes} bytes for a row but received more`)
    let text: string
    try {
      text = utf8.decode(bytes)
    } catch {
      return failed('Expected UTF-8 but received other bytes: convert the file')
    }
    return this.#kind.parse(text.replace(/\r$/, ''), this.#header)
  }

  close(): Promise<void> {
    return this.#file.close()
  }
}

/** A row that cannot be read, and so has no id. */
export function failed(message: string, id: string | null = null): RawRow {
  return { id, error: new ClvpError('CLVP_INVALID_ARGUMENT', message) }
}

/** Where the first row begins, and the names of the fields. */
async function readHead(file: SourceFile, kind: LineKind): Promise<{ from: number; header: string[] }> {
  const start = Buffer.alloc(Math.min(bom.length, file.size))
  await file.read(0, start)
  const from = start.equals(bom) ? bom.length : 0
  if (!kind.hasHeader) return { from, header: [] }
  const records = readRecords(file, from, kind.isQuoted)
  for await (const { start: at, bytes } of records) {
    const parsed = bytes && kind.parse(bytes.toString().replace(/\r$/, ''), [])
    if (!parsed || 'error' in parsed) break
    const header = parsed.fields.header as string[]
    const twice = header.find((name, i) => header.indexOf(name) !== i)
    if (twice !== undefined) {
      throw new ClvpError(
        'CLVP_INVALID_ARGUMENT',
        `Expected different names in the first line of ${file.path} but received '${twice}' twice: rename a column`,
      )
    }
    return { from: at + bytes!.length + 1, header }
  }
  throw new ClvpError(
    'CLVP_INVALID_ARGUMENT',
    `Expected the names of the columns in the first line of ${file.path} but received none: add them`,
  )
}

/** Files whose first line names the columns. Without a header, the fields are the header. */
function separated(separator: string): LineKind {
  return {
    isQuoted: true,
    hasHeader: true,
    parse(text, header) {
      const fields = splitCsv(text, separator)
      if (!fields) return failed(`Expected matching quotes but received ${JSON.stringify(text.slice(0, 60))}`)
      if (header.length === 0) return { fields: { header: fields } }
      if (fields.length !== header.length) {
        return failed(
          `Expected ${header.length} fields but received ${fields.length}: quote fields with separators`,
        )
      }
      return { fields: Object.fromEntries(header.map((name, i) => [name, fields[i]])) }
    },
  }
}

export const lineKinds = {
  jsonl: {
    isQuoted: false,
    hasHeader: false,
    parse(text: string): RawRow {
      try {
        const fields: unknown = JSON.parse(text)
        if (isObject(fields)) return { fields }
      } catch {} // reported below
      return failed(
        `Expected a JSON object but received ${JSON.stringify(text.slice(0, 60))}: correct the line`,
      )
    },
  },
  csv: separated(','),
  tsv: separated('\t'),
} as const satisfies Record<string, LineKind>
