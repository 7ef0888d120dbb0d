/** Writes the records of a run as one file. */
import { ByteWriter, ParquetWriter } from 'hyparquet-writer'
import { type NewFile, writeNew } from '../base/files.js'
import { columnData, parquetSchemaOf } from './parquet_part.js'
import type { BatchRecord } from './record.js'
import type { BatchTask } from './tasks.js'

/** Rows of a group of a Parquet file. */
const groupRows = 8192

/**
 * The file appears when it is complete. A name that ends with .parquet makes it Parquet, any other one JSONL.
 *
 * @returns how many records there are
 */
export async function mergeTo(
  target: string,
  task: BatchTask,
  parts: AsyncIterable<BatchRecord[]>,
): Promise<number> {
  let count = 0
  await writeNew(target, async (file) => {
    count = target.toLowerCase().endsWith('.parquet')
      ? await writeParquet(file, task, parts)
      : await writeLines(file, parts)
  })
  return count
}

async function writeLines(file: NewFile, parts: AsyncIterable<BatchRecord[]>): Promise<number> {
  let count = 0
  for await (const records of parts) {
    await file.write(Buffer.from(linesOf(records)))
    count += records.length
  }
  return count
}

export function linesOf(records: readonly BatchRecord[]): string {
  return records.map((record) => `${JSON.stringify(record)}\n`).join('')
}

async function writeParquet(
  file: NewFile,
  task: BatchTask,
  parts: AsyncIterable<BatchRecord[]>,
): Promise<number> {
  const buffer = new ByteWriter()
  const writer = new ParquetWriter({ writer: buffer, schema: parquetSchemaOf(task) })
  let [group, count]: [BatchRecord[], number] = [[], 0]
  const drain = async () => {
    await file.write(buffer.getBytes())
    buffer.index = 0 // what was written is no longer kept
  }
  const flush = async () => {
    await writer.write({ columnData: columnData(group, task), rowGroupSize: groupRows * 2 })
    await drain()
    group = []
  }
  for await (const records of parts) {
    count += records.length
    group.push(...records)
    if (group.length >= groupRows) await flush()
  }
  if (group.length > 0) await flush()
  await writer.finish()
  await drain()
  return count
}
