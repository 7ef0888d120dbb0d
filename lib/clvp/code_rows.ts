/** Rows of codes that a caller gives. */
import { invalid } from '../base/errors.js'

/** Copies rows of codes, since the call may have to wait. */
export function readRows(rows: unknown): Int32Array[] {
  if (!Array.isArray(rows) || rows.length === 0) throw invalid('an array of Int32Array codes', 'codes', rows)
  return Array.from(rows, (row: unknown, i) => {
    if (!(row instanceof Int32Array)) throw invalid('an Int32Array', `codes[${i}]`, row)
    return row.length === 0 ? new Int32Array() : new Int32Array(row) // a detached array cannot be copied
  })
}
