/** Tensors as arguments of the speech stages. */
import type { NativeMel } from '../addon/contract/sound.js'
import { ClvpError, describe, invalid } from '../base/errors.js'
import { Tensor, type TensorData } from '../base/tensor.js'

/** An axis: its length, or a name for any length from 1. */
type Axis = number | string

/** Checks a tensor's type and shape, and returns it. */
export function tensor<T extends TensorData>(
  value: unknown,
  name: string,
  axes: readonly Axis[],
  Data: new (length: number) => T,
): Tensor<T> {
  const shape = `[${axes.join(', ')}]`
  const isOfType = Tensor.isSound(value) && describe(value.data) === `a ${Data.name}` // of any realm
  if (!isOfType) {
    throw invalid(`a Tensor ${shape} of ${Data.name}`, name, value)
  }
  const { dims } = value
  const fits =
    dims.length === axes.length &&
    axes.every((axis, i) => (typeof axis === 'number' ? dims[i] === axis : dims[i]! >= 1))
  if (fits) return value as Tensor<T>
  throw new ClvpError(
    'CLVP_INVALID_ARGUMENT',
    `Expected a Tensor ${shape} for ${name} but received one of [${dims.join(', ')}]`,
  )
}

export function floats(value: unknown, name: string, axes: readonly Axis[]): Tensor<Float32Array> {
  return tensor(value, name, axes, Float32Array)
}

/** {@link floats} of an argument that may be absent. */
export function optionalFloats(
  value: unknown,
  name: string,
  axes: readonly Axis[],
): Float32Array | undefined {
  return value === undefined ? undefined : floats(value, name, axes).data
}

/** A spectrogram `[1, channels, frames]`. */
export function readMel(value: unknown, name: string, channels: number): NativeMel {
  const { data, dims } = floats(value, name, [1, channels, 'frames'])
  return { data, channels, frames: dims[2]! }
}

export function melTensor({ data, channels, frames }: NativeMel): Tensor<Float32Array> {
  return new Tensor(data, [1, channels, frames])
}

/** Numbers as a tensor with a leading axis of 1. */
export function batchOfOne(data: Float32Array): Tensor<Float32Array> {
  return new Tensor(data, [1, data.length])
}
