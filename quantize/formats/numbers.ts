/** Tensors as numbers, and tensors computed from others. */
import { ClvpError } from '../../lib/base/errors.js'
import { checkPiece, type SourceTensor } from './source_tensor.js'

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
  return new Float32Array(await readDoubles(source.dtype === 'F64' ? asSingle(source) : source))
}

/** The same in double precision. */
export async function readDoubles(source: SourceTensor): Promise<Float64Array> {
  requireNumbers(source)
  const bytes = new Uint8Array(source.bytes)
  await source.read(0, bytes)
  switch (source.dtype) {
    case 'F64':
      return new Float64Array(bytes.buffer)
    case 'F32':
      return new Float64Array(new Float32Array(bytes.buffer))
    case 'F16':
      return Float64Array.from(new Uint16Array(bytes.buffer), fromHalf)
    default:
      return fromBrain(new Uint16Array(bytes.buffer))
  }
}

/** @throws ClvpError `CLVP_UNSUPPORTED` if a tensor's type is none of F64, F32, F16 and BF16 */
export function requireNumbers({ name, path, dtype }: SourceTensor): void {
  if (['F64', 'F32', 'F16', 'BF16'].includes(dtype)) return
  throw new ClvpError(
    'CLVP_UNSUPPORTED',
    `${path}: the tensor ${name} is ${dtype}; only F64, F32, F16 and BF16 can be read`,
  )
}

/**
 * A tensor whose numbers are computed from others, in double precision and rounded once to F32. It is read
 * as a whole.
 *
 * @param like has its name, path and shape
 */
export function computed(like: SourceTensor, compute: () => Promise<Float64Array>): SourceTensor {
  const { name, path, shape } = like
  const bytes = shape.reduce((product, size) => product * size, SINGLE_BYTES)
  const tensor = { name, path, dtype: 'F32', shape, bytes, isScattered: true }
  const read = async (start: number, target: Uint8Array) => {
    checkPiece(tensor, start, target.length)
    const singles = new Float32Array(await compute())
    target.set(new Uint8Array(singles.buffer))
  }
  return { ...tensor, read }
}

/** A tensor times a number. */
export function scaled(source: SourceTensor, factor: number): SourceTensor {
  return computed(source, async () => (await readDoubles(source)).map((value) => value * factor))
}

function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 0x1f
  const fraction = bits & 0x3ff
  if (exponent === 0x1f) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}

function fromBrain(bits: Uint16Array): Float64Array {
  const singles = Uint32Array.from(bits, (each) => each << 16)
  return new Float64Array(new Float32Array(singles.buffer))
}
