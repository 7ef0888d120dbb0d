/**
 * Weight norm, the reparametrization of torch: it stores a weight as a direction and the length of each
 * row.
 */
import { computed, readDoubles } from './numbers.js'
import type { SourceTensor } from './source_tensor.js'

/** What torch's two implementations call the lengths and the direction, in place of `weight`. */
export const WEIGHT_NORMS = [
  ['weight_g', 'weight_v'],
  ['parametrizations.weight.original0', 'parametrizations.weight.original1'],
] as const

/**
 * The weight: each row of the direction, scaled to the given length. A row is what an index of the first
 * dimension selects.
 *
 * @param lengths of as many numbers as the direction has rows
 */
export function folded(lengths: SourceTensor, direction: SourceTensor): SourceTensor {
  return computed(direction, async () => {
    const [norms, weights] = [await readDoubles(lengths), await readDoubles(direction)]
    const width = weights.length / norms.length
    for (const [row, length] of norms.entries()) {
      const values = weights.subarray(row * width, (row + 1) * width)
      const scale = length / Math.sqrt(values.reduce((sum, value) => sum + value * value, 0))
      for (let i = 0; i < width; i++) values[i]! *= scale
    }
    return weights
  })
}
