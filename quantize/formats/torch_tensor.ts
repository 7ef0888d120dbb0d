import { ClvpError } from '../../lib/base/errors.js'
import type { ByteSource } from '../../lib/base/files.js'
import { checkPiece, type SourceTensor } from './source_tensor.js'
import { elementCount, gatherBytes, isContiguous, spanOf, type View } from './strided_view.js'
import type { Storage } from './torch_objects.js'

/** Most bytes read to gather a tensor, as a multiple of its size: 3, as GPT-2 stores query, key and value side by side. */
const MAX_SPREAD = 3
const SPREAD_SLACK = 2 ** 20

/** The location of a storage. */
export interface StoragePlace {
  readonly file: ByteSource
  readonly storage: Storage
  /** From the start of the file. */
  readonly offset: number
}

/** A tensor of a torch file, read by ranges of its storage. */
export class TorchTensor implements SourceTensor {
  readonly name: string
  readonly path: string
  readonly dtype: string
  readonly shape: readonly number[]
  readonly bytes: number
  readonly isScattered: boolean
  readonly view: View
  readonly #place: StoragePlace

  /** @param shape the view's sizes, possibly with dimensions merged */
  constructor(place: StoragePlace, name: string, view: View, shape: readonly number[] = view.sizes) {
    const { dtype, elementSize } = place.storage
    this.name = name
    this.path = place.file.path
    this.dtype = dtype
    this.shape = shape
    this.bytes = elementCount(view) * elementSize
    this.isScattered = !isContiguous(view)
    this.view = view
    this.#place = place
    if (spanOf(view) * elementSize > MAX_SPREAD * this.bytes + SPREAD_SLACK) {
      throw new ClvpError(
        'CLVP_UNSUPPORTED',
        `${this.path}: the elements of ${name} are too far apart: save it after .contiguous()`,
      )
    }
  }

  /** Another view of the same storage. */
  derive(name: string, view: View, shape?: readonly number[]): TorchTensor {
    return new TorchTensor(this.#place, name, view, shape)
  }

  async read(start: number, target: Uint8Array): Promise<void> {
    checkPiece(this, start, target.length)
    const { file, storage, offset } = this.#place
    const size = storage.elementSize
    const first = offset + this.view.offset * size
    if (!this.isScattered) return file.read(first + start, target)
    const bytes = new Uint8Array(spanOf(this.view) * size)
    await file.read(first, bytes)
    gatherBytes(bytes, target, this.view, size)
  }
}
