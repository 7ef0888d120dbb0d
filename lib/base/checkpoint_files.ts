/** The names of the files that hold a checkpoint's weights, in a folder and on the hub. */
import { path, string } from './check.js'
import { ClvpError, invalid } from './errors.js'
import { custom } from './kinds.js'
import { namesOf, type OptionsOf, optionTable } from './options.js'

const VARIANT = /^[A-Za-z0-9_]{1,32}$/

/** Files that may lie beside a checkpoint of any kind; each holds one stage of speech. */
export const stageTable = optionTable({
  /**
   * File with tortoise's discrete VAE, which makes codes of recordings (docs/scoring.md): a name in the
   * folder or repository, or a path. Default: `dvae.pth`, if it is there.
   */
  dvae: {
    kind: custom(path, { as: 'string', value: 'FILE' }),
    defaultText: 'dvae.pth',
    help: "file of tortoise's discrete VAE, to score recordings: a name there, or a path",
  },
  /**
   * File with tortoise's HiFi-GAN, which makes sound of the decoder's latents: a name there, or a path.
   * Default: `hifidecoder.pth`, if it is there.
   */
  hifigan: {
    kind: custom(path, { as: 'string', value: 'FILE' }),
    defaultText: 'hifidecoder.pth',
    help: "file of tortoise's HiFi-GAN: a name there, or a path",
  },
  /**
   * File with tortoise's diffusion decoder, which makes mel spectrograms of the latents: a name there, or a
   * path. Default: `diffusion_decoder.pth`, if it is there.
   */
  diffusion: {
    kind: custom(path, { as: 'string', value: 'FILE' }),
    defaultText: 'diffusion_decoder.pth',
    help: "file of tortoise's diffusion decoder: a name there, or a path",
  },
  /**
   * File with tortoise's UnivNet, which makes sound of the diffusion's spectrograms: a name there, or a path.
   * Also a folder that transformers saved of a `UnivNetModel`, or the weights in it. Default: `vocoder.pth`,
   * if it is there.
   */
  vocoder: {
    kind: custom(path, { as: 'string', value: 'FILE' }),
    defaultText: 'vocoder.pth',
    help: "file of tortoise's UnivNet, or a folder of transformers' UnivNetModel: a name there, or a path",
  },
  /**
   * File with tortoise's generator of random voices for the decoder: a name there, or a path. Default:
   * `rlg_auto.pth`, if it is there.
   */
  randomDecoder: {
    kind: custom(path, { as: 'string', value: 'FILE' }),
    defaultText: 'rlg_auto.pth',
    help: "file of tortoise's random voices, the decoder's half: a name there, or a path",
  },
  /**
   * File with tortoise's generator of random voices for the diffusion: a name there, or a path. Default:
   * `rlg_diffuser.pth`, if it is there.
   */
  randomDiffusion: {
    kind: custom(path, { as: 'string', value: 'FILE' }),
    defaultText: 'rlg_diffuser.pth',
    help: "file of tortoise's random voices, the diffusion's half: a name there, or a path",
  },
})

/** Names of the stages' files. A file that no option names is used if it has tortoise's name. */
export interface StageFiles extends OptionsOf<typeof stageTable> {}

export type StageOption = keyof StageFiles

/** In the order of a model file. */
export const stageOptions: readonly StageOption[] = namesOf(stageTable)

/** tortoise's name of a stage's file. */
export function stageFileName(option: StageOption): string {
  return stageTable[option].defaultText
}

export const sourceTable = optionTable({
  /**
   * For a checkpoint in a folder or on the hub: variant of transformers' weights; `'fp16'` takes `model.fp16.safetensors`. Default:
   * the files without a variant; if there are none, the only variant.
   */
  variant: {
    kind: custom(readVariant, { as: 'string', value: 'NAME' }),
    help: 'variant of the weights: fp16 for model.fp16.safetensors',
  },
  /**
   * The same: file with tortoise's decoder, such as `1480_gpt.pth` of a fine-tune: its name in the folder or repository, or a path.
   * Default: `autoregressive.pth`; without that, the only .pth file there that holds a decoder.
   */
  autoregressive: {
    kind: custom(path, { as: 'string', value: 'FILE' }),
    defaultText: 'autoregressive.pth',
    help: "file of tortoise's decoder: a name in the folder or repository, or a path",
  },
  /** The same for tortoise's ranking model. Default: `clvp2.pth`; without that, the only .pth file that holds one. */
  clvp: {
    kind: custom(path, { as: 'string', value: 'FILE' }),
    defaultText: 'clvp2.pth',
    help: "file of tortoise's ranking model: a name there, or a path",
  },
  ...stageTable,
})

/** Which files hold the weights, where their names do not say so. For a checkpoint in a folder or on the hub only. */
export interface SourceFiles extends OptionsOf<typeof sourceTable> {}

export const sourceFileOptions = namesOf(sourceTable)

function readVariant(value: unknown, name: string): string {
  const variant = string(value, name)
  if (VARIANT.test(variant)) return variant
  throw invalid('1 to 32 letters, digits and underscores', name, variant)
}

/** The options of {@link SourceFiles} among others, after a check that they suit each other. */
export function sourceFilesOf(options: SourceFiles): SourceFiles {
  const { variant, autoregressive, clvp } = options
  if (variant !== undefined && (autoregressive ?? clvp) !== undefined) {
    throw new ClvpError(
      'CLVP_INVALID_ARGUMENT',
      `Expected no variant with autoregressive or clvp but received '${variant}': tortoise's files have no variants`,
    )
  }
  return Object.fromEntries(sourceFileOptions.map((name) => [name, options[name]]))
}

/** tortoise's own names. The hub's repository keeps the files in a folder. */
export const pairNames = { autoregressive: 'autoregressive.pth', clvp: 'clvp2.pth' } as const
/** The folders that may hold them. */
export const pairFolders = ['', '.models/'] as const

/** Weights in one file, or in shards with an index. */
export interface WeightFiles {
  file: string
  isIndex: boolean
  ending: '.safetensors' | '.bin'
}

/** In order of preference. */
const kinds = [
  { stem: 'model', ending: '.safetensors' },
  { stem: 'pytorch_model', ending: '.bin' },
] as const

/** The second alternative is how transformers names an index of a variant, the first how others do. */
const OF_A_VARIANT =
  /^(?:model\.(\w+)\.safetensors(?:\.index\.json)?|pytorch_model\.(\w+)\.bin(?:\.index\.json)?|(?:model\.safetensors|pytorch_model\.bin)\.index\.(\w+)\.json)$/

/** The first option that is set, for sources that have no such files. */
export function firstSourceFile(files: SourceFiles): keyof SourceFiles | undefined {
  return sourceFileOptions.find((name) => files[name] !== undefined)
}

/**
 * The weights that transformers saved.
 *
 * @param names of all files
 * @param where they are, for messages
 * @throws ClvpError CLVP_INVALID_ARGUMENT for a variant that is not there, or one of several that must be named
 */
export function findWeightFiles(
  names: ReadonlySet<string>,
  variant: string | undefined,
  where: string,
): WeightFiles | undefined {
  const plain = variant === undefined ? weightFiles(names, '') : undefined
  if (plain) return plain
  const variants = new Set<string>()
  for (const name of names) {
    const found = OF_A_VARIANT.exec(name)?.slice(1).find(Boolean)
    if (found !== undefined) variants.add(found)
  }
  if (variant === undefined && variants.size === 0) return undefined
  const list = [...variants].sort().join(', ')
  if (variant === undefined && variants.size > 1) {
    throw new ClvpError(
      'CLVP_INVALID_ARGUMENT',
      `Expected one kind of weights in ${where} but found the variants ${list}: name one with 'variant' (--variant)`,
    )
  }
  const found = weightFiles(names, `.${variant ?? list}`)
  if (found) return found
  throw new ClvpError(
    'CLVP_INVALID_ARGUMENT',
    `Expected a variant of the weights in ${where} but received '${variant}': it has ${list || 'no variants'}`,
  )
}

/** @param part '' or a dot and the variant */
function weightFiles(names: ReadonlySet<string>, part: string): WeightFiles | undefined {
  for (const { stem, ending } of kinds) {
    const file = `${stem}${part}${ending}`
    if (names.has(file)) return { file, isIndex: false, ending }
    const index = [`${stem}${ending}.index${part}.json`, `${file}.index.json`].find((name) => names.has(name))
    if (index !== undefined) return { file: index, isIndex: true, ending }
  }
  return undefined
}
