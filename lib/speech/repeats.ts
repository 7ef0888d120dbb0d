/** Repetitions in a row of codes: a decoder that is stuck draws the same codes again and again. */

/** Longest stretch that is looked for, in codes: three seconds of the published model. */
const LONGEST_PERIOD = 64

export interface Repeat {
  /** Codes that equal those one period before them, silence not counted. */
  length: number
  /** The length of what is repeated, in codes; 1 for one code that goes on. */
  period: number
}

/**
 * The longest stretch of codes that repeats what is before it, for example `length` 4 and `period` 2 for `1
 * 2 1 2 1 2`.
 *
 * @param silence a code that is not counted: a pause is no repetition. It does not end a repetition either.
 */
export function longestRepeat(codes: ArrayLike<number>, silence?: number): Repeat {
  let longest: Repeat = { length: 0, period: 0 }
  for (let period = 1; period <= LONGEST_PERIOD && period < codes.length; period++) {
    let length = 0
    for (let i = period; i < codes.length; i++) {
      if (codes[i] !== codes[i - period]) length = 0
      else if (codes[i] !== silence) length++
      if (length > longest.length) longest = { length, period }
    }
  }
  return longest
}
