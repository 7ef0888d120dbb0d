/** Rows of the input: what they may hold, and how they are read from records. */
import { types } from 'node:util'
import { ClvpError, describe, invalid } from '../../base/errors.js'
import { isObject, type JsonObject } from '../../base/json.js'
import type { BatchTask } from '../tasks.js'

/** One row of the input. */
export interface BatchRow {
  id: string | number
  text?: string
  /** Path of a clip, a folder of clips, or a saved voice. */
  voice?: string
  codes?: readonly number[]
  /** Path of a recording, or the bytes of one. */
  audio?: string | Uint8Array
  /** The row is a line of OpenAI's batch format; so is its record. */
  isBatchLine?: true
}

/** A row as it was found: its fields, or why there are none. The id is null where it cannot be known. */
export type RawRow = { fields: JsonObject } | { id: string | null; error: ClvpError }

export type FoundRow =
  | { row: BatchRow }
  | { id: string | number | null; error: ClvpError; isBatchLine?: true }

/** Names of the row's fields in the input, where they are others. */
export type Columns = Readonly<Partial<Record<'id' | 'text' | 'voice' | 'codes' | 'audio', string>>>

/** What a task's lines of OpenAI's batch format name as `url`. */
const urls: Readonly<Record<BatchTask, string>> = {
  generate: '/v1/generate',
  speak: '/v1/audio/speech',
  score: '/v1/score',
  embed: '/v1/embeddings',
  encode: '/v1/encode',
}

/** Reads the fields that a task may need. An error becomes the record of the row. */
export function readRow(raw: RawRow, task: BatchTask, columns: Columns): FoundRow {
  if ('error' in raw) return raw
  const isBatchLine = raw.fields.custom_id !== undefined
  let id: string | number | null = null
  try {
    id = readId(isBatchLine ? raw.fields.custom_id : raw.fields[columns.id ?? 'id'], isBatchLine, columns)
    const fields = isBatchLine ? bodyOf(raw.fields, task) : raw.fields
    const row = rowOf(id, fields, isBatchLine ? {} : columns)
    return { row: isBatchLine ? { ...row, isBatchLine } : row }
  } catch (error) {
    if (!(error instanceof ClvpError)) throw error
    return { id, error, ...(isBatchLine && { isBatchLine }) }
  }
}

function readId(value: unknown, isBatchLine: boolean, columns: Columns): string | number {
  const name = isBatchLine ? 'custom_id' : (columns.id ?? 'id')
  const whole = typeof value === 'bigint' && Number.isSafeInteger(Number(value)) ? Number(value) : value
  const id = textOf(whole)
  if (typeof id === 'string' && id !== '' && id.length <= 1024) return id
  if (typeof id === 'number' && Number.isFinite(id)) return id
  throw invalid('a string of 1 to 1024 characters or a number', name, value)
}

/** A line of OpenAI's batch format: `{ custom_id, method, url, body }`. */
function bodyOf({ url, body }: JsonObject, task: BatchTask): JsonObject {
  if (url !== urls[task]) throw invalid(`'${urls[task]}'`, `url of a row of batch ${task}`, url)
  if (!isObject(body)) throw invalid('an object', 'body', body)
  const { model: _, input, speed, response_format: format, ...rest } = body
  if (speed !== undefined && speed !== 1) throw invalid('1 or nothing', 'body.speed', speed)
  if (format !== undefined) {
    throw new ClvpError(
      'CLVP_INVALID_ARGUMENT',
      `Expected no body.response_format but received ${describe(format)}: all sounds of a run have one format, --sound-format`,
    )
  }
  const unknown = Object.keys(rest).find((name) => !['text', 'voice', 'codes', 'audio'].includes(name))
  if (unknown !== undefined) {
    throw new ClvpError(
      'CLVP_INVALID_ARGUMENT',
      `Expected only model, input, text, voice, codes and audio in body but received '${unknown}': leave it out, or set it for the run`,
    )
  }
  return input === undefined ? rest : { ...rest, text: input }
}

function rowOf(id: string | number, fields: JsonObject, columns: Columns): BatchRow {
  const field = (name: keyof Columns) => {
    const value = fields[columns[name] ?? name]
    return value === null || value === '' ? undefined : value
  }
  const row: BatchRow = { id }
  const [text, voice, codes, audio] = [field('text'), field('voice'), field('codes'), field('audio')]
  if (text !== undefined) row.text = readString(text, 'text')
  if (voice !== undefined) row.voice = readString(voice, 'voice')
  if (codes !== undefined) row.codes = readCodes(codes)
  if (audio !== undefined) row.audio = readAudio(audio)
  return row
}

function readString(value: unknown, name: string): string {
  const text = textOf(value)
  if (typeof text !== 'string') throw invalid('a string', name, value)
  return text
}

/** Parquet files need not say that bytes are text. */
function textOf(value: unknown): unknown {
  return types.isUint8Array(value) ? Buffer.from(value).toString() : value
}

/** Numbers as an array; in CSV as text, `[1, 2]` or `1 2`. */
function readCodes(value: unknown): number[] {
  const list =
    typeof value === 'string'
      ? value
          .replace(/^\s*\[|\]\s*$/g, '')
          .split(/[\s,]+/)
          .filter(Boolean)
          .map(Number)
      : ArrayBuffer.isView(value)
        ? Array.from(value as unknown as ArrayLike<number | bigint>)
        : value
  if (!Array.isArray(list)) throw invalid('an array of integers', 'codes', value)
  return list.map((each: unknown, i) => {
    const code = typeof each === 'bigint' ? Number(each) : each
    if (Number.isInteger(code)) return code as number
    throw invalid('an integer', `codes[${i}]`, each)
  })
}

/** A path; or, as data sets keep recordings in Parquet, `{ bytes, path }`. */
function readAudio(value: unknown): string | Uint8Array {
  if (typeof value === 'string') {
    if (!value.includes('\0')) return value
  } else if (types.isUint8Array(value)) return value
  else if (isObject(value) && types.isUint8Array(value.bytes)) return value.bytes
  else if (isObject(value) && typeof value.path === 'string') return value.path
  throw invalid('a path, or the bytes of an audio file', 'audio', value)
}
