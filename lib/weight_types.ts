/** The types that weight matrices can be stored in, and what a matrix gets whose rows a type cannot hold. */

/** From exact to small. A row of 32 or 256 weights is a block; its bits per weight are beside it. */
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

/** Weights of a row that make one block, and the next type for rows that are no whole number of blocks. */
const blocks: Partial<Record<WeightType, { size: number; next: WeightType }>> = {
  q8_0: { size: 32, next: 'f16' },
  q6_k: { size: 256, next: 'q8_0' },
  q5_k: { size: 256, next: 'q5_0' },
  q5_0: { size: 32, next: 'f16' },
  q4_k: { size: 256, next: 'q4_0' },
  q4_0: { size: 32, next: 'f16' },
  iq4_nl: { size: 32, next: 'f16' },
}

/** The type for rows of a length: the one asked for, or the first of its successors that can hold them. */
export function typeForRows(type: WeightType, length: number): WeightType {
  const block = blocks[type]
  return block === undefined || length % block.size === 0 ? type : typeForRows(block.next, length)
}
