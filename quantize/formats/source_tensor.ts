/** What a conversion reads from: named tensors, wherever they lie. */

/** One tensor of a checkpoint, row-major as PyTorch counts it. */
export interface SourceTensor {
  readonly name: string
  /** The file that holds it. */
  readonly path: string
  /** `'F32'`, `'F16'`, `'BF16'`, `'BOOL'`, ...: safetensors' names. */
  readonly dtype: string
  readonly shape: readonly number[]
  /** Of all its elements. */
  readonly bytes: number
  /** Its elements do not follow each other in the file: it can only be read whole. */
  readonly isScattered: boolean
  /**
   * Fills `target` with the bytes from `start` on.
   *
   * @throws ClvpError `CLVP_IO`
   */
  read(start: number, target: Uint8Array): Promise<void>
}

/** An open file of tensors, whose description has been read and checked. */
export interface TensorFile {
  readonly path: string
  readonly tensors: ReadonlyMap<string, SourceTensor>
  close(): Promise<void>
}

/** Refuses a piece that is not within a tensor: a bug of ours. */
export function checkPiece(tensor: SourceTensor, start: number, length: number): void {
  const isInside = start >= 0 && length <= tensor.bytes - start
  if (!isInside || (tensor.isScattered && length !== tensor.bytes)) {
    throw new RangeError(`${tensor.name}: bytes ${start} to ${start + length} cannot be read alone`)
  }
}
