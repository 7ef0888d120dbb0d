/** Drawing a part again: with which seed, and which attempt is kept. */
import type { Failure, FailureCode } from './gates.js'

/** An attempt at a part of a text. */
export interface Attempt {
  /** What is wrong with it; empty for one that passes. */
  readonly failures: readonly Failure[]
  /** Its best candidate, of which the score counts; NaN if nothing was scored. */
  readonly candidate: { readonly score: number }
}

const SEEDS = 2 ** 53

/**
 * The seed of an attempt: the call's own for attempt 0, then the seeds that follow it; after the largest
 * comes 0. Candidates of different seeds have nothing in common: the core derives theirs with a
 * counter-based generator.
 */
export function nextSeed(seed: number, attempt: number): number {
  const before = SEEDS - seed
  return attempt < before ? seed + attempt : attempt - before
}

/** The gravest first. Below are faults that a listener may not notice. */
const gravity: readonly FailureCode[] = [
  'no-stop',
  'repeated',
  'too-long',
  'too-short',
  'silence',
  'low-score',
]

/**
 * The attempt to keep: one that passes, or else the one whose gravest failure is the least grave, then with
 * the fewest failures, then with the highest score, then the earliest.
 *
 * @param attempts at least one
 */
export function chooseBest<T extends Attempt>(attempts: readonly [T, ...T[]]): T {
  return attempts.reduce((best, each) => (isBetter(each, best) ? each : best))
}

function isBetter(one: Attempt, other: Attempt): boolean {
  const differences = [
    gravest(one) - gravest(other),
    other.failures.length - one.failures.length,
    compareScores(one.candidate.score, other.candidate.score),
  ]
  return (differences.find((difference) => difference !== 0) ?? 0) > 0
}

/** Higher is less grave; highest without failures. */
function gravest({ failures }: Attempt): number {
  return Math.min(gravity.length, ...failures.map(({ code }) => gravity.indexOf(code)))
}

/** NaN is below every score. */
function compareScores(one: number, other: number): number {
  if (Number.isNaN(one) || Number.isNaN(other)) return Number(Number.isNaN(other)) - Number(Number.isNaN(one))
  return one - other
}
