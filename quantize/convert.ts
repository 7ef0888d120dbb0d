import type { NativeValue } from '../lib/addon/contract/files.js'
import type { ModelType } from '../lib/addon/weight_types.js'
import { path } from '../lib/base/check.js'
import { sourceFilesOf, sourceTable } from '../lib/base/checkpoint_files.js'
import { string } from '../lib/base/kinds.js'
import { type OptionsOf, optionTable, readOptions } from '../lib/base/options.js'
import { positions } from '../lib/config/kinds.js'
import { wordsKey } from '../lib/text/known_words.js'
import { type Checkpoint, openCheckpoint } from './checkpoint/checkpoint.js'
import { addStageValues } from './checkpoint/stage.js'
import { hparamValues, readHparams } from './hparams.js'
import { type OutputOptions, outputSettings, outputTable } from './output_options.js'
import { makePlan } from './plan.js'
import { textChecks } from './text_checks.js'
import { refuseOverwrite, throwIfAborted, withOutputKeys, writeModel } from './write_model.js'

/** Version of the keys and of the tensors' names, shapes and layout. Loaders reject unknown versions. */
const FORMAT_VERSION = 1

export const convertTable = optionTable({
  /** The model's name in the file; default: the folder's. */
  name: { kind: string(), defaultText: "the folder's" },
  /**
   * How the decoder's positions were counted in training: 'trained' (as tortoise does), 'cached' or
   * 'transformers'; default: config.json's, or trained. The key there is `positions`: docs/semantics.md.
   */
  positions: {
    kind: positions,
    defaultText: "config.json's, or trained",
    help: 'how the decoder counted positions in training',
  },
  ...sourceTable,
})

const table = { ...outputTable, ...convertTable }

export interface ConvertOptions extends OutputOptions, OptionsOf<typeof convertTable> {}

export interface ConvertResult {
  path: string
  type: ModelType
  /** Size of the file. */
  bytes: number
  /** Matrices whose row length does not fit the chosen type, with the type used instead: `"name: type"`. */
  fallbacks: string[]
}

/**
 * Converts a checkpoint to a model file. The checkpoint is a folder that transformers saved, with
 * safetensors or torch files, or a folder with tortoise's original `autoregressive.pth` and `clvp2.pth`;
 * docs/model-format.md lists the files of each. tortoise's files of the stages of speech beside either
 * (`dvae.pth`, `hifidecoder.pth`, `diffusion_decoder.pth`, `vocoder.pth`, `rlg_auto.pth`,
 * `rlg_diffuser.pth`) become parts of the model file. Options name files that are called otherwise: see
 * `SourceFiles`. Torch files are parsed as data; no code in them runs. The write is atomic, and equal input
 * gives equal bytes.
 *
 * @example
 * ```js
 * await convertFolder('models', 'emma.gguf', { type: 'q8_0', autoregressive: 'finetunes/1480_gpt.pth' })
 * ```
 *
 * @param source the folder
 * @param target the file to write; an existing one is replaced
 * @throws ClvpError `CLVP_INVALID_ARGUMENT`, `CLVP_IO`, `CLVP_ABORTED`, `CLVP_MODEL_FORMAT` for a malformed
 *   checkpoint, `CLVP_UNSUPPORTED` for a valid one of a kind that this package does not support
 */
export async function convertFolder(
  source: string,
  target: string,
  options: ConvertOptions = {},
): Promise<ConvertResult> {
  path(source, 'source')
  path(target, 'target')
  const given = readOptions(table, options, 'options')
  const { name, positions } = given
  const files = sourceFilesOf(given)
  const settings = outputSettings(given)
  const { type, tensorTypes, signal } = settings
  throwIfAborted(signal)
  const checkpoint = await openCheckpoint(source, files)
  try {
    await refuseOverwrite(target, checkpoint.paths)
    const found = readHparams(checkpoint.config, checkpoint.preprocessor)
    const hparams = { ...found, positions: positions ?? found.positions }
    const plan = makePlan(hparams, checkpoint, type, tensorTypes)
    const own = { ...ownValues(checkpoint, name ?? checkpoint.name), ...hparamValues(hparams) }
    const values = addStageValues(own, checkpoint.stages)
    checkTexts(values)
    const bytes = await writeModel(target, withOutputKeys(values, settings), plan.tensors, settings)
    return { path: target, type, bytes, fallbacks: plan.fallbacks }
  } finally {
    await checkpoint.close()
  }
}

/** Refuses what a load would refuse. */
function checkTexts(values: Record<string, NativeValue>): void {
  const held = Object.entries(values).map(([key, { value }]) => [key, value] as const)
  for (const check of textChecks(Object.fromEntries(held))) check()
}

/** The keys that are neither hyperparameters nor features. */
function ownValues(checkpoint: Checkpoint, name: string): Record<string, NativeValue> {
  const text = (value: string): NativeValue => ({ type: 'string', value })
  return {
    'general.architecture': text('clvp'),
    'general.name': text(name),
    'clvp.format_version': { type: 'u32', value: FORMAT_VERSION },
    'clvp.tokenizer.tokens': { type: 'string[]', value: [...checkpoint.tokens] },
    'clvp.tokenizer.merges': { type: 'string[]', value: [...checkpoint.merges] },
    ...(checkpoint.words && { [wordsKey]: { type: 'string[]', value: [...checkpoint.words] } }),
    ...Object.fromEntries(Object.entries(checkpoint.texts).map(([key, value]) => [key, text(value)])),
  }
}
