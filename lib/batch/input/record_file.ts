/** Splits a file of text into records: lines, or the records of a CSV file, whose quoted fields may contain line breaks. */
import { createHash, type Hash } from 'node:crypto'
import type { ByteSource } from '../../base/files.js'

/** A longer record is not kept in memory; its row is an error. */
export const mostRecordBytes = 4 * 2 ** 20

const chunkBytes = 2 ** 20
const newline = 0x0a
const quote = 0x22

/** A record that is not blank. */
export interface TextRecord {
  /** Place of its first byte. */
  start: number
  /** Its bytes without the line break, or undefined if there are more than {@link mostRecordBytes}. */
  bytes: Buffer | undefined
}

/** @param onChunk gets all bytes in order */
export async function* readRecords(
  file: ByteSource,
  from: number,
  isQuoted: boolean,
  onChunk?: (chunk: Buffer) => void,
): AsyncGenerator<TextRecord> {
  let kept: Buffer[] = []
  let keptBytes = 0
  let start = from
  let isOpen = false // inside quotes
  const take = (piece: Buffer) => {
    keptBytes += piece.length
    if (keptBytes <= mostRecordBytes) kept.push(Buffer.from(piece))
    else kept = []
  }
  const end = (): TextRecord => {
    const record = { start, bytes: keptBytes > mostRecordBytes ? undefined : Buffer.concat(kept) }
    start += keptBytes + 1
    kept = []
    keptBytes = 0
    return record
  }
  for (let at = from; at < file.size; at += chunkBytes) {
    const chunk = Buffer.allocUnsafe(Math.min(chunkBytes, file.size - at))
    await file.read(at, chunk)
    onChunk?.(chunk)
    let done = 0
    for (;;) {
      const found = nextBreak(chunk, done, isQuoted && isOpen)
      if (isQuoted) isOpen = isOpenAfter(chunk, done, found, isOpen)
      const isBreak = !isOpen && chunk[found] === newline
      take(chunk.subarray(done, isBreak ? found : Math.min(found + 1, chunk.length)))
      done = found + 1
      if (isBreak) {
        const record = end()
        if (!isBlank(record)) yield record
      }
      if (done >= chunk.length) break
    }
  }
  const last = end()
  if (!isBlank(last)) yield last
}

/** Inside quotes, only a quote can end what is skipped. */
function nextBreak(chunk: Buffer, from: number, isOpen: boolean): number {
  const found = chunk.indexOf(isOpen ? quote : newline, from)
  return found === -1 ? chunk.length : found
}

/** Each quote opens or closes; a doubled one does both. */
function isOpenAfter(chunk: Buffer, from: number, to: number, isOpen: boolean): boolean {
  let open = isOpen
  const last = Math.min(to, chunk.length - 1)
  for (let at = chunk.indexOf(quote, from); at !== -1 && at <= last; at = chunk.indexOf(quote, at + 1)) {
    open = !open
  }
  return open
}

function isBlank({ bytes }: TextRecord): boolean {
  return bytes?.every((byte) => byte === 0x20 || byte === 0x0d || byte === 0x09) ?? false
}

/** Places of the first row of each shard, and what identifies the file. */
export interface RecordIndex {
  /** For row n * `every`: the place of its first byte. */
  offsets: number[]
  rows: number
  bytes: number
  sha256: string
  /** Hash of the first bytes, as many as were asked for; undefined if the file is shorter or breaks a line there. */
  prefix: string | undefined
}

/**
 * Reads a file once.
 *
 * @param from place of the first row
 * @param prefixBytes how many bytes an earlier index of the file had
 */
export async function indexRecords(
  file: ByteSource,
  from: number,
  isQuoted: boolean,
  every: number,
  prefixBytes: number | undefined,
): Promise<RecordIndex> {
  const hasher = new PrefixHash(prefixBytes)
  if (from > 0) {
    const head = Buffer.alloc(from)
    await file.read(0, head)
    hasher.add(head)
  }
  const offsets: number[] = []
  let rows = 0
  for await (const { start } of readRecords(file, from, isQuoted, (chunk) => hasher.add(chunk))) {
    if (rows % every === 0) offsets.push(start)
    rows++
  }
  return { offsets, rows, bytes: file.size, ...hasher.result() }
}

class PrefixHash {
  readonly #hash: Hash = createHash('sha256')
  readonly #bytes: number | undefined
  #prefix: string | undefined
  #done = 0
  /** Of the last byte within the prefix, and of the first one behind it. */
  #edge: [number | undefined, number | undefined] = [undefined, undefined]

  constructor(bytes: number | undefined) {
    this.#bytes = bytes
  }

  add(chunk: Buffer): void {
    const rest = (this.#bytes ?? 0) - this.#done
    if (rest >= 0 && rest < chunk.length) this.#edge[1] = chunk[rest]
    if (rest > 0 && rest <= chunk.length) {
      this.#edge[0] = chunk[rest - 1]
      this.#hash.update(chunk.subarray(0, rest))
      this.#prefix = this.#hash.copy().digest('hex')
      this.#hash.update(chunk.subarray(rest))
    } else this.#hash.update(chunk)
    this.#done += chunk.length
  }

  result(): { sha256: string; prefix: string | undefined } {
    const [last, next] = this.#edge
    const isWhole = last === newline || next === newline || next === 0x0d || next === undefined
    return { sha256: this.#hash.digest('hex'), prefix: isWhole ? this.#prefix : undefined }
  }
}
