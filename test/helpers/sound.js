// Sound files decoded by the addon, and samples to make some of.
import fc from 'fast-check'
import { binding, native } from '../../dist/lib/addon/binding.js'

/** The samples of a file's bytes, at its own rate. */
export function decoded(bytes, sampleRate) {
  return native(() => binding.decodeAudio(bytes, 600, sampleRate))
}

const level = fc.float({ min: -1, max: 1, noNaN: true })

/** Samples of all kinds: any numbers, the extremes, tones, steps; about as many as two blocks of FLAC. */
export const anySamples = fc
  .tuple(
    fc.oneof(
      fc.array(level, { minLength: 1, maxLength: 300 }),
      fc.array(fc.constantFrom(-1, 0, 1, 1 - 2 ** -15, 2 ** -15, 2 ** -23), { minLength: 1, maxLength: 50 }),
      fc.tuple(level, fc.double({ min: 0.001, max: 3, noNaN: true })).map(tone),
      fc.tuple(level, level).map(([a, b]) => [...new Array(100).fill(a), ...new Array(70).fill(b)]),
    ),
    fc.integer({ min: 1, max: 9000 }),
  )
  .map(([pattern, length]) => Float32Array.from({ length }, (_, i) => pattern[i % pattern.length]))

function tone([loudness, step]) {
  return Float32Array.from({ length: 5000 }, (_, i) => loudness * Math.sin(step * i))
}
