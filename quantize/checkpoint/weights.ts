import { basename, join } from 'node:path'
import type { WeightFiles } from '../../lib/base/checkpoint_files.js'
import { describe, malformed } from '../../lib/base/errors.js'
import { SafetensorsFile } from '../formats/safetensors.js'
import { renamed, type SourceTensor, type TensorFile } from '../formats/source_tensor.js'
import { TorchFile } from '../formats/torch_file.js'
import { CODEBOOK_FILE } from './codebook.js'
import { asObject, type Folder, MAX_TEXT_BYTES } from './folder.js'
import type { JsonObject } from './section.js'
import { unwrapNames } from './wrapped_names.js'

const MAX_SHARDS = 256

interface WeightForm {
  /** Valid shard names. Paths are rejected: a shard must be in the same folder. */
  readonly shard: RegExp
  open(path: string): Promise<TensorFile>
}

const FORMS: Readonly<Record<WeightFiles['ending'], WeightForm>> = {
  '.safetensors': { shard: /^[\w.-]+\.safetensors$/, open: SafetensorsFile.open },
  '.bin': { shard: /^[\w.-]+\.bin$/, open: TorchFile.open },
}

/** The tensors of a checkpoint, and the files to close afterwards. */
export interface Weights {
  readonly tensors: ReadonlyMap<string, SourceTensor>
  close(): Promise<void>
}

/** Opens the files that `findWeightFiles` found. */
export async function openWeights(source: Folder, { file, isIndex, ending }: WeightFiles): Promise<Weights> {
  const { shard, open } = FORMS[ending]
  const path = join(source.path, file)
  const index = isIndex ? await source.object(file, MAX_TEXT_BYTES) : undefined
  const map = index && asObject(index.json.weight_map, `${path}: weight_map`)
  const paths = map ? shardNames(map, path, shard).map((name) => join(source.path, name)) : [path]
  const files = await openAll(source, paths, open)
  try {
    const tensors = listTensors(files)
    if (map) compareWithIndex(source, path, map, tensors)
    return { tensors: unwrapNames(tensors, renamed), close: () => closeAll(files) }
  } catch (error) {
    await closeAll(files)
    throw error
  }
}

/** Opens several files and records them; on failure, closes those already open. */
export async function openAll<T extends TensorFile>(
  source: Folder,
  paths: readonly string[],
  open: (path: string) => Promise<T>,
): Promise<T[]> {
  const files: T[] = []
  try {
    for (const path of paths) {
      files.push(await open(path))
      source.paths.push(path)
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
