/** What every variant is asked to do, so that all do the same: the text, the lengths at which candidates end, how a code is drawn. */

export const text = 'The quick brown fox jumps over the lazy dog.'

/**
 * The length at which each candidate ends, in codes. Random weights never stop by themselves at a sensible place, so the stop
 * itself is forbidden and a schedule ends the rows: spread evenly from about half of `longest` up to it, in no order, as
 * candidates of one text end in life. 16 candidates of at most 250 codes get 130, 138, ... 250: 190 in the mean.
 */
export function lengths(candidates, longest) {
  if (candidates === 1) return [longest]
  const step = (0.48 * longest) / (candidates - 1)
  const stride = [7, 5, 3, 1].find((each) => gcd(each, candidates) === 1)
  return Array.from({ length: candidates }, (_, k) =>
    Math.round(longest - step * ((k * stride) % candidates)),
  )
}

function gcd(a, b) {
  return b === 0 ? a : gcd(b, a % b)
}

/** tortoise's, for both sides. */
export const sampling = {
  repetitionPenalty: 2,
  temperature: 0.8,
  topK: 50,
  topP: 0.8,
  minP: 0,
  typicalP: 1,
}

/** Requests that come together. Texts differ, as they do where a model serves many. */
export function requests(count) {
  return Array.from(
    { length: count },
    (_, i) => `This is request number ${i + 1}, and it has a text of its own.`,
  )
}

/** Texts for the latency of calls, which the demo model reads in more than 60 codes. */
export const smallText = (n) =>
  `Request number ${n} asks for a sentence that is long enough to take a few seconds when somebody reads it aloud to you.`
export const largeText =
  'The quick brown fox jumps over the lazy dog, and then it runs through the garden and over the hills, until it comes to a house ' +
  'in which an old friend of mine lives with a cat and two birds.'
