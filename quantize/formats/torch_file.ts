import { ClvpError, describe, malformed } from '../../lib/base/errors.js'
import { type ByteSource, SourceFile } from '../../lib/base/files.js'
import { MAX_PICKLE_BYTES, readPickle } from './pickle.js'
import type { TensorFile } from './source_tensor.js'
import { findTensors } from './state_dict.js'
import { type PickledTensor, torchObjects } from './torch_objects.js'
import { TorchTensor } from './torch_tensor.js'
import { readZip, type ZipEntry } from './zip.js'

const MAX_TENSORS = 8192

/**
 * A file of `torch.save`: a zip of a pickle, which describes the tensors, and of storages, which hold their elements.
 * {@link TorchFile.open} reads the pickle as data; tensors are read piece by piece.
 */
export class TorchFile implements TensorFile {
  readonly path: string
  readonly tensors: ReadonlyMap<string, TorchTensor>
  readonly #file: ByteSource

  private constructor(file: ByteSource, tensors: ReadonlyMap<string, TorchTensor>) {
    this.path = file.path
    this.#file = file
    this.tensors = tensors
  }

  /**
   * @throws ClvpError `CLVP_IO` if it cannot be read, `CLVP_MODEL_FORMAT` if it is not a valid file of tensors,
   *   `CLVP_UNSUPPORTED` for files that torch can read and this package cannot: the format before torch 1.6, TorchScript,
   *   big-endian files
   */
  static async open(path: string): Promise<TorchFile> {
    return TorchFile.read(await SourceFile.open(path, 'the weights'))
  }

  /** {@link TorchFile.open} for a file that is open already; a failure closes it. */
  static async read(file: ByteSource): Promise<TorchFile> {
    try {
      await checkStart(file)
      const archive = new Archive(file, await readZip(file))
      await archive.check()
      const pickle = await archive.bytes('data.pkl', MAX_PICKLE_BYTES)
      const found = findTensors(file.path, readPickle(file.path, pickle, torchObjects))
      return new TorchFile(file, placeTensors(file, archive, found))
    } catch (error) {
      await file.close()
      throw error
    }
  }

  async close(): Promise<void> {
    await this.#file.close()
  }
}

async function checkStart(file: ByteSource): Promise<void> {
  const start = new Uint8Array(Math.min(4, file.size))
  await file.read(0, start)
  const text = String.fromCharCode(...start)
  if (text === 'PK\x03\x04') return
  if (text.startsWith('\x80')) {
    throw new ClvpError(
      'CLVP_UNSUPPORTED',
      `${file.path} has the format of torch before 1.6: load it with torch.load(..., weights_only=True) and save it ` +
        'again with torch.save, or as safetensors',
    )
  }
  throw malformed(file.path, 'it does not start like a zip file', 'torch')
}

/** The zip's entries, all in one folder. */
class Archive {
  readonly #file: ByteSource
  readonly #entries: ReadonlyMap<string, ZipEntry>
  readonly #root: string

  constructor(file: ByteSource, entries: ReadonlyMap<string, ZipEntry>) {
    this.#file = file
    this.#entries = entries
    const pickles = [...entries.keys()].filter((name) => /^[^/]*\/data\.pkl$/.test(name))
    if (pickles.length !== 1)
      throw malformed(file.path, `it has ${pickles.length} entries data.pkl, not one`, 'torch')
    this.#root = pickles[0]!.slice(0, -'data.pkl'.length)
    const stranger = [...entries.keys()].find((name) => !name.startsWith(this.#root))
    if (stranger !== undefined)
      throw malformed(file.path, `the entry ${describe(stranger)} is not in ${this.#root}`, 'torch')
  }

  async check(): Promise<void> {
    const { path } = this.#file
    if (this.#entries.has(`${this.#root}constants.pkl`)) {
      throw new ClvpError(
        'CLVP_UNSUPPORTED',
        `${path} is a TorchScript program: save its state_dict() with torch.save`,
      )
    }
    // Before torch 2.1 files do not record the byte order. They have the writing machine's order, assumed little-endian.
    if (!this.#entries.has(`${this.#root}byteorder`)) return
    const order = new TextDecoder('latin1').decode(await this.bytes('byteorder', 16))
    if (order !== 'little') {
      throw new ClvpError(
        'CLVP_UNSUPPORTED',
        `${path} is ${describe(order)}-endian: save it on a little-endian machine`,
      )
    }
  }

  entry(name: string): ZipEntry {
    const found = this.#entries.get(this.#root + name)
    if (!found) throw malformed(this.#file.path, `it has no entry ${this.#root}${name}`, 'torch')
    return found
  }

  async bytes(name: string, max: number): Promise<Uint8Array> {
    const { offset, bytes } = this.entry(name)
    if (bytes > max) throw malformed(this.#file.path, `${name} has ${bytes} bytes, more than ${max}`, 'torch')
    const content = new Uint8Array(bytes)
    await this.#file.read(offset, content)
    return content
  }
}

/** Finds each tensor's storage in the file. */
function placeTensors(
  file: ByteSource,
  archive: Archive,
  found: ReadonlyMap<string, PickledTensor>,
): Map<string, TorchTensor> {
  if (found.size > MAX_TENSORS)
    throw malformed(file.path, `it has ${found.size} tensors, more than ${MAX_TENSORS}`, 'torch')
  const tensors = new Map<string, TorchTensor>()
  for (const [name, { storage, view }] of found) {
    const { offset, bytes } = archive.entry(`data/${storage.key}`)
    if (bytes !== storage.count * storage.elementSize) {
      throw malformed(
        file.path,
        `the storage ${storage.key} has ${bytes} bytes; expected ${storage.count} elements of ${storage.dtype}`,
        'torch',
      )
    }
    tensors.set(name, new TorchTensor({ file, storage, offset }, name, view))
  }
  return tensors
}
