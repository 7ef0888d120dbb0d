/** Statistics for comparing two models, as pure functions. */

/** How two rows of logits for the same next token differ. */
export interface Divergence {
  /** KL(A || B) of the softmaxes, in nats. */
  kl: number
  /** Is the likeliest token the same? */
  agree: boolean
}

/** Compares rows of logits [rows, width] one by one, in double precision. All must be finite. */
export function divergences(a: Float32Array, b: Float32Array, width: number): Divergence[] {
  const found: Divergence[] = []
  for (let from = 0; from < a.length; from += width) {
    found.push(divergence(a.subarray(from, from + width), b.subarray(from, from + width)))
  }
  return found
}

function divergence(a: Float32Array, b: Float32Array): Divergence {
  const [topA, topB] = [argmax(a), argmax(b)]
  const [logA, logB] = [logSum(a, a[topA]!), logSum(b, b[topB]!)]
  let kl = 0
  for (let i = 0; i < a.length; i++) {
    const p = a[i]! - logA
    kl += Math.exp(p) * (p - (b[i]! - logB))
  }
  // Rounding may make the sum slightly negative for nearly equal rows.
  return { kl: Math.max(0, kl), agree: topA === topB }
}

/** ln(sum(exp(values))); `most` is the largest value. */
function logSum(values: Float32Array, most: number): number {
  let sum = 0
  for (const value of values) sum += Math.exp(value - most)
  return most + Math.log(sum)
}

/** The index of the largest value; the first of equals. */
export function argmax(values: ArrayLike<number>): number {
  let best = 0
  for (let i = 1; i < values.length; i++) if (values[i]! > values[best]!) best = i
  return best
}

/** Cosine of two vectors: 1 if equal, also for two zero vectors; null if exactly one is all zeros. */
export function cosineOf(dot: number, squareA: number, squareB: number): number | null {
  if (squareA === 0 || squareB === 0) return squareA === squareB ? 1 : null
  return dot / Math.sqrt(squareA) / Math.sqrt(squareB)
}

export function cosine(a: Float32Array, b: Float32Array): number {
  if (a.every((value, i) => value === b[i])) return 1
  let [dot, squareA, squareB] = [0, 0, 0]
  for (let i = 0; i < a.length; i++) {
    dot += a[i]! * b[i]!
    squareA += a[i]! * a[i]!
    squareB += b[i]! * b[i]!
  }
  return cosineOf(dot, squareA, squareB) ?? 0
}

/**
 * Kendall's tau-b of two scorings of the same items: 1 for the same order, -1 for opposite orders. Null if one scoring ties
 * all items and so has no order.
 */
export function kendallTau(a: ArrayLike<number>, b: ArrayLike<number>): number | null {
  let [sum, pairsA, pairsB] = [0, 0, 0]
  for (let i = 0; i < a.length; i++) {
    for (let j = 0; j < i; j++) {
      const [inA, inB] = [Math.sign(a[i]! - a[j]!), Math.sign(b[i]! - b[j]!)]
      sum += inA * inB
      pairsA += Math.abs(inA)
      pairsB += Math.abs(inB)
    }
  }
  return pairsA === 0 || pairsB === 0 ? null : sum / Math.sqrt(pairsA * pairsB)
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

/** The smallest value that at least the fraction `part` of all values do not exceed. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = Float64Array.from(values).sort()
  return sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)]!
}

/** Counts in bins of half a decade, [10^(k/2), 10^((k+1)/2)). The first and last bins include values beyond them. */
export interface Histogram {
  /** The lower bounds of the bins, in ascending order. */
  from: number[]
  counts: number[]
}

const [lowest, highest] = [-20, 4] // half decades: 1e-10 to 100

export function histogram(values: readonly number[]): Histogram {
  const from = Array.from({ length: highest - lowest }, (_, i) => 10 ** ((lowest + i) / 2))
  const counts = from.map(() => 0)
  for (const value of values) {
    const place = value > 0 ? Math.floor(2 * Math.log10(value)) - lowest : 0
    const bin = Math.min(Math.max(place, 0), counts.length - 1)
    counts[bin] = counts[bin]! + 1
  }
  return { from, counts }
}
