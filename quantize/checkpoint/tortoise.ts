import { join } from 'node:path'
import { ClvpError } from '../../lib/base/errors.js'
import { narrow, splitFirst, transposed, type View } from '../formats/strided_view.js'
import { SINGLE_TENSOR, TorchFile } from '../formats/torch_file.js'
import type { TorchTensor } from '../formats/torch_tensor.js'
import { type Folder, malformed, missing } from './folder.js'
import { type JsonObject, Section } from './section.js'
import { completeSettings, type OpenedFolder, readPreprocessor, type Settings } from './settings.js'
import { checkRotary, findConfig } from './tortoise_config.js'
import { type Mapping, mappingOf, type Split } from './tortoise_names.js'
import { closeAll, openAll } from './weights.js'

const DECODER = 'autoregressive.pth'
const ENCODERS = 'clvp2.pth'
const NORMS = 'mel_norms.pth'
/** Limit for the mel norms; there are 80. */
const MAX_NORMS = 1024

/** Whether a folder has one of tortoise's two files. It must then have both. */
export async function hasPair(source: Folder): Promise<boolean> {
  return (await source.has(DECODER)) || (await source.has(ENCODERS))
}

/**
 * Opens the original checkpoints of tortoise: `autoregressive.pth` (UnifiedVoice: decoder and conditioning encoder) and
 * `clvp2.pth` (CLVP: the encoders). Their tensors get the names and shapes that transformers' converter gives them.
 *
 * They have no configuration: sizes follow from the tensors' shapes, and the other settings are tortoise's. A complete or
 * partial `config.json` beside them overrides these. The mel norms are in a separate file, `mel_norms.pth`; a
 * `preprocessor_config.json` overrides it.
 */
export async function openPair(source: Folder): Promise<OpenedFolder> {
  for (const name of [DECODER, ENCODERS]) {
    if (!(await source.has(name)))
      throw missing(source.path, name, "; tortoise's two checkpoints go together")
  }
  const files = await openAll(source, [DECODER, ENCODERS], TorchFile.open)
  try {
    const [decoder, encoders] = files.map((file) => file.tensors)
    const given = await source.config('config.json')
    const config = completeSettings(given, findConfig(source.path, given?.json ?? {}, decoder!, encoders!))
    checkRotary(source.path, config.json, encoders!)
    const tensors = new Map<string, TorchTensor>()
    const heads = conditioningHeads(config.json)
    for (const tensor of [...decoder!.values(), ...encoders!.values()]) {
      for (const part of rename(tensor, heads)) {
        if (tensors.has(part.name)) throw malformed(part.path, `${tensor.name} is in both checkpoints`)
        tensors.set(part.name, part)
      }
    }
    return { config, preprocessor: await findPreprocessor(source), tensors, close: () => closeAll(files) }
  } catch (error) {
    await closeAll(files)
    throw error
  }
}

function conditioningHeads(config: JsonObject): number {
  const section = new Section('config.json', config).section('decoder_config')
  return section.size('num_attention_heads', 0, 1, 2 ** 16)
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

async function findPreprocessor(source: Folder): Promise<Settings | undefined> {
  const given = await readPreprocessor(source)
  if (await source.has(NORMS)) {
    const norms = await readNorms(source)
    return completeSettings(given, { feature_size: norms.length, mel_norms: norms })
  }
  if (given) return given
  throw missing(
    source.path,
    NORMS,
    ": it is in tortoise's own data folder; a preprocessor_config.json also works",
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
    if (tensor.dtype !== 'F32') {
      throw new ClvpError('CLVP_UNSUPPORTED', `${path}: its type is ${tensor.dtype}; only F32 can be read`)
    }
    const norms = new Float32Array(tensor.shape[0]!)
    await tensor.read(0, new Uint8Array(norms.buffer))
    return [...norms]
  } finally {
    await file.close()
  }
}
