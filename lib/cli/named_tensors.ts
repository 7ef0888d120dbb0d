/** What the command line's files of tensors are made of. */
import type { Tensor } from '../base/tensor.js'

/** Tensors of a file, by name. */
export type NamedTensors = Readonly<Record<string, Tensor>>

/** A tensor's numbers as bytes, little-endian as on every machine that this package runs on; not copied. */
export function bytesOf({ data }: Tensor): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
}
