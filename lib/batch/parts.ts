/** Names and bytes of the files that hold the records of a shard. */
import { ClvpError } from '../base/errors.js'
import { decodeParquet, encodeParquet } from './parquet_part.js'
import type { BatchRecord } from './record.js'
import type { BatchTask } from './tasks.js'

export type PartFormat = 'jsonl' | 'parquet'
export const partFormats: readonly PartFormat[] = ['jsonl', 'parquet']

/** A file of records. Its name says how many, so that one that is complete is known by its name. */
export interface Part {
  shard: number
  rows: number
  format: PartFormat
}

export function partName({ shard, rows, format }: Part): string {
  return `${partPrefix(shard)}${rows}.${format}`
}

/** What the names of a shard's parts begin with. */
export function partPrefix(shard: number): string {
  return `part-${String(shard).padStart(6, '0')}-`
}

export function parsePart(name: string): Part | undefined {
  const [, shard, rows, format] = /^part-(\d{6,})-(\d+)\.(jsonl|parquet)$/.exec(name) ?? []
  return shard === undefined
    ? undefined
    : { shard: Number(shard), rows: Number(rows), format: format as PartFormat }
}

/** The largest part of each shard. */
export function latestParts(names: readonly string[]): Map<number, Part> {
  const parts = new Map<number, Part>()
  for (const name of names) {
    const part = parsePart(name)
    if (part && part.rows > (parts.get(part.shard)?.rows ?? -1)) parts.set(part.shard, part)
  }
  return parts
}

export function encodePart(records: readonly BatchRecord[], format: PartFormat, task: BatchTask): Uint8Array {
  if (format === 'parquet') return encodeParquet(records, task)
  return Buffer.from(records.map((record) => `${JSON.stringify(record)}\n`).join(''))
}

/** @throws ClvpError CLVP_IO for a part that is damaged */
export async function decodePart(bytes: Uint8Array, part: Part): Promise<BatchRecord[]> {
  const name = partName(part)
  try {
    const records =
      part.format === 'parquet'
        ? await decodeParquet(bytes)
        : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
            .toString()
            .split('\n')
            .filter(Boolean)
            .map((line) => JSON.parse(line) as BatchRecord)
    if (records.length === part.rows) return records
    throw new Error(`it has ${records.length} records`)
  } catch (cause) {
    const reason = (cause as Error).message
    throw new ClvpError('CLVP_IO', `${name} is damaged: ${reason}: remove it, and run the batch again`, {
      cause,
    })
  }
}
