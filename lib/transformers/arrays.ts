/** Reads the array arguments of the model classes: ids, masks and labels as rows, features and embeddings as tensors. */
import { types } from 'node:util'
import { integer } from '../base/check.js'
import { ClvpError, invalid } from '../base/errors.js'
import { Tensor } from '../base/tensor.js'

/** Rows of integers of equal length; a single row may be given without an outer array. */
export type Ids = Tensor<Int32Array> | Int32Array | readonly number[] | readonly (readonly number[])[]

export interface IdRows {
  rows: number
  columns: number
  /** [rows, columns], a copy. */
  data: Int32Array
}

const maxId = 2 ** 31 - 1

/** Reads ids from `min` to `max`. A tensor has dims [rows, columns] or [columns]. */
export function readIdRows(value: unknown, name: string, min = 0, max = maxId): IdRows {
  const found = shapeOf(value, name)
  if (found.rows < 1 || found.columns < 1)
    throw invalid('at least one row of at least one number', name, value)
  const read = (id: unknown, i: number) => integer(id, `${name}[${i}]`, min, max)
  return { ...found, data: Int32Array.from(found.data as ArrayLike<unknown>, read) }
}

/** Rows and columns of an ids argument. Does not check the numbers. */
function shapeOf(
  value: unknown,
  name: string,
): { rows: number; columns: number; data: readonly unknown[] | Int32Array } {
  if (Tensor.isSound(value)) {
    const [first, second] = value.dims
    if (!types.isInt32Array(value.data) || first === undefined || value.dims.length > 2) {
      throw invalid('a tensor of an Int32Array with dims [rows, columns]', name, value)
    }
    return second === undefined
      ? { rows: 1, columns: first, data: value.data }
      : { rows: first, columns: second, data: value.data }
  }
  if (types.isInt32Array(value)) return { rows: 1, columns: value.length, data: value }
  if (!Array.isArray(value))
    throw invalid('ids: a tensor, an Int32Array, an array or an array of arrays', name, value)
  if (!value.some(Array.isArray)) return { rows: 1, columns: value.length, data: value }
  const first: unknown = value[0]
  const columns = Array.isArray(first) ? first.length : 1
  for (const [i, row] of value.entries()) {
    if (!Array.isArray(row) || row.length !== columns) {
      throw invalid(
        `an array of ${columns} numbers, like the first row (pad the rows),`,
        `${name}[${i}]`,
        row,
      )
    }
  }
  return { rows: value.length, columns, data: value.flat() }
}

/** Reads integers for each of `rows` x `columns` ids; with `repeat`, a single row applies to all. */
export function readBeside(
  value: unknown,
  name: string,
  { rows, columns }: { rows: number; columns: number },
  { min = 0, max = maxId, repeat = false } = {},
): Int32Array | undefined {
  if (value === undefined) return undefined
  const found = readIdRows(value, name, min, max)
  if (found.columns !== columns || (found.rows !== rows && !(repeat && found.rows === 1))) {
    throw mismatch(`dims [${rows}, ${columns}]`, name, [found.rows, found.columns])
  }
  if (found.rows === rows) return found.data
  const data = new Int32Array(rows * columns)
  for (let row = 0; row < rows; row++) data.set(found.data, row * columns)
  return data
}

/** Reads a tensor of floats with `axes` axes; a leading axis of size 1 may be omitted. */
export function readFloats(value: unknown, name: string, axes: number): Tensor<Float32Array> {
  if (!Tensor.isSound(value) || !types.isFloat32Array(value.data)) {
    throw invalid('a tensor of a Float32Array', name, value)
  }
  const dims = value.dims.length === axes - 1 ? [1, ...value.dims] : value.dims
  if (dims.length !== axes || dims.some((dim) => dim < 1))
    throw mismatch(`${axes} axes, none empty`, name, value.dims)
  return new Tensor(Float32Array.from(value.data), dims)
}

export function mismatch(expected: string, name: string, dims: readonly number[]): ClvpError {
  return new ClvpError(
    'CLVP_INVALID_ARGUMENT',
    `Expected ${expected} for ${name} but received dims [${dims.join(', ')}]`,
  )
}

/** Checks that exactly one of two arguments is given. */
export function exactlyOne(given: Readonly<Record<string, unknown>>, first: string, second: string): void {
  const count = [first, second].filter((name) => given[name] !== undefined).length
  if (count === 1) return
  throw new ClvpError(
    'CLVP_INVALID_ARGUMENT',
    `Expected exactly one of ${first} and ${second} but received ${count === 0 ? 'neither' : 'both'}`,
  )
}
