import { stat } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { ClvpError, describe } from '../lib/errors.js'
import { asObject, Folder, MAX_TEXT_BYTES, malformed, missing } from './folder.js'
import { failIo, type SafetensorsEntry, SafetensorsFile } from './safetensors.js'
import type { JsonObject } from './section.js'
import { readTokenizer } from './tokens.js'

const SINGLE_FILE = 'model.safetensors'
const INDEX_FILE = 'model.safetensors.index.json'

const CODEBOOK_FILE = 'codebook.safetensors'
const CODEBOOK_TENSOR = 'codebook'

const MAX_SHARDS = 256

export interface SourceTensor {
  readonly file: SafetensorsFile
  readonly entry: SafetensorsEntry
}

/** A checkpoint in Hugging Face's layout: what it says, and where its tensors are. */
export interface Checkpoint {
  /** The folder's base name. */
  readonly name: string
  readonly config: JsonObject
  readonly preprocessor: JsonObject | undefined
  /** The configurations' JSON texts, under the keys that a model file has for them. */
  readonly texts: Readonly<Record<string, string>>
  /** By id; `''` where no token has it. */
  readonly tokens: readonly string[]
  /** The merges, most important first: `'t h'`. */
  readonly merges: readonly string[]
  readonly tensors: ReadonlyMap<string, SourceTensor>
  /** What codebook.safetensors holds, if the folder has that. */
  readonly codebook: SourceTensor | undefined
  /** Every file that was read. */
  readonly paths: readonly string[]
  close(): Promise<void>
}

/**
 * Opens a folder as `save_pretrained` writes it: `config.json`, `model.safetensors` (or its index and shards), and
 * `vocab.json` with `merges.txt` (or `tokenizer.json`) must be there; `preprocessor_config.json` (or
 * `processor_config.json`), `generation_config.json`, `tokenizer_config.json` and `codebook.safetensors` can be.
 */
export async function openCheckpoint(folder: string): Promise<Checkpoint> {
  const info = await stat(folder).catch((error) => failIo(folder, error))
  if (!info.isDirectory()) throw new ClvpError('CLVP_IO', `Cannot read ${folder}: it is not a folder`)
  const source = new Folder(folder)
  const config = await source.config('config.json')
  if (!config) throw missing(folder, 'config.json')
  const preprocessor = (await source.config('preprocessor_config.json')) ?? (await nestedPreprocessor(source))
  const texts = {
    'clvp.source.config': config.text,
    'clvp.source.generation_config': (await source.config('generation_config.json'))?.text,
    'clvp.source.preprocessor_config': preprocessor?.text,
    'clvp.source.tokenizer_config': (await source.config('tokenizer_config.json'))?.text,
  }
  const tokenizer = await readTokenizer(source)
  const files = new Map<string, SafetensorsFile>()
  const close = async () => {
    await Promise.all([...files.values()].map((file) => file.close()))
  }
  try {
    return {
      name: basename(resolve(folder)) || 'clvp',
      config: config.json,
      preprocessor: preprocessor?.json,
      texts: Object.fromEntries(Object.entries(texts).filter(isPresent)),
      ...tokenizer,
      tensors: await openTensors(source, files),
      codebook: await openCodebook(source, files),
      paths: source.paths,
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

function isPresent(item: [string, string | undefined]): item is [string, string] {
  return item[1] !== undefined
}

/** transformers 5 writes the feature extractor's configuration into the processor's. */
async function nestedPreprocessor(source: Folder): Promise<{ text: string; json: JsonObject } | undefined> {
  const name = 'processor_config.json'
  const nested = (await source.config(name))?.json.feature_extractor
  if (nested === undefined || nested === null) return undefined
  const json = asObject(nested, `${join(source.path, name)}: feature_extractor`)
  return { text: JSON.stringify(json), json }
}

// --- tensors ---------------------------------------------------------------------------------------------------

/** Files that are open, by name: who opened the checkpoint closes them. */
type OpenFiles = Map<string, SafetensorsFile>

async function openFile(source: Folder, files: OpenFiles, name: string): Promise<SafetensorsFile> {
  const file = await SafetensorsFile.open(join(source.path, name))
  files.set(name, file)
  source.paths.push(file.path)
  return file
}

async function openTensors(source: Folder, files: OpenFiles): Promise<Map<string, SourceTensor>> {
  if (await source.has(SINGLE_FILE)) {
    await openFile(source, files, SINGLE_FILE)
    return listTensors(files)
  }
  const index = await source.object(INDEX_FILE, MAX_TEXT_BYTES)
  if (!index) {
    throw missing(
      source.path,
      SINGLE_FILE,
      "; checkpoints of other kinds can be saved again with transformers' save_pretrained",
    )
  }
  const path = join(source.path, INDEX_FILE)
  const map = asObject(index.json.weight_map, `${path}: weight_map`)
  for (const name of shardNames(map, path)) await openFile(source, files, name)
  const tensors = listTensors(files)
  for (const [tensor, { file }] of tensors) {
    const expected = Object.hasOwn(map, tensor) ? map[tensor] : undefined
    if (join(source.path, String(expected)) !== file.path) {
      throw malformed(path, `tensor ${tensor} is in ${basename(file.path)}, not in ${describe(expected)}`)
    }
  }
  const absent = Object.keys(map).find((tensor) => !tensors.has(tensor))
  if (absent !== undefined) throw malformed(path, `tensor ${absent} is not in ${describe(map[absent])}`)
  return tensors
}

/** The one tensor of the one file that no transformers class writes: what the speech codes look like. */
async function openCodebook(source: Folder, files: OpenFiles): Promise<SourceTensor | undefined> {
  if (!(await source.has(CODEBOOK_FILE))) return undefined
  const file = await openFile(source, files, CODEBOOK_FILE)
  const entry = file.entries.get(CODEBOOK_TENSOR)
  if (!entry || file.entries.size > 1) {
    const names = [...file.entries.keys()].slice(0, 4).map(describe).join(', ') || 'nothing'
    throw malformed(file.path, `expected one tensor, ${CODEBOOK_TENSOR}, but found ${names}`)
  }
  return { file, entry }
}

/** Shards lie in the folder itself: a name with a path in it could reach any file. */
function shardNames(map: JsonObject, path: string): string[] {
  const names = new Set<string>()
  for (const name of Object.values(map)) {
    if (typeof name !== 'string' || !/^[\w.-]+\.safetensors$/.test(name)) {
      throw malformed(path, `${describe(name)} is no name of a shard`)
    }
    if (name === CODEBOOK_FILE) throw malformed(path, `${CODEBOOK_FILE} is kept for the codebook`)
    if (names.add(name).size > MAX_SHARDS) throw malformed(path, `it names more than ${MAX_SHARDS} shards`)
  }
  return [...names].sort()
}

function listTensors(files: ReadonlyMap<string, SafetensorsFile>): Map<string, SourceTensor> {
  const tensors = new Map<string, SourceTensor>()
  for (const file of files.values()) {
    for (const entry of file.entries.values()) {
      if (tensors.has(entry.name)) throw malformed(file.path, `tensor ${entry.name} is in another shard too`)
      tensors.set(entry.name, { file, entry })
    }
  }
  return tensors
}
