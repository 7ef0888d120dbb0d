/**
 * What is left of a block of samples after prediction, and its Rice codes (RFC 9639, sections 9.2.5 and
 * 9.2.7).
 */
import type { BitWriter } from './bits.js'

const highestOrder = 4
/** A block is cut into at most 2^6 partitions: 64 samples of the usual 4,096. */
const finestCut = 6
/** Parameters from here on need five bits each. */
const largeParameter = 15

/** A block after prediction by the polynomial of `order - 1` through the samples before. */
export interface Prediction {
  order: number
  /** As long as the block; the first `order` values have no meaning. */
  residual: Int32Array
}

/** The fixed prediction that leaves the least. Each order is the differences of the one before. */
export function predict(block: Int32Array): Prediction {
  let best: Prediction = { order: 0, residual: block }
  let least = magnitude(block)
  let current = block
  for (let order = 1; order <= highestOrder && order < block.length; order++) {
    const next = new Int32Array(block.length)
    for (let i = order; i < block.length; i++) next[i] = current[i]! - current[i - 1]!
    const left = magnitude(next)
    if (left < least) {
      best = { order, residual: next }
      least = left
    }
    current = next
  }
  return best
}

/** The same samples count for each order. */
function magnitude(residual: Int32Array): number {
  let sum = 0
  for (let i = highestOrder; i < residual.length; i++) sum += Math.abs(residual[i]!)
  return sum
}

/** How the codes of a residual are written. */
export interface RicePlan {
  /** There are 2^cut partitions of equal length; the first lacks the samples that start the prediction. */
  cut: number
  /** The parameter of each. */
  parameters: number[]
  /** At most so many bits are written. */
  bits: number
}

/** The cut and the parameters that need the fewest bits. */
export function planRice({ order, residual }: Prediction): RicePlan {
  let cut = 0
  const isPossible = (finer: number) =>
    residual.length % (1 << finer) === 0 && residual.length >> finer > order
  while (cut < finestCut && isPossible(cut + 1)) cut++
  let sums = partitionSums(residual, order, cut)
  let best: RicePlan | undefined
  for (; cut >= 0; cut--) {
    const plan = planOf(sums, residual.length >> cut, order, cut)
    if (!best || plan.bits < best.bits) best = plan
    sums = Float64Array.from({ length: sums.length >> 1 }, (_, i) => sums[2 * i]! + sums[2 * i + 1]!)
  }
  return best!
}

export function writeRice(out: BitWriter, { order, residual }: Prediction, plan: RicePlan): void {
  const isLarge = isLargePlan(plan.parameters)
  out.write(isLarge ? 1 : 0, 2)
  out.write(plan.cut, 4)
  const length = residual.length >> plan.cut
  for (const [i, parameter] of plan.parameters.entries()) {
    out.write(parameter, isLarge ? 5 : 4)
    const end = (i + 1) * length
    for (let at = i === 0 ? order : i * length; at < end; at++) {
      out.writeRice(unsigned(residual[at]!), parameter)
    }
  }
}

/** 0, -1, 1, -2, ... become 0, 1, 2, 3, ... A residual of 24 bits stays below 2^30. */
function unsigned(value: number): number {
  return (value << 1) ^ (value >> 31)
}

function partitionSums(residual: Int32Array, order: number, cut: number): Float64Array {
  const length = residual.length >> cut
  const sums = new Float64Array(1 << cut)
  for (let i = order; i < residual.length; i++) sums[Math.floor(i / length)]! += unsigned(residual[i]!)
  return sums
}

function planOf(sums: Float64Array, length: number, order: number, cut: number): RicePlan {
  const chosen = Array.from(sums, (sum, i) => cheapest(sum, i === 0 ? length - order : length))
  const parameters = chosen.map(({ parameter }) => parameter)
  const each = isLargePlan(parameters) ? 5 : 4
  const bits = chosen.reduce((sum, { bits: own }) => sum + each + own, 6)
  return { cut, parameters, bits }
}

/**
 * The parameter for numbers of this sum. The shifted sum is at least the sum of the shifted numbers, so the
 * bits are an upper bound. It has one minimum.
 */
function cheapest(sum: number, count: number): { parameter: number; bits: number } {
  let best = { parameter: 0, bits: count + sum }
  for (let parameter = 1; parameter <= 30; parameter++) {
    const bits = count * (parameter + 1) + Math.floor(sum / 2 ** parameter)
    if (bits >= best.bits) break
    best = { parameter, bits }
  }
  return best
}

function isLargePlan(parameters: readonly number[]): boolean {
  return parameters.some((parameter) => parameter >= largeParameter)
}
