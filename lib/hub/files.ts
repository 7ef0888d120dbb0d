/** Chooses the files of a model in a repository. It uses names only, so it works on the hub and in a snapshot. */
import { ClvpError, describe } from '../base/errors.js'
import type { JsonObject } from '../base/json.js'

/** Optional files. `tokenizer.json` is used only if the two files that it replaces are missing. */
const optional = [
  'generation_config.json',
  'preprocessor_config.json',
  'processor_config.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'added_tokens.json',
  'codebook.safetensors',
]
const vocabulary = ['vocab.json', 'merges.txt']

/** Kinds of weights, in order of preference: one file, or an index of several files with this suffix. */
const weightKinds = [
  { file: 'model.safetensors', index: 'model.safetensors.index.json', ending: '.safetensors' },
  { file: 'pytorch_model.bin', index: 'pytorch_model.bin.index.json', ending: '.bin' },
]

/** tortoise's original checkpoints. They have no config.json; the mel norms are a separate file. */
const pair = ['autoregressive.pth', 'clvp2.pth']
const optionalWithPair = ['config.json', 'mel_norms.pth']

const MAX_SHARDS = 256

export interface Choice {
  /** Files to fetch, weights last: if the weights are complete, so is everything else. */
  files: string[]
  /** The index of weight shards, if there is one. */
  index?: { name: string; ending: string }
  /** The model file, if there is one. */
  gguf?: string
}

/**
 * @param names of all files of the repository
 * @param where name of the repository for messages
 * @throws ClvpError CLVP_MODEL_FORMAT if the files are not a complete model
 */
export function chooseFiles(names: Iterable<string>, where: string): Choice {
  const there = new Set(names)
  const [safetensors, bin] = weightKinds.map((kind) => ({
    ...kind,
    isWhole: there.has(kind.file),
    isSharded: there.has(kind.index),
  }))
  const ggufs = [...there].filter((name) => /^\w[\w.-]*\.gguf$/.test(name))
  const hasSafetensors = safetensors!.isWhole || safetensors!.isSharded
  if (!hasSafetensors && ggufs.length === 1) return { files: ggufs, gguf: ggufs[0]! }
  const weights = hasSafetensors ? safetensors! : bin!
  const present = optional.filter((name) => there.has(name))
  if (!weights.isWhole && !weights.isSharded) {
    if (!pair.every((name) => there.has(name))) throw withoutWeights(where, ggufs)
    const beside = optionalWithPair.filter((name) => there.has(name))
    return { files: [...tokenizer(there, where), ...present, ...beside, ...pair] }
  }
  if (!there.has('config.json')) throw absent(where, 'config.json')
  const small = ['config.json', ...tokenizer(there, where), ...present]
  if (weights.isWhole) return { files: [...small, weights.file] }
  return { files: [...small, weights.index], index: { name: weights.index, ending: weights.ending } }
}

function tokenizer(there: ReadonlySet<string>, where: string): string[] {
  if (vocabulary.every((name) => there.has(name))) return vocabulary
  if (there.has('tokenizer.json')) return ['tokenizer.json']
  throw absent(where, `${vocabulary.join(' with ')} (or tokenizer.json)`)
}

function absent(where: string, what: string): ClvpError {
  return new ClvpError('CLVP_MODEL_FORMAT', `${where} is not a CLVP checkpoint: ${what} is missing`)
}

function withoutWeights(where: string, ggufs: readonly string[]): ClvpError {
  const files = [...weightKinds.map(({ file }) => file), pair.join(' with ')].join(', ')
  const several = `: it has ${ggufs.length} .gguf files (${ggufs.slice(0, 3).join(', ')}...): download one and pass its path`
  const none = `: expected ${files}, their shards with an index, or a .gguf file`
  const reason = ggufs.length > 1 ? several : none
  return new ClvpError('CLVP_MODEL_FORMAT', `${where} has no usable weights${reason}`)
}

/** The shards that an index names. Paths are rejected: a shard must be in the same folder. */
export function shardNames(index: JsonObject, ending: string, where: string): string[] {
  const map = index.weight_map
  if (typeof map !== 'object' || map === null) throw malformed(where, `weight_map is ${describe(map)}`)
  const names = new Set<string>()
  for (const name of Object.values(map)) {
    if (typeof name !== 'string' || !/^\w[\w.-]*$/.test(name) || !name.endsWith(ending)) {
      throw malformed(where, `${describe(name)} is not a valid shard name`)
    }
    if (names.add(name).size > MAX_SHARDS) throw malformed(where, `it names more than ${MAX_SHARDS} shards`)
  }
  return [...names].sort()
}

function malformed(where: string, reason: string): ClvpError {
  return new ClvpError('CLVP_MODEL_FORMAT', `${where}: ${reason}`)
}
