import { framesPerCode } from '../lib/addon/contract.js'
import type { ModelType } from '../lib/addon/weight_types.js'
import { ClvpError } from '../lib/base/errors.js'
import {
  isSkipped,
  type Size,
  TENSOR_ROWS,
  type TensorRow,
  type Tower,
  withBlock,
} from './checkpoint/tensor_names.js'
import type { SourceTensor } from './formats/source_tensor.js'
import type { Hparams } from './hparams.js'
import { chooseTypes, type TensorTypes, type TypedTensor } from './type_choice.js'
import type { PlannedPart, PlannedTensor } from './write_model.js'

/** The codebook's name in the file. It is no part of the towers, so quantize/checkpoint/tensor_names.ts does not list it. */
export const CODEBOOK = 'codebook.weight'

/** Of a checkpoint's data types those that weights can have, as the core names them. */
const DATA_TYPES = { F32: 'f32', F16: 'f16', BF16: 'bf16' } as const

export interface Plan {
  readonly tensors: readonly PlannedTensor[]
  /** The matrices that could not have the type meant for them, and the type they have: `"name: type"`. */
  readonly fallbacks: string[]
}

/** A tensor before its type is chosen. */
type Layout = Omit<PlannedTensor, 'type'> & Pick<TypedTensor, 'kind'>

/**
 * Says what a checkpoint's tensors become. Every tensor that the hyperparameters call for must be there with its shape,
 * and nothing else but known buffers. The codebook goes behind them.
 */
export function makePlan(
  hparams: Hparams,
  sources: ReadonlyMap<string, SourceTensor>,
  codebook: SourceTensor | undefined,
  type: ModelType,
  tensorTypes: TensorTypes,
): Plan {
  const layouts: Layout[] = []
  const used = new Set<string>()
  for (const row of TENSOR_ROWS) {
    if (row.isAttentionBias && !hasAttentionBias(row.tower, hparams)) continue
    for (let block = 0; block < blockCount(row, hparams); block++) {
      const layout = layOut(row, block, hparams, sources)
      for (const part of layout.parts) used.add(part.source.name)
      layouts.push(layout)
    }
  }
  for (const source of sources.keys()) {
    if (!used.has(source) && !isSkipped(source)) throw malformed(source, 'does not belong to such a model')
  }
  if (codebook) layouts.push(layOutCodebook(codebook, hparams))
  const typed = layouts.map(({ name, dims, kind }) => ({ name, columns: dims[0]!, kind }))
  const { types, fallbacks } = chooseTypes(typed, type, tensorTypes)
  const tensors = layouts.map(({ kind: _, ...layout }) => ({ ...layout, type: types.get(layout.name)! }))
  return { tensors, fallbacks }
}

function malformed(tensor: string, reason: string): ClvpError {
  return new ClvpError('CLVP_MODEL_FORMAT', `The checkpoint's tensor ${tensor} ${reason}`)
}

function layOut(
  row: TensorRow,
  block: number,
  hparams: Hparams,
  sources: ReadonlyMap<string, SourceTensor>,
): Layout {
  const dims = row.dims.map((size) => sizeOf(size, row.tower, hparams))
  const [first = 1, ...others] = dims
  const last = others.pop()
  // PyTorch lists the contiguous dimension last; parts share the rows.
  const count = row.sources.length
  const shape = last === undefined ? [first / count] : [last / count, ...others, first]
  if (row.isTransposed) shape.reverse()
  const parts = row.sources.map((source) => findPart(withBlock(source, block), shape, sources))
  return {
    name: withBlock(row.name, block),
    kind: row.isMatrix ? 'matrix' : 'exact',
    dims,
    parts,
    isTransposed: row.isTransposed,
  }
}

function findPart(
  name: string,
  shape: readonly number[],
  sources: ReadonlyMap<string, SourceTensor>,
): PlannedPart {
  const found = sources.get(name)
  if (!found) throw malformed(name, 'is missing')
  // A convolution of width 1 has a last dimension that a matrix has not, and a single number has none at all.
  const own = found.shape.length === 0 ? [1] : [...found.shape]
  while (own.length > shape.length && own.at(-1) === 1) own.pop()
  if (own.join() !== shape.join()) {
    throw malformed(name, `has the shape [${found.shape}]; config.json asks for [${shape}]`)
  }
  return readable(found)
}

/** A source with its data type as the core names it. */
function readable(source: SourceTensor): PlannedPart {
  const { name, dtype } = source
  const dataType = Object.hasOwn(DATA_TYPES, dtype) ? DATA_TYPES[dtype as keyof typeof DATA_TYPES] : undefined
  if (!dataType) {
    throw new ClvpError(
      'CLVP_UNSUPPORTED',
      `The checkpoint's tensor ${name} is ${dtype}; only F32, F16 and BF16 can be read`,
    )
  }
  return { source, dataType }
}

/** Half precision tells levels apart by 0.008 or less, which no eye or ear does: blocks of a few bits would not. */
function layOutCodebook(source: SourceTensor, { mel, speech }: Hparams): Layout {
  const { name, shape } = source
  const [codes = 0, frames, channels] = shape
  const isSound = codes >= 1 && codes <= speech.vocab && frames === framesPerCode && channels === mel.channels
  if (shape.length !== 3 || !isSound) {
    throw malformed(
      name,
      `has the shape [${shape}]: expected [1 to ${speech.vocab} codes, ${framesPerCode} frames, ${mel.channels} mel channels]`,
    )
  }
  return {
    name: CODEBOOK,
    kind: 'codebook',
    dims: [framesPerCode * mel.channels, codes],
    parts: [readable(source)],
    isTransposed: false,
  }
}

function blockCount(row: TensorRow, { decoder, text, speech }: Hparams): number {
  if (!row.name.includes('.N.')) return 1
  const counts = {
    cond: decoder.conditioningLayers,
    dec: decoder.layers,
    text: text.layers,
    speech: speech.layers,
  }
  return counts[row.tower]
}

function hasAttentionBias(tower: Tower, { decoder, text, speech }: Hparams): boolean {
  return { cond: decoder, dec: decoder, text, speech }[tower].attentionBias
}

function sizeOf(size: Size, tower: Tower, { decoder, text, speech, mel }: Hparams): number {
  const own = { cond: decoder, dec: decoder, text, speech }[tower]
  switch (size) {
    case 'embd':
      return own.embd
    case '3embd':
      return 3 * own.embd
    case 'ff':
      return own.ff
    case '2ff':
      return 2 * own.ff
    case 'vocab':
      return own.vocab
    case 'proj':
      return text.proj // the speech encoder's is the same
    case 'textVocab':
      return text.vocab
    case 'positions':
      return decoder.positions
    case 'textPositions':
      return decoder.textPositions
    case 'mels':
      return mel.channels
    case 'one':
      return 1
  }
}
