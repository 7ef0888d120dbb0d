import { join } from 'node:path'
import { malformed } from '../../lib/base/errors.js'
import { readNumbers } from '../formats/numbers.js'
import { SINGLE_TENSOR } from '../formats/state_dict.js'
import { narrow, splitFirst, transposed, type View } from '../formats/strided_view.js'
import { TorchFile } from '../formats/torch_file.js'
import type { TorchTensor } from '../formats/torch_tensor.js'
import { type Folder, missing } from './folder.js'
import type { PairFiles } from './pair_files.js'
import { type JsonObject, Section } from './section.js'
import { completeSettings, type OpenedFolder, readPreprocessor, type Settings } from './settings.js'
import { checkRotary, findConfig } from './tortoise_config.js'
import { ownTokenizer, tortoiseData } from './tortoise_data.js'
import { type Mapping, mappingOf, type Split } from './tortoise_names.js'
import { closeAll, openAll } from './weights.js'
import { unwrapNames } from './wrapped_names.js'

const NORMS = 'mel_norms.pth'
/** Limit for the mel norms; there are 80. */
const MAX_NORMS = 1024

/**
 * Opens the original checkpoints of tortoise: `autoregressive.pth` (UnifiedVoice: decoder and conditioning encoder) and
 * `clvp2.pth` (CLVP: the encoders). Their tensors get the names and shapes that transformers' converter gives them.
 *
 * They have no configuration: sizes follow from the tensors' shapes, and the other settings are tortoise's. A complete or
 * partial `config.json` beside them overrides these. The mel norms are tortoise's; a `mel_norms.pth` overrides them, and a
 * `preprocessor_config.json` both.
 */
export async function openPair(source: Folder, paths: PairFiles): Promise<OpenedFolder> {
  const files = await openAll(source, [paths.autoregressive, paths.clvp], TorchFile.open)
  try {
    const [decoder, encoders] = files.map((file) => unwrapNames(file.tensors, rebind))
    const given = await source.config('config.json')
    const config = completeSettings(given, findConfig(paths, given?.json ?? {}, decoder!, encoders!))
    checkRotary(paths.clvp, config.json, encoders!)
    const tensors = new Map<string, TorchTensor>()
    const { heads, channels, words } = sizesOf(config.json)
    for (const tensor of [...decoder!.values(), ...encoders!.values()]) {
      for (const part of rename(tensor, heads)) {
        if (tensors.has(part.name)) throw malformed(part.path, `${tensor.name} is in both checkpoints`)
        tensors.set(part.name, part)
      }
    }
    const preprocessor = await findPreprocessor(source, channels)
    const close = () => closeAll(files)
    return { config, preprocessor, tensors, tokenizer: () => ownTokenizer(source, words), close }
  } catch (error) {
    await closeAll(files)
    throw error
  }
}

function rebind(tensor: TorchTensor, name: string): TorchTensor {
  return tensor.derive(name, tensor.view)
}

/** The decoder's heads and mel channels, and the texts' vocabulary. */
function sizesOf(config: JsonObject): { heads: number; channels: number; words: number } {
  const section = new Section('config.json', config)
  const decoder = section.section('decoder_config')
  return {
    heads: decoder.size('num_attention_heads', 0, 1, 2 ** 16),
    channels: decoder.size('feature_size', 0, 1, MAX_NORMS),
    words: section.section('text_config').size('vocab_size', 0, 1, 2 ** 22),
  }
}

// --- tensors ---------------------------------------------------------------------------------------------------

/** Converts one of tortoise's tensors to none, one or three of transformers'. */
function rename(tensor: TorchTensor, heads: number): TorchTensor[] {
  const mapping = mappingOf(tensor.name)
  if (mapping === 'skipped') return []
  if (!mapping)
    throw malformed(tensor.path, `tensor ${tensor.name} does not belong to tortoise's checkpoints`)
  const { names, split } = mapping
  return names.map((name, part) => {
    const { view, shape } = select(tensor, mapping, split, part, heads)
    return tensor.derive(name, view, shape)
  })
}

/** The part of a tensor that belongs to one name, with its shape. */
function select(
  tensor: TorchTensor,
  { names }: Mapping,
  split: Split,
  part: number,
  heads: number,
): { view: View; shape?: readonly number[] } {
  const { view } = tensor
  const { sizes } = view
  const isMatrix = sizes.length > 1
  switch (split) {
    case 'none':
      return { view }
    case 'transposed':
      return { view: isMatrix ? transposed(view) : view }
    case 'columns': {
      // Conv1D stores [in, out], with query, key and value side by side.
      const dimension = sizes.length - 1
      const width = divide(tensor, sizes[dimension] ?? 0, names.length)
      const columns = narrow(view, dimension, part * width, width)
      return { view: isMatrix ? transposed(columns) : columns }
    }
    case 'heads': {
      // Rows of [head, query or key or value, channel].
      const [rows = 0, ...others] = sizes
      const width = divide(tensor, rows, names.length * heads)
      const byHead = narrow(splitFirst(view, heads), 1, part * width, width)
      return { view: byHead, shape: [width * heads, ...others] }
    }
  }
}

function divide(tensor: TorchTensor, size: number, count: number): number {
  if (size > 0 && size % count === 0) return size / count
  throw malformed(
    tensor.path,
    `tensor ${tensor.name} has the shape [${tensor.shape}]: ${size} is not a multiple of ${count}`,
  )
}

// --- mel norms -----------------------------------------------------------------------------------------------------

async function findPreprocessor(source: Folder, channels: number): Promise<Settings> {
  const given = await readPreprocessor(source)
  if (await source.has(NORMS)) {
    const norms = await readNorms(source)
    return completeSettings(given, { feature_size: norms.length, mel_norms: norms })
  }
  if (given) return given
  const { melNorms } = await tortoiseData()
  if (melNorms.length === channels) {
    return completeSettings(undefined, { feature_size: channels, mel_norms: melNorms })
  }
  throw missing(
    source.path,
    NORMS,
    `: tortoise's own norms are for ${melNorms.length} mel channels, not ${channels}. A preprocessor_config.json also works`,
  )
}

async function readNorms(source: Folder): Promise<number[]> {
  const path = join(source.path, NORMS)
  const file = await TorchFile.open(path)
  try {
    source.paths.push(path)
    const tensor = file.tensors.get(SINGLE_TENSOR)
    if (tensor?.shape.length !== 1 || tensor.shape[0]! > MAX_NORMS) {
      throw malformed(path, `expected one tensor of at most ${MAX_NORMS} norms, one for each mel channel`)
    }
    return [...(await readNumbers(tensor))]
  } finally {
    await file.close()
  }
}
