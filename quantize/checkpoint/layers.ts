/**
 * Layers of torch as tensors of a model file. Each function takes a layer's tensors from a reader and adds
 * those of the file.
 */
import { permuted } from '../formats/permuted.js'
import type { TensorReader } from './tensor_reader.js'

/** Channels, and the frames that a convolution sees. */
export interface ConvolutionSizes {
  readonly inputs: number
  readonly outputs: number
  readonly taps: number
}

/** torch: [out, in, taps]. Here a row has the taps one behind the other, each with all its input channels. */
export function convolution(
  reader: TensorReader,
  from: string,
  to: string,
  { inputs, outputs, taps }: ConvolutionSizes,
): void {
  const shape = [outputs, inputs, taps]
  reader.add(`${to}.weight`, [taps * inputs, outputs], permuted(reader.weight(from, shape), shape, [0, 2, 1]))
  bias(reader, from, to, outputs)
}

/** torch: [in, out, taps]. Here the row tap * outputs + o makes output o of a tap. */
export function transposedConvolution(
  reader: TensorReader,
  from: string,
  to: string,
  { inputs, outputs, taps }: ConvolutionSizes,
): void {
  const shape = [inputs, outputs, taps]
  reader.add(`${to}.weight`, [inputs, taps * outputs], permuted(reader.weight(from, shape), shape, [2, 1, 0]))
  bias(reader, from, to, outputs)
}

export function linear(
  reader: TensorReader,
  from: string,
  to: string,
  { inputs, outputs }: Omit<ConvolutionSizes, 'taps'>,
): void {
  reader.add(`${to}.weight`, [inputs, outputs], reader.weight(from, [outputs, inputs]))
  bias(reader, from, to, outputs)
}

/** A group norm's factors and offsets. */
export function norm(reader: TensorReader, from: string, to: string, width: number): void {
  reader.add(`${to}.weight`, [width], reader.take(`${from}.weight`, [width]))
  bias(reader, from, to, width)
}

function bias(reader: TensorReader, from: string, to: string, width: number): void {
  reader.add(`${to}.bias`, [width], reader.take(`${from}.bias`, [width]))
}
