import { framesPerCode } from '../lib/addon/contract/sound.js'
import type { ModelType } from '../lib/addon/weight_types.js'
import { ClvpError } from '../lib/base/errors.js'
import type { Checkpoint } from './checkpoint/checkpoint.js'
import type { Stage } from './checkpoint/stage.js'
import {
  CODEBOOK,
  isSkipped,
  type Size,
  TENSOR_ROWS,
  type TensorRow,
  type Tower,
  tensorKind,
  withBlock,
} from './checkpoint/tensor_names.js'
import { asSingle } from './formats/numbers.js'
import type { SourceTensor } from './formats/source_tensor.js'
import type { Hparams } from './hparams.js'
import { chooseTypes, type TensorTypes, type TypedTensor } from './type_choice.js'
import type { PlannedPart, PlannedTensor } from './write_model.js'

/** A checkpoint's data types that weights can have, with the core's names. */
const DATA_TYPES = { F32: 'f32', F16: 'f16', BF16: 'bf16' } as const

export interface Plan {
  readonly tensors: readonly PlannedTensor[]
  /** Matrices whose row length does not fit the chosen type, with the type used instead: `"name: type"`. */
  readonly fallbacks: string[]
}

/** A tensor whose type is not chosen yet. */
type Layout = Omit<PlannedTensor, 'type'> & Pick<TypedTensor, 'kind'>

/**
 * Maps a checkpoint's tensors to those of a model file. Every tensor that the hyperparameters imply must exist with its
 * shape; others are an error, except for known buffers. The stages and the codebook come last.
 */
export function makePlan(
  hparams: Hparams,
  { tensors: sources, stages, codebook }: Pick<Checkpoint, 'tensors' | 'stages' | 'codebook'>,
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
    if (!used.has(source) && !isSkipped(source)) throw badTensor(source, 'does not belong to this model')
  }
  layouts.push(...stages.flatMap(layOutStage))
  if (codebook) layouts.push(layOutCodebook(codebook, hparams))
  return withTypes(layouts, type, tensorTypes)
}

/** The tensors of one stage. */
export function planStage(stage: Stage, type: ModelType): Plan {
  return withTypes(layOutStage(stage), type, [])
}

function withTypes(layouts: readonly Layout[], type: ModelType, tensorTypes: TensorTypes): Plan {
  const typed = layouts.map(({ name, dims, kind }) => ({ name, columns: dims[0]!, kind }))
  const { types, fallbacks } = chooseTypes(typed, type, tensorTypes)
  const tensors = layouts.map(({ kind: _, ...layout }) => ({ ...layout, type: types.get(layout.name)! }))
  return { tensors, fallbacks }
}

function badTensor(tensor: string, reason: string): ClvpError {
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
  // PyTorch lists the contiguous dimension last; the parts divide the rows equally.
  const count = row.sources.length
  const shape = last === undefined ? [first / count] : [last / count, ...others, first]
  if (row.isTransposed) shape.reverse()
  const parts = row.sources.map((source) => findPart(withBlock(source, block), shape, sources))
  return {
    name: withBlock(row.name, block),
    kind: tensorKind(row.name),
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
  if (!found) throw badTensor(name, 'is missing')
  // A convolution of width 1 has one more dimension than a matrix, and a scalar has none.
  const own = found.shape.length === 0 ? [1] : [...found.shape]
  while (own.length > shape.length && own.at(-1) === 1) own.pop()
  if (own.join() !== shape.join()) {
    throw badTensor(name, `has the shape [${found.shape}]; config.json requires [${shape}]`)
  }
  return readable(found)
}

/** A source with the core's name of its data type. */
function readable(source: SourceTensor): PlannedPart {
  const { name, dtype } = source
  if (dtype === 'F64') return { source: asSingle(source), dataType: 'f32' }
  const dataType = Object.hasOwn(DATA_TYPES, dtype) ? DATA_TYPES[dtype as keyof typeof DATA_TYPES] : undefined
  if (!dataType) {
    throw new ClvpError(
      'CLVP_UNSUPPORTED',
      `The checkpoint's tensor ${name} is ${dtype}; only F64, F32, F16 and BF16 can be read`,
    )
  }
  return { source, dataType }
}

function layOutStage({ tensors }: Stage): Layout[] {
  return tensors.map(({ name, dims, source }) => {
    return { name, dims, kind: tensorKind(name), parts: [readable(source)], isTransposed: false }
  })
}

/** Half precision resolves levels to 0.008 or better, which is neither visible nor audible. Types of fewer bits do not. */
function layOutCodebook(source: SourceTensor, { mel, speech }: Hparams): Layout {
  const { name, shape } = source
  const [codes = 0, frames, channels] = shape
  const isSound = codes >= 1 && codes <= speech.vocab && frames === framesPerCode && channels === mel.channels
  if (shape.length !== 3 || !isSound) {
    throw badTensor(
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
