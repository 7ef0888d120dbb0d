/** The tensors that a conversion reads, independent of their file format. */

/** One tensor of a checkpoint, row-major as in PyTorch. */
export interface SourceTensor {
  readonly name: string
  /** The file that contains it. */
  readonly path: string
  /** `'F32'`, `'F16'`, `'BF16'`, `'BOOL'`, ...: safetensors' names. */
  readonly dtype: string
  readonly shape: readonly number[]
  /** Size of all elements. */
  readonly bytes: number
  /** Its elements are not contiguous in the file, so it can only be read as a whole. */
  readonly isScattered: boolean
  /**
   * Fills `target` with the tensor's bytes from `start` on.
   *
   * @throws ClvpError `CLVP_IO`
   */
  read(start: number, target: Uint8Array): Promise<void>
}

/** The same tensor under another name. */
export function renamed(tensor: SourceTensor, name: string): SourceTensor {
  const { path, dtype, shape, bytes, isScattered } = tensor
  return { name, path, dtype, shape, bytes, isScattered, read: (start, target) => tensor.read(start, target) }
}

/** An open file of tensors whose header has been read and checked. */
export interface TensorFile {
  readonly path: string
  readonly tensors: ReadonlyMap<string, SourceTensor>
  close(): Promise<void>
}

/** Rejects a piece that is not within a tensor, which would be a bug in this package. */
export function checkPiece(
  tensor: Pick<SourceTensor, 'name' | 'bytes' | 'isScattered'>,
  start: number,
  length: number,
): void {
  const isInside = start >= 0 && length <= tensor.bytes - start
  if (!isInside || (tensor.isScattered && length !== tensor.bytes)) {
    throw new RangeError(`${tensor.name}: bytes ${start} to ${start + length} cannot be read separately`)
  }
}
