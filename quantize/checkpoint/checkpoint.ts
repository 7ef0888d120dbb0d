import { stat } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import { findWeightFiles, type SourceFiles } from '../../lib/base/checkpoint_files.js'
import { failOpen, kindOf, wrongKind } from '../../lib/base/files.js'
import type { SourceTensor } from '../formats/source_tensor.js'
import { type Codebook, openCodebook } from './codebook.js'
import { Folder, missing } from './folder.js'
import { findPair } from './pair_files.js'
import type { JsonObject } from './section.js'
import { type OpenedFolder, readPreprocessor } from './settings.js'
import { closeStages, openStages, type Stage } from './stage.js'
import { readTokenizer } from './tokens.js'
import { openPair } from './tortoise.js'
import { openWeights } from './weights.js'
import { readWords } from './words.js'

/** A checkpoint: its configuration and tokenizer, and its tensors under transformers' names. */
export interface Checkpoint {
  /** The folder's base name. */
  readonly name: string
  readonly config: JsonObject
  readonly preprocessor: JsonObject | undefined
  /** The configurations' JSON texts, by their keys in a model file. */
  readonly texts: Readonly<Record<string, string>>
  /** By id; `''` where no token has it. */
  readonly tokens: readonly string[]
  /** The merges, highest priority first: `'t h'`. */
  readonly merges: readonly string[]
  readonly tensors: ReadonlyMap<string, SourceTensor>
  /** Those that the folder has files of, or the caller names, in the order of a model file. */
  readonly stages: readonly Stage[]
  /** The words of words.txt, if the folder has that file. */
  readonly words: readonly string[] | undefined
  /** The tensor of codebook.safetensors, if the folder has that file. */
  readonly codebook: SourceTensor | undefined
  /** Every file that was read. */
  readonly paths: readonly string[]
  close(): Promise<void>
}

/**
 * Opens a folder: one that `save_pretrained` wrote, or one with the original files of tortoise.
 *
 * transformers' layout requires `config.json`, the weights as `model.safetensors` or `pytorch_model.bin` (or an index and
 * shards of either), and `vocab.json` with `merges.txt` (or `tokenizer.json`). Optional: `preprocessor_config.json` (or
 * `processor_config.json`), `generation_config.json`, `tokenizer_config.json`, `words.txt` and `codebook.safetensors`.
 *
 * tortoise's layout requires `autoregressive.pth` and `clvp2.pth`, or files that hold the same: see `findPair`. Optional are
 * `tokenizer.json` (or `vocab.json` with `merges.txt`), `mel_norms.pth` and the files above; without the first two, tortoise's own
 * are used.
 *
 * Either may have tortoise's files of the stages of speech, such as `dvae.pth` and `vocoder.pth`: see
 * `openStages`.
 */
export async function openCheckpoint(folder: string, files: SourceFiles = {}): Promise<Checkpoint> {
  const expected = 'a folder for the checkpoint'
  const info = await stat(folder).catch((error) => failOpen(folder, expected, error))
  if (!info.isDirectory()) throw wrongKind(folder, expected, kindOf(info))
  const source = new Folder(folder)
  const opened = await openFolder(source, files)
  const { config, preprocessor, tensors } = opened
  let codebook: Codebook | undefined
  let stages: readonly Stage[] = []
  const close = async () => {
    await Promise.all([opened.close(), codebook?.close(), closeStages(stages)])
  }
  try {
    stages = await openStages(source, files)
    codebook = await openCodebook(source)
    const { tokens, merges, unknown } = await readTokenizer(source, opened.tokenizer)
    const texts = {
      'clvp.source.config': config.text,
      'clvp.source.generation_config': (await source.config('generation_config.json'))?.text,
      'clvp.source.preprocessor_config': preprocessor?.text,
      'clvp.source.tokenizer_config':
        (await source.config('tokenizer_config.json'))?.text ??
        (unknown && JSON.stringify({ unk_token: unknown })),
    }
    return {
      name: basename(resolve(folder)) || 'clvp',
      config: config.json,
      preprocessor: preprocessor?.json,
      texts: Object.fromEntries(Object.entries(texts).filter(isPresent)),
      tokens,
      merges,
      tensors,
      stages,
      words: await readWords(source),
      codebook: codebook?.tensor,
      paths: source.paths,
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** Opens the weights and their settings: those that the caller names, else transformers', else tortoise's. */
async function openFolder(source: Folder, files: SourceFiles): Promise<OpenedFolder> {
  const wantsPair = (files.autoregressive ?? files.clvp) !== undefined
  const weights = wantsPair
    ? undefined
    : findWeightFiles(new Set(await source.names()), files.variant, source.path)
  if (weights) {
    const config = await source.config('config.json')
    if (!config) throw missing(source.path, 'config.json')
    const preprocessor = await readPreprocessor(source)
    return { config, preprocessor, ...(await openWeights(source, weights)) }
  }
  const pair = await findPair(source, files)
  if (pair) return openPair(source, pair)
  throw missing(
    source.path,
    (await source.has('config.json')) ? 'model.safetensors or pytorch_model.bin' : 'config.json',
    "; tortoise's autoregressive.pth with clvp2.pth also works; save checkpoints of other kinds again with " +
      "transformers' save_pretrained",
  )
}

function isPresent(item: [string, string | undefined]): item is [string, string] {
  return item[1] !== undefined
}
