/** Records of the output: one for each row of the input. */
import { createHash } from 'node:crypto'
import { ClvpError } from '../base/errors.js'
import type { BatchRow } from './input/row.js'

/** A row's result, or its error. */
export interface BatchRecord {
  id: string | number | null
  error?: { code: string; message: string } | null
  [field: string]: unknown
}

/** The seed of a row depends on nothing but the run's seed and the id: neither on its place nor on the machine. */
export function seedOf(run: number, id: string | number): number {
  const digest = createHash('sha256')
    .update(JSON.stringify([run, id]))
    .digest()
  return digest.readUIntBE(0, 6)
}

export function resultRecord(row: BatchRow, fields: Readonly<Record<string, unknown>>): BatchRecord {
  if (!row.isBatchLine) return { id: row.id, ...fields }
  const response = { status_code: 200, request_id: String(row.id), body: fields }
  return { id: row.id, custom_id: row.id, response, error: null }
}

export function errorRecord(
  id: string | number | null,
  { code, message }: ClvpError,
  isBatchLine: boolean,
): BatchRecord {
  const error = { code, message }
  return isBatchLine ? { id, custom_id: id, response: null, error } : { id, error }
}

export function isFailed({ error }: BatchRecord): boolean {
  return error !== undefined && error !== null
}

/** Errors of the row. Others end the run: they would strike every row. */
export function isRowError(error: unknown): error is ClvpError {
  return (
    error instanceof ClvpError &&
    !['CLVP_ABORTED', 'CLVP_DISPOSED', 'CLVP_DEVICE', 'CLVP_BUSY'].includes(error.code)
  )
}
