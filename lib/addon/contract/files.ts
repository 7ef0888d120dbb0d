/** The native contract: model files. clvp.h documents the meaning of these types. */

export type NativeHeld = boolean | number | string | string[] | Int32Array | Float32Array

/** A GGUF value with its type. */
export type NativeValue =
  | { type: 'bool'; value: boolean }
  | { type: 'u32' | 'i32' | 'f32'; value: number }
  | { type: 'string'; value: string }
  | { type: 'i32[]'; value: Int32Array }
  | { type: 'f32[]'; value: Float32Array }
  | { type: 'string[]'; value: string[] }

export interface NativeTensor {
  name: string
  type: string
  /** GGML's order: the contiguous dimension first. */
  dims: number[]
}

/** A tensor to write, and the weight of an error in each column: NewTensor in clvp.h. */
export interface NativeNewTensor extends NativeTensor {
  importance?: Float32Array | undefined
}

/** How a tensor of file a differs from file b's: TensorDifference in clvp.h. */
export interface NativeTensorDifference {
  name: string
  typeA: string
  typeB: string
  dims: number[]
  maxError: number
  squareError: number
  squareA: number
  squareB: number
  dot: number
}

export interface NativeWriter {
  /** `source`: the type of `data`, any tensor type. */
  append(data: Uint8Array, source: string, columnsTransposed: number): Promise<void>
  finish(): Promise<void>
  abort(): void
  close(): void
}

export interface NativeVerification {
  /** `tensor` is empty if the fault concerns the file as a whole. */
  faults: { tensor: string; what: string }[]
  /** As stated in the header; empty for a file without checksums. */
  checksum: string
  /** Keys and values of the header; empty if it could not be read. */
  values: Record<string, NativeHeld>
  /** Size of the file. */
  bytes: number
  tensors: number
}

export interface NativeFile {
  values: Record<string, NativeHeld>
  /** Types of the values, as in NativeValue. */
  valueTypes: Record<string, NativeValue['type']>
  /** `offset`: where the data starts in the file. */
  tensors: (NativeTensor & { bytes: number; offset: number })[]
  bytes: number
}
