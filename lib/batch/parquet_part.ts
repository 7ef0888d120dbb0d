/** Records as a Parquet file. */
import { parquetReadObjects, type SchemaElement } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import { type ColumnSource, parquetWriteBuffer } from 'hyparquet-writer'
import type { BatchRecord } from './record.js'
import type { BatchTask } from './tasks.js'

/** How a field is stored: a number, a text, a list of integers or of numbers, or any value as JSON. */
type ColumnType = 'number' | 'text' | 'integers' | 'numbers' | 'json'

const drawn = { score: 'number', seconds: 'number', seed: 'number' } as const

/** Every part of a task has the same columns in the same order, whatever its rows hold. */
const columns: Readonly<Record<BatchTask, Readonly<Record<string, ColumnType>>>> = {
  generate: {
    ...drawn,
    soloScore: 'number',
    meanLogprob: 'number',
    longestSilence: 'number',
    index: 'number',
    finishReason: 'text',
    codes: 'integers',
    drawnCodes: 'integers',
    candidates: 'json',
    dropped: 'json',
    unknownWords: 'json',
  },
  speak: { ...drawn, speech: 'text', audio: 'text', failures: 'json' },
  score: { score: 'number', seconds: 'number' },
  embed: { embedding: 'numbers' },
  encode: { codes: 'integers', seconds: 'number' },
}

/** Ids become texts, since a column has one type. */
function columnsOf(task: BatchTask): Readonly<Record<string, ColumnType>> {
  return { id: 'text', ...columns[task], error: 'json' }
}

export function parquetSchemaOf(task: BatchTask): SchemaElement[] {
  const fields = Object.entries(columnsOf(task))
  return [
    { name: 'root', num_children: fields.length },
    ...fields.flatMap(([name, type]) => elementsOf(name, type)),
  ]
}

function elementsOf(name: string, type: ColumnType): SchemaElement[] {
  const optional = { name, repetition_type: 'OPTIONAL' } as const
  switch (type) {
    case 'number':
      return [{ ...optional, type: 'DOUBLE' }]
    case 'text':
      return [{ ...optional, type: 'BYTE_ARRAY', converted_type: 'UTF8' }]
    case 'json':
      return [{ ...optional, type: 'BYTE_ARRAY', converted_type: 'JSON' }]
    default:
      return [
        { ...optional, num_children: 1, converted_type: 'LIST' },
        { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
        { name: 'element', repetition_type: 'REQUIRED', type: type === 'integers' ? 'INT32' : 'FLOAT' },
      ]
  }
}

export function columnData(records: readonly BatchRecord[], task: BatchTask): ColumnSource[] {
  return Object.entries(columnsOf(task)).map(([name, type]) => ({
    name,
    data: records.map((record) => {
      const value = record[name] ?? null
      return type === 'text' && typeof value === 'number' ? String(value) : value
    }),
  }))
}

export function encodeParquet(records: readonly BatchRecord[], task: BatchTask): Uint8Array {
  const options = { columnData: columnData(records, task), schema: parquetSchemaOf(task) }
  return new Uint8Array(parquetWriteBuffer(options))
}

/** Absent fields are null in Parquet, and absent again in the record. */
export async function decodeParquet(bytes: Uint8Array): Promise<BatchRecord[]> {
  const file = new Uint8Array(bytes).buffer
  const rows = await parquetReadObjects({ file, compressors })
  return rows.map((row) => {
    const present = Object.entries(row).filter(([name, value]) => name === 'id' || value != null)
    return Object.fromEntries(present) as BatchRecord
  })
}
