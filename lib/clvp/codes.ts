/** Rows of codes as callers have them: typed arrays, plain arrays, and candidates, also after JSON. */
import { types } from 'node:util'
import { invalid } from '../base/errors.js'

/**
 * A row of codes: an Int32Array, an array of integers, or a candidate, also one that has been through JSON.
 */
export type Codes =
  | Int32Array
  | readonly number[]
  | { readonly codes: Int32Array | readonly number[]; readonly drawnCodes?: Int32Array | readonly number[] }

/**
 * Copies rows of codes, since the call may have to wait. Of a candidate: `codes`, the row that was scored.
 */
export function takeRows(rows: unknown): Int32Array[] {
  if (!Array.isArray(rows) || rows.length === 0) throw invalid('an array of rows of codes', 'codes', rows)
  return Array.from(rows, (row: unknown, i) => takeRow(row, `codes[${i}]`))
}

/** Copies a row of codes to be scored. Of a candidate: `codes`, the row that was scored. */
export function takeRow(row: unknown, name = 'codes'): Int32Array {
  return copy(member(row, 'codes') ?? row, name)
}

/** Copies a row of codes to be heard. Of a candidate: `drawnCodes`, without the padding that scoring adds. */
export function takeHeard(row: unknown): Int32Array {
  return copy(member(row, 'drawnCodes') ?? member(row, 'codes') ?? row, 'codes')
}

/**
 * The same array, which JSON.stringify now writes as an array in place of an object of indices. The method is
 * not enumerable, so comparisons do not see it.
 */
export function forJson<T extends Int32Array | Float32Array>(array: T): T {
  return Object.defineProperty(array, 'toJSON', { value: toArray, configurable: true })
}

function toArray(this: Int32Array | Float32Array): number[] {
  return Array.from(this)
}

function member(value: unknown, name: 'codes' | 'drawnCodes'): unknown {
  const isObject =
    typeof value === 'object' && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value)
  return isObject ? (value as Record<string, unknown>)[name] : undefined
}

function copy(row: unknown, name: string): Int32Array {
  if (types.isInt32Array(row)) {
    return row.length === 0 ? new Int32Array() : new Int32Array(row) // a detached array cannot be copied
  }
  if (!Array.isArray(row)) throw invalid('an Int32Array, an array of integers, or a candidate', name, row)
  return Int32Array.from(row, (code: unknown, i) => {
    if (Number.isInteger(code) && Math.abs(code as number) < 2 ** 31) return code as number
    throw invalid('an integer', `${name}[${i}]`, code)
  })
}
