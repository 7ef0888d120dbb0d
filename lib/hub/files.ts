/** Chooses the files of a model in a repository. It uses names only, so it works on the hub and in a snapshot. */
import {
  findWeightFiles,
  firstSourceFile,
  pairFolders,
  pairNames,
  type SourceFiles,
  stageFileName,
  stageOptions,
} from '../base/checkpoint_files.js'
import { ClvpError, describe, malformed } from '../base/errors.js'
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
  'words.txt',
]
const vocabulary = ['vocab.json', 'merges.txt']

/** Optional files beside tortoise's pair. */
const optionalWithPair = ['config.json', 'mel_norms.pth']
/** How people call a part of the pair; the file's contents are checked when it is converted. */
const pairPatterns = {
  autoregressive: /^[\w.-]*(gpt|autoregressive)[\w.-]*\.pth$/i,
  clvp: /^[\w.-]*clvp2[\w.-]*\.pth$/i,
} as const

const MAX_SHARDS = 256

export interface Choice {
  /** Files to fetch, weights last: if the weights are complete, so is everything else. */
  files: string[]
  /** The index of weight shards, if there is one. */
  index?: { name: string; ending: string }
  /** The model file, if there is one. */
  gguf?: string
  /** tortoise's pair: names in the repository, or paths of files here. */
  pair?: { autoregressive: string; clvp: string }
}

/**
 * @param names of all files of the repository
 * @param where name of the repository for messages
 * @param wanted files that the caller names
 * @throws ClvpError CLVP_MODEL_FORMAT if the files are not a complete model, CLVP_INVALID_ARGUMENT for a named file that is not
 *   there
 */
export function chooseFiles(names: Iterable<string>, where: string, wanted: SourceFiles = {}): Choice {
  const there = new Set(names)
  const present = [...optional.filter((name) => there.has(name)), ...findStages(there, wanted)]
  const wantsPair = (wanted.autoregressive ?? wanted.clvp) !== undefined
  const weights = wantsPair ? undefined : findWeightFiles(there, wanted.variant, where)
  const ggufs = [...there].filter((name) => /^\w[\w.-]*\.gguf$/.test(name))
  const isPlain = firstSourceFile(wanted) === undefined
  if (isPlain && weights?.ending !== '.safetensors' && ggufs.length === 1) {
    return { files: ggufs, gguf: ggufs[0]! }
  }
  if (!weights) {
    const pair = findPair(there, where, wanted)
    if (!pair) throw withoutWeights(where, ggufs)
    const beside = optionalWithPair.filter((name) => there.has(name))
    const parts = Object.values(pair).filter((name) => there.has(name) && isInside(name))
    return { files: [...(tokenizer(there) ?? []), ...present, ...beside, ...parts], pair }
  }
  if (!there.has('config.json')) throw absent(where, 'config.json')
  const words = tokenizer(there)
  if (!words) throw absent(where, `${vocabulary.join(' with ')} (or tokenizer.json)`)
  const { file, isIndex, ending } = weights
  const files = ['config.json', ...words, ...present, file]
  return isIndex ? { files, index: { name: file, ending } } : { files }
}

/** tortoise's two checkpoints, if both can be told by their names. */
function findPair(there: ReadonlySet<string>, where: string, wanted: SourceFiles): Choice['pair'] {
  const [autoregressive, clvp] = (['autoregressive', 'clvp'] as const).map((part) => {
    // A file that the repository does not have is one here. Whether it exists is checked when it is read.
    const given = wanted[part]
    if (given !== undefined) return given
    const usual = pairFolders.map((folder) => folder + pairNames[part]).find((name) => there.has(name))
    if (usual !== undefined) return usual
    const similar = [...there].filter((name) => pairPatterns[part].test(name))
    if (similar.length <= 1) return similar[0]
    throw new ClvpError(
      'CLVP_INVALID_ARGUMENT',
      `Expected one file for ${part} in ${where} but found ${similar.slice(0, 4).join(', ')}: name one with '${part}' (--${part})`,
    )
  })
  return autoregressive !== undefined && clvp !== undefined ? { autoregressive, clvp } : undefined
}

/** The files of the stages that the repository has, but for those that the caller names as files here. */
function findStages(there: ReadonlySet<string>, wanted: SourceFiles): string[] {
  return stageOptions.flatMap((option) => {
    const given = wanted[option]
    if (given !== undefined) return filesAt(there, given)
    const usual = pairFolders.map((folder) => folder + stageFileName(option))
    return usual.filter((name) => there.has(name)).slice(0, 1)
  })
}

/** A named file with the config.json beside it, or what transformers saved in a named folder. */
function filesAt(there: ReadonlySet<string>, given: string): string[] {
  const isFile = there.has(given)
  const folder = isFile ? given.replace(/[^/]*$/, '') : `${given.replace(/\/$/, '')}/`
  const names = isFile ? [given] : ['model.safetensors', 'pytorch_model.bin'].map((name) => folder + name)
  const weights = names.filter((name) => there.has(name) && isInside(name)).slice(0, 1)
  const configs = [`${folder}config.json`].filter((name) => folder !== '' && there.has(name))
  return weights.length > 0 ? [...configs, ...weights] : []
}

/** Whether a name that the hub lists stays within the snapshot's folder. */
function isInside(name: string): boolean {
  return /^[\w.-]+(\/[\w.-]+)*$/.test(name) && !name.split('/').includes('..')
}

function tokenizer(there: ReadonlySet<string>): string[] | undefined {
  if (vocabulary.every((name) => there.has(name))) return vocabulary
  return there.has('tokenizer.json') ? ['tokenizer.json'] : undefined
}

function absent(where: string, what: string): ClvpError {
  return new ClvpError('CLVP_MODEL_FORMAT', `${where} is not a CLVP checkpoint: ${what} is missing`)
}

function withoutWeights(where: string, ggufs: readonly string[]): ClvpError {
  const files = `model.safetensors, pytorch_model.bin, ${Object.values(pairNames).join(' with ')}`
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
