/**
 * Decodes Parquet on a thread of its own: a file that claims billions of values runs this thread out of its memory, not the process.
 */
import { parentPort, workerData } from 'node:worker_threads'
import {
  type AsyncBuffer,
  type FileMetaData,
  parquetMetadataAsync,
  parquetReadObjects,
  parquetSchema,
} from 'hyparquet'
import { ClvpError } from '../../base/errors.js'
import { SourceFile } from '../../base/files.js'
import { boundedCompressors } from './parquet_limits.js'
import type { ParquetAnswer, ParquetFacts, ParquetQuestion, ParquetSource } from './parquet_thread.js'

const { path, mostPageBytes } = workerData as ParquetSource

let file: SourceFile
let metadata: FileMetaData

async function open(): Promise<ParquetFacts> {
  file = await SourceFile.open(path, 'the input')
  metadata = await parquetMetadataAsync(bufferOf(file))
  const groups = metadata.row_groups.map(({ num_rows, columns }) => ({
    rows: Number(num_rows),
    columns: columns.map(({ meta_data: chunk }) => ({
      name: chunk?.path_in_schema[0] ?? '',
      bytes: Number(chunk?.total_uncompressed_size ?? 0),
      values: Number(chunk?.num_values ?? 0),
    })),
  }))
  return { columns: parquetSchema(metadata).children.map(({ element }) => element.name), groups }
}

function read({ first, rows, columns }: ParquetQuestion): Promise<Record<string, unknown>[]> {
  return parquetReadObjects({
    file: bufferOf(file),
    metadata,
    columns: [...columns],
    rowStart: first,
    rowEnd: first + rows,
    utf8: false, // recordings are bytes, too
    compressors: boundedCompressors(mostPageBytes),
  })
}

function bufferOf(source: SourceFile): AsyncBuffer {
  return {
    byteLength: source.size,
    async slice(start, end = source.size) {
      const from = start < 0 ? source.size + start : start
      if (!(from >= 0 && end >= from && end <= source.size)) throw new Error('it points behind its end')
      const bytes = new Uint8Array(end - from)
      await source.read(from, bytes)
      return bytes.buffer
    },
  }
}

async function answer(run: () => Promise<unknown>): Promise<void> {
  let reply: ParquetAnswer
  try {
    reply = { value: await run() }
  } catch (error) {
    const { message } = error as Error
    reply = { error: { message, ...(error instanceof ClvpError && { code: error.code }) } }
  }
  parentPort!.postMessage(reply)
}

parentPort!.on('message', (question: ParquetQuestion) => void answer(() => read(question)))
await answer(open)
