/** Looking into a model file without loading it. */
import { binding, type NativeTensor, native } from './binding.js'
import { path } from './options.js'

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
  /** The keys with their values: docs/model-format.md. */
  values: Record<string, boolean | number | string | number[] | string[]>
  /** Dimensions in GGML's order: the contiguous one first. */
  tensors: (NativeTensor & { bytes: number })[]
}

/**
 * Reads a model file's header: keys, tensors, types, sizes.
 *
 * @throws ClvpError CLVP_INVALID_ARGUMENT for what is no path, CLVP_IO if it cannot be read, CLVP_MODEL_FORMAT if it is no well-formed GGUF file
 */
export async function inspectModel(file: string): Promise<ModelFile> {
  const name = path(file, 'path')
  const { values, tensors, bytes } = await native(() => binding.inspect(name))
  const count = (dims: readonly number[]) => dims.reduce((product, n) => product * n, 1)
  const parameters = tensors.reduce((sum, { dims }) => sum + count(dims), 0)
  const tensorBytes = tensors.reduce((sum, each) => sum + each.bytes, 0)
  const types = new Map<string, { type: string; tensors: number; bytes: number }>()
  for (const each of tensors) {
    const entry = types.get(each.type) ?? { type: each.type, tensors: 0, bytes: 0 }
    entry.tensors++
    entry.bytes += each.bytes
    types.set(each.type, entry)
  }
  return {
    path: name,
    bytes,
    parameters,
    bitsPerWeight: parameters > 0 ? (8 * tensorBytes) / parameters : 0,
    types: [...types.values()],
    values: Object.fromEntries(
      Object.entries(values).map(([key, value]) => [key, ArrayBuffer.isView(value) ? [...value] : value]),
    ),
    tensors,
  }
}
