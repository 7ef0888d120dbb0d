/** Looking into a model file without loading it. */
import { binding, native } from '../addon/binding.js'
import type { NativeHeld, NativeTensor } from '../addon/contract.js'
import { path } from '../base/check.js'

const HEADER_CHECKSUM = 'clvp.checksum.header'
const TENSOR_CHECKSUMS = 'clvp.checksum.tensors'

/** What a model file's header says. */
export interface ModelFile {
  path: string
  /** Of the file. */
  bytes: number
  /** Numbers in all tensors. */
  parameters: number
  /** Of all tensors' bytes. */
  bitsPerWeight: number
  /** Tensors and bytes of each type. */
  types: { type: string; tensors: number; bytes: number }[]
  /** The keys with their values, but for the checksums: docs/model-format.md. */
  values: Record<string, boolean | number | string | number[] | string[]>
  /** Of the header, which holds those of the tensors, as it is stated: `verifyModel` checks it. Absent for a file without. */
  checksum?: string
  tensors: ModelFileTensor[]
}

/** Dimensions in GGML's order: the contiguous one first. */
export interface ModelFileTensor extends NativeTensor {
  bytes: number
  bitsPerWeight: number
  /** XXH64 of the data as 16 hexadecimal digits, as the header states it. Absent for a file without. */
  checksum?: string
}

/**
 * Reads a model file's header: keys, tensors, types, sizes.
 *
 * @throws ClvpError CLVP_INVALID_ARGUMENT for what is no path, CLVP_IO if it cannot be read, CLVP_MODEL_FORMAT if it is no well-formed GGUF file
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
