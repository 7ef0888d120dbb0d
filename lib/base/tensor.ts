import { types } from 'node:util'
import { ClvpError, invalid } from './errors.js'

export type TensorData = Float32Array | Int32Array

/**
 * Numbers with a shape, row-major. A tensor that a call returns belongs to the caller: nothing else refers to it.
 *
 * @example
 * ```js
 * const inputFeatures = new Tensor(new Float32Array(80 * 20), [1, 80, 20])
 * console.log(inputFeatures.dims, inputFeatures.data.length)
 * ```
 */
export class Tensor<T extends TensorData = TensorData> {
  readonly data: T
  readonly dims: readonly number[]
  readonly #size: number

  /** @internal Is it a tensor of this class whose memory is not detached? */
  static isSound(value: unknown): value is Tensor {
    return typeof value === 'object' && value !== null && #size in value && value.data.length === value.#size
  }

  /**
   * @param data as many numbers as `dims` multiply to; not copied
   * @param dims whole numbers from 0; an empty array for a single number
   * @throws ClvpError `CLVP_INVALID_ARGUMENT`
   */
  constructor(data: T, dims: readonly number[]) {
    if (!(types.isFloat32Array(data) || types.isInt32Array(data))) {
      throw invalid('a Float32Array or an Int32Array', 'data', data)
    }
    if (!Array.isArray(dims)) throw invalid('an array of whole numbers', 'dims', dims)
    for (const [axis, dim] of dims.entries()) {
      if (!Number.isSafeInteger(dim) || dim < 0) throw invalid('a whole number from 0', `dims[${axis}]`, dim)
    }
    const size = dims.reduce((product: number, dim: number) => product * dim, 1)
    if (data.length !== size) {
      throw new ClvpError(
        'CLVP_INVALID_ARGUMENT',
        `Expected ${size} numbers for dims [${dims.join(', ')}] but received ${data.length}`,
      )
    }
    this.data = data
    this.dims = Object.freeze([...dims])
    this.#size = size
    Object.freeze(this)
  }

  /** The value of a tensor of one number. @throws ClvpError `CLVP_INVALID_ARGUMENT` for any other */
  item(): number {
    if (this.data.length === 1) return this.data[0]!
    throw new ClvpError(
      'CLVP_INVALID_ARGUMENT',
      `Expected a tensor of one number for item() but received one of ${this.data.length}: read its data`,
    )
  }
}

/** The rows of a tensor of two axes, as views of its data. */
export function rowsOf<T extends TensorData>(tensor: Tensor<T>, name: string): T[] {
  const [count, length] = tensor.dims
  if (tensor.dims.length !== 2 || count === undefined || length === undefined) {
    throw new ClvpError(
      'CLVP_INVALID_ARGUMENT',
      `Expected a tensor of two axes for ${name} but received one of dims [${tensor.dims.join(', ')}]`,
    )
  }
  return Array.from(
    { length: count },
    (_, row) => tensor.data.subarray(row * length, (row + 1) * length) as T,
  )
}

/** Rows of equal length as one tensor [rows, length]. */
export function stackRows<T extends TensorData>(rows: readonly T[], empty: T): Tensor<T> {
  const length = rows[0]?.length ?? 0
  const Data = empty.constructor as new (length: number) => T
  const data = new Data(rows.length * length)
  for (const [at, row] of rows.entries()) data.set(row, at * length)
  return new Tensor(data, [rows.length, length])
}
