/** Reads the header of a model file without loading the model. */
import { binding, native } from '../addon/binding.js'
import type { NativeHeld, NativeTensor } from '../addon/contract/files.js'
import { path } from '../base/check.js'

const HEADER_CHECKSUM = 'clvp.checksum.header'
const TENSOR_CHECKSUMS = 'clvp.checksum.tensors'

/** The header of a model file. */
export interface ModelFile {
  path: string
  /** Size of the file. */
  bytes: number
  /** Number of weights in all tensors. */
  parameters: number
  /** Mean over all tensors. */
  bitsPerWeight: number
  /** Number of tensors and bytes for each type. */
  types: { type: string; tensors: number; bytes: number }[]
  /** The keys and their values, without the checksums: docs/model-format.md. */
  values: Record<string, boolean | number | string | number[] | string[]>
  /**
   * Checksum of the header, which contains the tensors' checksums, as the file states it; `verifyModel` checks it. Absent if the
   * file has none.
   */
  checksum?: string
  tensors: ModelFileTensor[]
}

/** Dimensions in GGML's order: the contiguous one first. */
export interface ModelFileTensor extends NativeTensor {
  bytes: number
  bitsPerWeight: number
  /** XXH64 of the data as 16 hexadecimal digits, as the header states it. Absent if the file has none. */
  checksum?: string
}

/**
 * Reads a model file's header: keys, tensors, types, sizes.
 *
 * @example
 * ```js
 * const { parameters, types, values } = await inspectModel(Clvp.demo)
 * console.log(parameters, types, values['general.name'])
 * ```
 *
 * @throws ClvpError CLVP_INVALID_ARGUMENT for an invalid path, CLVP_IO if the file cannot be read, CLVP_MODEL_FORMAT if it is
 *   not a well-formed GGUF file
 */
export async function inspectModel(file: string): Promise<ModelFile> {
  const name = path(file, 'path')
  const { values, bytes, ...found } = await native(() => binding.inspect(name))
  const {
    [HEADER_CHECKSUM]: checksum,
    [TENSOR_CHECKSUMS]: checksums,
    ...others
  }: Record<string, NativeHeld> = values
  const count = (dims: readonly number[]) => dims.reduce((product, n) => product * n, 1)
  const tensors = found.tensors.map(({ offset: _, ...tensor }, i) => ({
    ...tensor,
    bitsPerWeight: (8 * tensor.bytes) / count(tensor.dims),
    ...(Array.isArray(checksums) && checksums[i] !== undefined && { checksum: checksums[i] }),
  }))
  const parameters = tensors.reduce((sum, { dims }) => sum + count(dims), 0)
  const tensorBytes = tensors.reduce((sum, each) => sum + each.bytes, 0)
  return {
    path: name,
    bytes,
    parameters,
    bitsPerWeight: parameters > 0 ? (8 * tensorBytes) / parameters : 0,
    types: countTypes(tensors),
    values: Object.fromEntries(
      Object.entries(others).map(([key, value]) => [key, ArrayBuffer.isView(value) ? [...value] : value]),
    ),
    ...(typeof checksum === 'string' && { checksum }),
    tensors,
  }
}

function countTypes(tensors: readonly ModelFileTensor[]): ModelFile['types'] {
  const types = new Map<string, { type: string; tensors: number; bytes: number }>()
  for (const each of tensors) {
    const entry = types.get(each.type) ?? { type: each.type, tensors: 0, bytes: 0 }
    entry.tensors++
    entry.bytes += each.bytes
    types.set(each.type, entry)
  }
  return [...types.values()]
}
