/** The types of weight matrices, and the fallback for a matrix whose rows do not fit a type. */

/** From exact to small, with bits per weight. Quantized types store blocks of 32 or 256 weights. */
export const weightTypes = [
  'f32', // 32
  'f16', // 16
  'bf16', // 16
  'q8_0', // 8.5
  'q6_k', // 6.56
  'q5_k', // 5.5
  'q5_0', // 5.5
  'q4_k', // 4.5
  'q4_0', // 4.5
  'iq4_nl', // 4.5
] as const

export type WeightType = (typeof weightTypes)[number]

/** Types that differ from matrix to matrix: docs/quantization.md says how, and why. */
export const mixedTypes = ['q5_k_m', 'q4_k_m'] as const

export type MixedType = (typeof mixedTypes)[number]

/** What a model can be converted to: a type for all matrices (but those of the stages that make sound), or a mix. */
export const modelTypes = [...weightTypes, ...mixedTypes] as const

export type ModelType = WeightType | MixedType

/** The types that choose scales, and so can lose less in the columns that matter. */
export const calibratedTypes: readonly ModelType[] = [
  'q6_k',
  'q5_k',
  'q5_0',
  'q4_k',
  'q4_0',
  'iq4_nl',
  ...mixedTypes,
]

/** Weights of a block, bytes of a block, and the next type for rows that are not a whole number of blocks. */
const blocks: Readonly<Record<WeightType, { size: number; bytes: number; next?: WeightType }>> = {
  f32: { size: 1, bytes: 4 },
  f16: { size: 1, bytes: 2 },
  bf16: { size: 1, bytes: 2 },
  q8_0: { size: 32, bytes: 34, next: 'f16' },
  q6_k: { size: 256, bytes: 210, next: 'q8_0' },
  q5_k: { size: 256, bytes: 176, next: 'q5_0' },
  q5_0: { size: 32, bytes: 22, next: 'f16' },
  q4_k: { size: 256, bytes: 144, next: 'q4_0' },
  q4_0: { size: 32, bytes: 18, next: 'f16' },
  iq4_nl: { size: 32, bytes: 18, next: 'f16' },
}

/** The type for rows of a length: the requested one, or the first of its successors that fits. */
export function typeForRows(type: WeightType, length: number): WeightType {
  const { size, next } = blocks[type]
  return next === undefined || length % size === 0 ? type : typeForRows(next, length)
}

export function isWeightType(text: string): text is WeightType {
  return (weightTypes as readonly string[]).includes(text)
}

/** Does the type store blocks of a few bits per weight? This loses precision. */
export function isQuantized(type: WeightType): boolean {
  return blocks[type].size > 1
}

/** The bytes of a row whose length fits the type. */
export function rowBytes(type: WeightType, length: number): number {
  return (length / blocks[type].size) * blocks[type].bytes
}
