/** Which elements of a storage form a tensor, and in what order. All units are elements. */
export interface View {
  /** Position of the first element. */
  readonly offset: number
  readonly sizes: readonly number[]
  /** Distance to the next element along each dimension. */
  readonly strides: readonly number[]
}

export function elementCount({ sizes }: View): number {
  return sizes.reduce((product, size) => product * size, 1)
}

/** Number of elements from the first to the last, both included. */
export function spanOf({ sizes, strides }: View): number {
  if (sizes.includes(0)) return 0
  return sizes.reduce((span, size, i) => span + (size - 1) * strides[i]!, 1)
}

/** Whether the elements are contiguous and in order. */
export function isContiguous({ sizes, strides }: View): boolean {
  let expected = 1
  for (let i = sizes.length - 1; i >= 0; i--) {
    if (sizes[i] !== 1 && strides[i] !== expected) return false
    expected *= sizes[i]!
  }
  return true
}

/** Selects `count` indices of one dimension, from `start` on. */
export function narrow(view: View, dimension: number, start: number, count: number): View {
  const offset = view.offset + start * view.strides[dimension]!
  return { ...view, offset, sizes: view.sizes.with(dimension, count) }
}

export function transposed(view: View): View {
  return { ...view, sizes: view.sizes.toReversed(), strides: view.strides.toReversed() }
}

/** Splits the first dimension: `[a * b, ...]` becomes `[a, b, ...]`. */
export function splitFirst(view: View, count: number): View {
  const [size = 1, ...sizes] = view.sizes
  const [stride = 1, ...strides] = view.strides
  const inner = size / count
  return { ...view, sizes: [count, inner, ...sizes], strides: [inner * stride, stride, ...strides] }
}

/**
 * Copies a view's elements in order. `source` starts at the view's first element.
 *
 * @param size of an element in bytes: 2, 4 or 8
 */
export function gatherBytes(source: Uint8Array, target: Uint8Array, view: View, size: number): void {
  if (size === 2) gather(words(source), words(target), view)
  else if (size === 4) gather(longs(source), longs(target), view)
  else if (size === 8) gather(doubles(source), doubles(target), view)
  else throw new RangeError(`Elements of ${size} bytes cannot be gathered`)
}

function words({ buffer, byteOffset, length }: Uint8Array): Uint16Array {
  return new Uint16Array(buffer, byteOffset, length / 2)
}

function longs({ buffer, byteOffset, length }: Uint8Array): Uint32Array {
  return new Uint32Array(buffer, byteOffset, length / 4)
}

function doubles({ buffer, byteOffset, length }: Uint8Array): Float64Array {
  return new Float64Array(buffer, byteOffset, length / 8)
}

function gather<T extends Uint16Array | Uint32Array | Float64Array>(source: T, target: T, view: View): void {
  const sizes = view.sizes.slice(0, -1)
  const last = view.sizes.at(-1) ?? 1
  const step = view.strides.at(-1) ?? 1
  const indices = sizes.map(() => 0)
  let from = 0
  for (let to = 0; to < target.length; to += last) {
    for (let i = 0; i < last; i++) target[to + i] = source[from + i * step]!
    // Advance the outer indices to the next row, like an odometer.
    for (let d = sizes.length - 1; d >= 0; d--) {
      from += view.strides[d]!
      indices[d]!++
      if (indices[d]! < sizes[d]!) break
      from -= sizes[d]! * view.strides[d]!
      indices[d] = 0
    }
  }
}
