import { basename, join } from 'node:path'
import { describe } from '../../lib/base/errors.js'
import { SafetensorsFile } from '../formats/safetensors.js'
import type { SourceTensor, TensorFile } from '../formats/source_tensor.js'
import { TorchFile } from '../formats/torch_file.js'
import { CODEBOOK_FILE } from './codebook.js'
import { asObject, type Folder, MAX_TEXT_BYTES, malformed } from './folder.js'
import type { JsonObject } from './section.js'

const MAX_SHARDS = 256

/** A format in which transformers saves weights: one file, or shards with an index. */
interface WeightForm {
  readonly single: string
  readonly index: string
  /** Valid shard names. Paths are rejected: a shard must be in the same folder. */
  readonly shard: RegExp
  open(path: string): Promise<TensorFile>
}

/** In order of preference. */
const FORMS: readonly WeightForm[] = [
  {
    single: 'model.safetensors',
    index: 'model.safetensors.index.json',
    shard: /^[\w.-]+\.safetensors$/,
    open: SafetensorsFile.open,
  },
  {
    single: 'pytorch_model.bin',
    index: 'pytorch_model.bin.index.json',
    shard: /^[\w.-]+\.bin$/,
    open: TorchFile.open,
  },
]

/** The tensors of a checkpoint, and the files to close afterwards. */
export interface Weights {
  readonly tensors: ReadonlyMap<string, SourceTensor>
  close(): Promise<void>
}

/** The weights file or the index, or undefined for a folder without weights in transformers' layout. */
export async function findWeights(source: Folder): Promise<string | undefined> {
  for (const { single, index } of FORMS) {
    if (await source.has(single)) return single
    if (await source.has(index)) return index
  }
  return undefined
}

/** Opens the file that {@link findWeights} found. */
export async function openWeights(source: Folder, found: string): Promise<Weights> {
  const form = FORMS.find(({ single, index }) => found === single || found === index)!
  if (found === form.single) {
    const files = await openAll(source, [found], form.open)
    return { tensors: listTensors(files), close: () => closeAll(files) }
  }
  const index = await source.object(found, MAX_TEXT_BYTES)
  const path = join(source.path, found)
  const map = asObject(index?.json.weight_map, `${path}: weight_map`)
  const files = await openAll(source, shardNames(map, path, form.shard), form.open)
  try {
    const tensors = listTensors(files)
    compareWithIndex(source, path, map, tensors)
    return { tensors, close: () => closeAll(files) }
  } catch (error) {
    await closeAll(files)
    throw error
  }
}

/** Opens several files of a folder; on failure, closes those already open. */
export async function openAll<T extends TensorFile>(
  source: Folder,
  names: readonly string[],
  open: (path: string) => Promise<T>,
): Promise<T[]> {
  const files: T[] = []
  try {
    for (const name of names) {
      files.push(await open(join(source.path, name)))
      source.paths.push(files.at(-1)!.path)
    }
    return files
  } catch (error) {
    await closeAll(files)
    throw error
  }
}

export async function closeAll(files: readonly TensorFile[]): Promise<void> {
  await Promise.all(files.map((file) => file.close()))
}

function shardNames(map: JsonObject, path: string, pattern: RegExp): string[] {
  const names = new Set<string>()
  for (const name of Object.values(map)) {
    if (typeof name !== 'string' || !pattern.test(name)) {
      throw malformed(path, `${describe(name)} is not a valid shard name`)
    }
    if (name === CODEBOOK_FILE) throw malformed(path, `${CODEBOOK_FILE} is reserved for the codebook`)
    if (names.add(name).size > MAX_SHARDS) throw malformed(path, `it names more than ${MAX_SHARDS} shards`)
  }
  return [...names].sort()
}

function compareWithIndex(
  source: Folder,
  path: string,
  map: JsonObject,
  tensors: ReadonlyMap<string, SourceTensor>,
): void {
  for (const { name, path: shard } of tensors.values()) {
    const expected = Object.hasOwn(map, name) ? map[name] : undefined
    if (join(source.path, String(expected)) !== shard) {
      throw malformed(path, `tensor ${name} is in ${basename(shard)}, not in ${describe(expected)}`)
    }
  }
  const absent = Object.keys(map).find((tensor) => !tensors.has(tensor))
  if (absent !== undefined) throw malformed(path, `tensor ${absent} is not in ${describe(map[absent])}`)
}

function listTensors(files: readonly TensorFile[]): Map<string, SourceTensor> {
  const tensors = new Map<string, SourceTensor>()
  for (const file of files) {
    for (const tensor of file.tensors.values()) {
      if (tensors.has(tensor.name)) {
        throw malformed(file.path, `tensor ${tensor.name} is also in another shard`)
      }
      tensors.set(tensor.name, tensor)
    }
  }
  return tensors
}
