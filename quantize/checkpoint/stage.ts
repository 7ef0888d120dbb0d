/** Stages of speech: what a checkpoint may hold beside the decoder and the ranking model, one file each. */
import { stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { NativeValue } from '../../lib/addon/contract/files.js'
import {
  findWeightFiles,
  type StageFiles,
  type StageOption,
  stageOptions,
} from '../../lib/base/checkpoint_files.js'
import { malformed } from '../../lib/base/errors.js'
import { failIo } from '../../lib/base/files.js'
import { SafetensorsFile } from '../formats/safetensors.js'
import { renamed, type SourceTensor, type TensorFile } from '../formats/source_tensor.js'
import { TorchFile } from '../formats/torch_file.js'
import { readDiffusion } from './diffusion.js'
import { readDvae } from './dvae.js'
import { Folder } from './folder.js'
import { readHifigan } from './hifigan.js'
import { findByName } from './pair_files.js'
import { readRandomLatents } from './random_latents.js'
import type { Settings } from './settings.js'
import type { StageTensor } from './tensor_reader.js'
import { isOfTransformers, readUnivnet } from './univnet.js'
import { openAll, openWeights, type Weights } from './weights.js'
import { unwrapNames } from './wrapped_names.js'

/** A size that must be that of another part of the model, if that is there. */
export interface Agreement {
  /** For messages: 'mel channels'. */
  readonly what: string
  readonly size: number
  /** The key of the other part's size. */
  readonly key: string
  /** How many times the other's size; default 1. */
  readonly times?: number
  /** For messages: "the decoder's width". */
  readonly whose: string
  /** For messages: what may be wrong. */
  readonly advice?: string
}

/** What a stage's file becomes in a model file. */
export interface StageContent {
  /** Its keys. */
  readonly values: Readonly<Record<string, NativeValue>>
  readonly tensors: readonly StageTensor[]
  readonly agreements: readonly Agreement[]
}

export interface Stage extends StageContent {
  readonly option: StageOption
  /** Its file or folder. */
  readonly path: string
  close(): Promise<void>
}

type Read = (path: string, tensors: ReadonlyMap<string, SourceTensor>) => StageContent

/** The readers of the stages that are one file. */
const READERS: Readonly<Record<Exclude<StageOption, 'vocoder'>, Read>> = {
  dvae: readDvae,
  hifigan: readHifigan,
  diffusion: readDiffusion,
  randomDecoder: (path, tensors) => readRandomLatents('decoder', path, tensors),
  randomDiffusion: (path, tensors) => readRandomLatents('diffusion', path, tensors),
}

/** Opens the stages that the caller names, and those that the folder has under tortoise's names. */
export async function openStages(source: Folder, files: StageFiles): Promise<Stage[]> {
  const stages: Stage[] = []
  try {
    for (const option of stageOptions) {
      const path = await findByName(source, option, files[option])
      if (path !== undefined) stages.push(await openStage(source, option, path))
    }
    return stages
  } catch (error) {
    await closeStages(stages)
    throw error
  }
}

export async function closeStages(stages: readonly Stage[]): Promise<void> {
  await Promise.all(stages.map((stage) => stage.close()))
}

/**
 * Adds the stages' keys to those of a model.
 *
 * @throws ClvpError `CLVP_MODEL_FORMAT` if a stage does not suit the model or another stage
 */
export function addStageValues(
  values: Readonly<Record<string, NativeValue>>,
  stages: readonly Stage[],
): Record<string, NativeValue> {
  const all: Record<string, NativeValue> = Object.assign({}, values, ...stages.map((stage) => stage.values))
  if (all['clvp.random.layer_count']) {
    for (const key of ['clvp.random.decoder_length', 'clvp.random.diffusion_length']) {
      all[key] ??= { type: 'u32', value: 0 } // the other half alone
    }
  }
  for (const { path, agreements } of stages) for (const each of agreements) checkAgreement(path, each, all)
  return all
}

function checkAgreement(
  path: string,
  { what, size, key, times = 1, whose, advice = '' }: Agreement,
  values: Readonly<Record<string, NativeValue>>,
): void {
  const expected = times * Number(values[key]?.value ?? 0)
  if (expected === 0 || size === expected) return
  throw malformed(path, `it has ${size} ${what}: expected ${expected}, ${whose}${advice && `. ${advice}`}`)
}

async function openStage(source: Folder, option: StageOption, path: string): Promise<Stage> {
  if (option === 'vocoder') return openVocoder(source, path)
  const { tensors, close } = await openFile(source, path)
  return readOrClose(close, () => ({ option, path, ...READERS[option](path, tensors), close }))
}

/** tortoise's file, or what transformers saved: a folder, or the file of weights in one. */
async function openVocoder(source: Folder, path: string): Promise<Stage> {
  const option = 'vocoder'
  const isFolder = (await stat(path).catch((error) => failIo(path, error))).isDirectory()
  const folder = new Folder(isFolder ? path : dirname(path))
  const { tensors, close } = await (isFolder ? openFolder(source, folder) : openFile(source, path))
  return readOrClose(close, async () => {
    const config = isOfTransformers(tensors) ? await readConfig(source, folder) : undefined
    return { option, path, ...readUnivnet(path, tensors, config), close }
  })
}

async function readConfig(source: Folder, folder: Folder): Promise<{ path: string; json: Settings['json'] }> {
  const config = await folder.config('config.json')
  const path = join(folder.path, 'config.json')
  if (!config) throw malformed(path, "it is missing: transformers' UnivNetModel needs it beside its weights")
  source.paths.push(path)
  return { path, json: config.json }
}

async function openFolder(source: Folder, folder: Folder): Promise<Weights> {
  const files = findWeightFiles(new Set(await folder.names()), undefined, folder.path)
  if (!files)
    throw malformed(folder.path, 'expected model.safetensors or pytorch_model.bin of a UnivNetModel')
  const weights = await openWeights(folder, files)
  source.paths.push(...folder.paths)
  return weights
}

async function openFile(source: Folder, path: string): Promise<Weights> {
  const open: (path: string) => Promise<TensorFile> = path.endsWith('.safetensors')
    ? SafetensorsFile.open
    : TorchFile.open
  const [file] = await openAll(source, [path], open)
  const close = () => file!.close()
  return readOrClose(close, () => ({ tensors: unwrapNames(file!.tensors, renamed), close }))
}

/** Closes a file if it cannot be read. */
async function readOrClose<T>(close: () => Promise<void>, read: () => T | Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (error) {
    await close()
    throw error
  }
}
