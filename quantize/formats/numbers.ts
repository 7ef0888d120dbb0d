/** Tensors as single-precision numbers. */
import { ClvpError } from '../../lib/base/errors.js'
import type { SourceTensor } from './source_tensor.js'

const DOUBLE_BYTES = 8
const SINGLE_BYTES = 4

/**
 * An F64 tensor as F32.
 *
 * @throws ClvpError `CLVP_MODEL_FORMAT` from `read` if a number is beyond F32's range
 */
export function asSingle(source: SourceTensor): SourceTensor {
  const { name, path, shape, isScattered } = source
  const bytes = (source.bytes / DOUBLE_BYTES) * SINGLE_BYTES
  const read = async (start: number, target: Uint8Array) => {
    const count = target.length / SINGLE_BYTES
    const doubles = new Float64Array(count)
    await source.read((start / SINGLE_BYTES) * DOUBLE_BYTES, new Uint8Array(doubles.buffer))
    const view = new DataView(target.buffer, target.byteOffset, target.length)
    for (const [i, value] of doubles.entries()) {
      const single = Math.fround(value)
      if (Number.isFinite(value) && !Number.isFinite(single)) throw tooLarge(source, value)
      view.setFloat32(SINGLE_BYTES * i, single, true)
    }
  }
  return { name, path, dtype: 'F32', shape, bytes, isScattered, read }
}

function tooLarge({ name, path }: SourceTensor, value: number): ClvpError {
  return new ClvpError(
    'CLVP_MODEL_FORMAT',
    `${path}: expected numbers within the range of F32 for the tensor ${name} but found ${value}`,
  )
}

/**
 * All numbers of a small tensor.
 *
 * @throws ClvpError `CLVP_UNSUPPORTED` if its type is none of F64, F32, F16 and BF16
 */
export async function readNumbers(source: SourceTensor): Promise<Float32Array> {
  const { dtype } = source
  const single = dtype === 'F64' ? asSingle(source) : source
  const bytes = new Uint8Array(single.bytes)
  if (single.dtype === 'F32') {
    await single.read(0, bytes)
    return new Float32Array(bytes.buffer)
  }
  const decode = dtype === 'F16' ? fromHalf : dtype === 'BF16' ? fromBrain : undefined
  if (!decode) {
    throw new ClvpError(
      'CLVP_UNSUPPORTED',
      `${source.path}: a tensor is ${dtype}; only F64, F32, F16 and BF16 can be read`,
    )
  }
  await source.read(0, bytes)
  return Float32Array.from(new Uint16Array(bytes.buffer), decode)
}

function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 0x1f
  const fraction = bits & 0x3ff
  if (exponent === 0x1f) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}

function fromBrain(bits: number): number {
  const view = new DataView(new ArrayBuffer(SINGLE_BYTES))
  view.setUint32(0, bits << 16)
  return view.getFloat32(0)
}
