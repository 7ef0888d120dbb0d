/** Adds stages of speech to a model file. */
import { stat } from 'node:fs/promises'
import { requireSound } from '../lib/addon/require_sound.js'
import { type ModelType, modelTypes } from '../lib/addon/weight_types.js'
import { path } from '../lib/base/check.js'
import { type StageOption, stageFileName, stageOptions, stageTable } from '../lib/base/checkpoint_files.js'
import { ClvpError } from '../lib/base/errors.js'
import { failOpen, kindOf, SourceFile, wrongKind } from '../lib/base/files.js'
import { choice } from '../lib/base/kinds.js'
import { type OptionsOf, optionTable, readOptions } from '../lib/base/options.js'
import { Folder } from './checkpoint/folder.js'
import { addStageValues, closeStages, openStages, type Stage } from './checkpoint/stage.js'
import { CODEBOOK, stageOf } from './checkpoint/tensor_names.js'
import { type ModelSource, type ModelTensor, readModel } from './model_source.js'
import { planStage } from './plan.js'
import { workTable } from './work_options.js'
import { type PlannedTensor, refuseOverwrite, throwIfAborted, writeModel } from './write_model.js'

/** Fraction of the progress for verifying; the rest is writing. */
const VERIFYING = 0.2

export const addTable = optionTable({
  /** Type of the new matrices; default: the model's own. All that the model has keeps its type. */
  type: {
    kind: choice(modelTypes, 'TYPE'),
    defaultText: "the model's own",
    help: 'type of the new matrices',
  },
  ...stageTable,
  ...workTable,
})

export interface AddStagesOptions extends OptionsOf<typeof addTable> {}

export interface AddStagesResult {
  path: string
  /** Of the new matrices. */
  type: ModelType
  /** Size of the file. */
  bytes: number
  /** The stages that the model did not have, by the options that name their files. */
  added: StageOption[]
  /** Those that it had, and has anew. */
  replaced: StageOption[]
  /** Matrices whose row length does not fit the chosen type, with the type used instead: `"name: type"`. */
  fallbacks: string[]
}

/**
 * Adds stages of speech to a model file: those that a folder has files of, under tortoise's names or those
 * that the options give. A stage that the model has already is replaced. All else is copied unchanged, so
 * that the result is what a conversion with these files beside the checkpoint would have given, if the
 * types are the same. The model is verified first: damaged weights would get a valid checksum. The write is
 * atomic, and equal input gives equal bytes.
 *
 * @example
 * ```js
 * const { added } = await addStages('model.gguf', '.models', 'speaking.gguf', { type: 'f16' })
 * ```
 *
 * @param model a model file
 * @param folder with the stages' files
 * @param target the file to write; an existing one is replaced
 * @throws ClvpError `CLVP_INVALID_ARGUMENT`, also for a folder without any such file, `CLVP_IO`,
 *   `CLVP_ABORTED`, `CLVP_MODEL_FORMAT` for a malformed or damaged file, or a stage that does not suit the
 *   model, `CLVP_UNSUPPORTED` for a stage of another layout than tortoise's
 */
export async function addStages(
  model: string,
  folder: string,
  target: string,
  options: AddStagesOptions = {},
): Promise<AddStagesResult> {
  path(model, 'model')
  path(folder, 'folder')
  path(target, 'target')
  const { type, threads = 0, onProgress, signal, ...files } = readOptions(addTable, options, 'options')
  throwIfAborted(signal)
  const source = await openFolder(folder)
  const stages = await openStages(source, files)
  try {
    if (stages.length === 0) throw withoutStages(folder)
    await refuseOverwrite(target, [model, ...source.paths])
    const report = (from: number, share: number) =>
      onProgress && ((fraction: number) => onProgress(from + share * fraction))
    const file = await SourceFile.open(model, 'the model')
    try {
      await requireSound(model, { threads, signal, onProgress: report(0, VERIFYING) })
      const found = await readModel(file)
      const settings = {
        threads,
        signal,
        importance: undefined,
        onProgress: report(VERIFYING, 1 - VERIFYING),
      }
      return await writeStages(found, stages, target, type ?? typeOf(found, model), settings)
    } finally {
      await file.close()
    }
  } finally {
    await closeStages(stages)
  }
}

async function openFolder(folder: string): Promise<Folder> {
  const expected = 'a folder with stages of speech'
  const info = await stat(folder).catch((error) => failOpen(folder, expected, error))
  if (!info.isDirectory()) throw wrongKind(folder, expected, kindOf(info))
  return new Folder(folder)
}

function withoutStages(folder: string): ClvpError {
  const names = stageOptions.map(stageFileName).join(', ')
  return new ClvpError(
    'CLVP_INVALID_ARGUMENT',
    `Expected at least one of ${names} in ${folder} but found none: name files that are called otherwise with the options ${stageOptions.join(', ')}`,
  )
}

function typeOf({ values }: ModelSource, model: string): ModelType {
  const type = modelTypes.find((each) => each === values['clvp.type']?.value)
  if (type) return type
  throw new ClvpError(
    'CLVP_MODEL_FORMAT',
    `Expected a known type for the key clvp.type of ${model}: choose the new matrices' with 'type' (--type)`,
  )
}

async function writeStages(
  model: ModelSource,
  stages: readonly Stage[],
  target: string,
  type: ModelType,
  settings: Parameters<typeof writeModel>[3],
): Promise<AddStagesResult> {
  const values = addStageValues(model.values, stages)
  const plans = new Map(stages.map((stage) => [stage.option, planStage(stage, type)]))
  const kept = (option: StageOption) => model.tensors.filter(({ name }) => stageOf(name) === option)
  const had = stageOptions.filter((option) => kept(option).length > 0)
  const others = model.tensors.filter(({ name }) => stageOf(name) === undefined)
  const isCodebook = ({ name }: ModelTensor) => name === CODEBOOK
  const tensors = [
    ...others.filter((tensor) => !isCodebook(tensor)).map(unchanged),
    ...stageOptions.flatMap((option) => plans.get(option)?.tensors ?? kept(option).map(unchanged)),
    ...others.filter(isCodebook).map(unchanged),
  ]
  const bytes = await writeModel(target, values, tensors, settings)
  return {
    path: target,
    type,
    bytes,
    added: stages.map(({ option }) => option).filter((option) => !had.includes(option)),
    replaced: stages.map(({ option }) => option).filter((option) => had.includes(option)),
    fallbacks: [...plans.values()].flatMap(({ fallbacks }) => fallbacks),
  }
}

function unchanged({ name, type, dims, source }: ModelTensor): PlannedTensor {
  return { name, type, dims, parts: [{ source, dataType: type }], isTransposed: false }
}
