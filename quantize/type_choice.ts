/** Chooses the type of each tensor of a model file. */
import { devices } from '../lib/addon/devices.js'
import {
  isQuantized,
  type MixedType,
  type ModelType,
  typeForRows,
  type WeightType,
  weightTypes,
} from '../lib/addon/weight_types.js'
import { oneOf, string } from '../lib/base/check.js'
import { ClvpError, describe, invalid } from '../lib/base/errors.js'
import type { TensorKind } from './checkpoint/tensor_names.js'
import { glob } from './glob.js'

const MAX_PATTERNS = 256

/** Patterns of tensor names, each with the type for the matrices that it matches. */
export type TensorTypes = readonly (readonly [pattern: string, type: WeightType])[]

/** The properties of a tensor that determine its type. */
export interface TypedTensor {
  readonly name: string
  /** Weights per row. */
  readonly columns: number
  /** Matrices have the model's type. Tables are F32 unless a pattern says otherwise. A codebook is F32 or F16; everything else is F32. */
  readonly kind: TensorKind
}

export interface TypeChoice {
  /** By tensor name. */
  readonly types: ReadonlyMap<string, WeightType>
  /** Matrices whose row length does not fit the chosen type, with the type used instead: `"name: type"`. */
  readonly fallbacks: string[]
}

/**
 * What makes sound, in every type of fewer than 16 bits: with BF16 the error is about 40 dB below the sound, with 8 bits 30 dB, and CPUs with
 * instructions for BF16 take half the time of F32. docs/quantization.md has the measurements.
 */
const SOUNDING: TensorTypes = [['{hifigan,vocoder}.*.weight', 'bf16']]

/**
 * The matrices that gain most from more bits: those that produce logits and projections, which are small;
 * then the decoder's attention; then the attention outputs of the encoders. docs/quantization.md has the
 * measurements. Of the stages, the discrete VAE, where an error gives another code, random voices, and the
 * diffusion decoder, for which fewer bits are also slower.
 */
const LARGER: TensorTypes = [
  ['{dec.lm_head,text.proj,speech.proj}.weight', 'q8_0'],
  ['dec.*.attn_{qkv,out}.weight', 'q6_k'],
  ['{text,speech}.*.attn_out.weight', 'q6_k'],
  ['{dvae,random,diff}.*.weight', 'q8_0'],
  ...SOUNDING,
]

/** A mix: the type of most matrices, and patterns for those with another type. The last matching pattern wins. */
const MIXES: Readonly<Record<MixedType, { base: WeightType; others: TensorTypes }>> = {
  q5_k_m: { base: 'q5_k', others: LARGER },
  q4_k_m: { base: 'q4_k', others: LARGER },
}

/** @throws ClvpError `CLVP_INVALID_ARGUMENT` */
export function readTensorTypes(value: unknown): TensorTypes {
  if (!Array.isArray(value) || value.length > MAX_PATTERNS) {
    throw invalid(`an array of at most ${MAX_PATTERNS} pairs [pattern, type]`, 'tensorTypes', value)
  }
  return Array.from(value, (pair: unknown, i) => {
    if (!Array.isArray(pair) || pair.length !== 2) {
      throw invalid('a pair [pattern, type]', `tensorTypes[${i}]`, pair)
    }
    const pattern = string(pair[0], `tensorTypes[${i}][0]`)
    glob(pattern)
    return [pattern, oneOf(pair[1], `tensorTypes[${i}][1]`, weightTypes)]
  })
}

/**
 * Chooses types. A caller's pattern overrides a mix's, and a later pattern overrides an earlier one. A matrix whose row
 * length does not fit its type gets the next type that fits.
 *
 * @throws ClvpError `CLVP_INVALID_ARGUMENT` for a pattern that matches no tensor, or one that cannot have the type
 */
export function chooseTypes(
  tensors: readonly TypedTensor[],
  type: ModelType,
  tensorTypes: TensorTypes,
): TypeChoice {
  const { base, others } = isMix(type)
    ? MIXES[type]
    : { base: type, others: isQuantized(type) ? SOUNDING : [] }
  const wanted = new Map<string, WeightType>()
  for (const { name, kind } of tensors) {
    const exact = kind === 'codebook' && type !== 'f32' ? 'f16' : 'f32'
    wanted.set(name, kind === 'matrix' ? base : exact)
  }
  for (const [pattern, other] of others) {
    const fits = glob(pattern)
    for (const { name, kind } of tensors) if (kind === 'matrix' && fits(name)) wanted.set(name, other)
  }
  for (const [pattern, own] of tensorTypes) {
    for (const name of namesFor(pattern, own, tensors)) wanted.set(name, own)
  }
  const types = new Map<string, WeightType>()
  const fallbacks: string[] = []
  for (const { name, columns } of tensors) {
    const found = typeForRows(wanted.get(name)!, columns)
    if (found !== wanted.get(name)) fallbacks.push(`${name}: ${found}`)
    types.set(name, found)
  }
  return { types, fallbacks }
}

function isMix(type: ModelType): type is MixedType {
  return Object.hasOwn(MIXES, type)
}

/** The tensors that a caller's pattern matches; checks that each can have the type. */
function namesFor(pattern: string, type: WeightType, tensors: readonly TypedTensor[]): string[] {
  const fits = glob(pattern)
  const found = tensors.filter(({ name }) => fits(name))
  if (found.length === 0) {
    throw new ClvpError(
      'CLVP_INVALID_ARGUMENT',
      `Expected a pattern that matches a tensor name but received ${describe(pattern)}: 'clvp inspect MODEL.gguf --tensors' lists the names`,
    )
  }
  const allowed: Readonly<Record<TensorKind, readonly WeightType[]>> = {
    matrix: weightTypes,
    table: weightTypes,
    codebook: ['f32', 'f16'],
    exact: ['f32'],
  }
  const wrong = found.find(({ kind }) => !allowed[kind].includes(type))
  if (wrong) {
    const must = wrong.kind === 'codebook' ? 'f32 or f16' : 'f32'
    throw new ClvpError(
      'CLVP_INVALID_ARGUMENT',
      `The pattern ${describe(pattern)} matches ${wrong.name}, which must be ${must}: use one that matches matrices or embeddings only, such as dec.blk.*.ffn_down.weight`,
    )
  }
  return found.map(({ name }) => name)
}

/**
 * Free bytes, and the type with which a model of the published size fits into them: the first row that `memory` reaches
 * applies. Each leaves room for sixteen candidates.
 */
const typesByMemory: readonly { atLeast: number; type: ModelType }[] = [
  { atLeast: 1e9, type: 'q8_0' },
  { atLeast: 0.8e9, type: 'q6_k' },
  { atLeast: 0, type: 'q4_k_m' },
]

/** The type to convert to: f16 for a GPU, whose memory is not checked here; otherwise the best that fits into `memory` bytes. */
export function autoType(device: string, memory: number): ModelType {
  if (isGpu(device)) return 'f16'
  return typesByMemory.find(({ atLeast }) => memory >= atLeast)?.type ?? 'q4_k_m'
}

function isGpu(wanted: string): boolean {
  const all = devices()
  const name = wanted.toLowerCase()
  const found =
    name === 'auto' ? all[0] : all.find((each) => [each.name.toLowerCase(), each.kind].includes(name))
  return found !== undefined && found.kind !== 'cpu'
}
