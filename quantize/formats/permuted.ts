import { checkPiece, type SourceTensor } from './source_tensor.js'
import { elementCount, gatherBytes, isContiguous } from './strided_view.js'

/**
 * A tensor's numbers in another order: its shape, split into more dimensions, with these transposed.
 *
 * @param split dimensions, the contiguous one last, whose product is the number of elements
 * @param order for each dimension of the result, which of `split` it is
 */
export function permuted(
  source: SourceTensor,
  split: readonly number[],
  order: readonly number[],
): SourceTensor {
  const strides = split.map((_, i) => split.slice(i + 1).reduce((product, size) => product * size, 1))
  const view = {
    offset: 0,
    sizes: order.map((i) => split[i]!),
    strides: order.map((i) => strides[i]!),
  }
  if (isContiguous(view)) return source
  const { name, path, dtype, bytes } = source
  const tensor = { name, path, dtype, shape: view.sizes, bytes, isScattered: true }
  const read = async (start: number, target: Uint8Array) => {
    checkPiece(tensor, start, target.length)
    const whole = new Uint8Array(bytes)
    await source.read(0, whole)
    gatherBytes(whole, target, view, bytes / elementCount(view))
  }
  return { ...tensor, read }
}
