/** Samples as the numbers of a file. */
import { types } from 'node:util'
import { ClvpError, describe, invalid } from '../../base/errors.js'
import { custom } from '../../base/kinds.js'

/** Bits of a sample in a file: 16 and 24 are whole numbers, 32 is floating point. */
export type BitDepth = 16 | 24 | 32

const bitDepths: readonly unknown[] = [16, 24, 32]

export const bitDepthKind = custom<BitDepth>(
  (value, name) => {
    if (!bitDepths.includes(value)) throw invalid('16, 24 or 32', name, value)
    return value as BitDepth
  },
  { as: 'number', value: 'BITS' },
)

/** The samples of a sound, of any realm. They are not copied. */
export function checkSamples(value: unknown, name: string): Float32Array {
  if (!types.isFloat32Array(value)) throw invalid('a Float32Array of mono samples', name, value)
  return value
}

/**
 * Samples as whole numbers: clipped to [-1, 1], multiplied by 2^(bits - 1), rounded to the nearest number,
 * halves upwards. So 1 becomes the largest number, one step less than full scale, and what a decoder makes
 * of these numbers gives the same ones again.
 *
 * @param first the place of the first sample in its sound, for messages
 * @throws ClvpError CLVP_INVALID_ARGUMENT for NaN and infinity
 */
export function toIntegers(samples: Float32Array, bits: 16 | 24, first: number): Int32Array {
  const scale = 2 ** (bits - 1)
  const integers = new Int32Array(samples.length)
  for (let i = 0; i < samples.length; i++) {
    const scaled = Math.round(scale * finite(samples[i]!, first + i))
    integers[i] = Math.max(-scale, Math.min(scale - 1, scaled))
  }
  return integers
}

/** Whole numbers in 2 or 3 bytes each, the lowest first. */
export function integerBytes(integers: Int32Array, bits: 16 | 24): Uint8Array {
  const bytes = new Uint8Array((integers.length * bits) / 8)
  let at = 0
  for (let i = 0; i < integers.length; i++) {
    for (let shift = 0; shift < bits; shift += 8) bytes[at++] = integers[i]! >> shift
  }
  return bytes
}

/** Samples as numbers of 4 bytes in floating point, clipped to [-1, 1]. */
function floatBytes(samples: Float32Array, first: number): Uint8Array {
  const bytes = Buffer.allocUnsafe(4 * samples.length)
  for (let i = 0; i < samples.length; i++) {
    bytes.writeFloatLE(Math.max(-1, Math.min(1, finite(samples[i]!, first + i))), 4 * i)
  }
  return bytes
}

/** The samples of a file as bytes: signed whole numbers or floating point, the lowest byte first. */
export function sampleBytes(samples: Float32Array, bits: BitDepth, first: number): Uint8Array {
  return bits === 32 ? floatBytes(samples, first) : integerBytes(toIntegers(samples, bits, first), bits)
}

function finite(sample: number, place: number): number {
  if (Number.isFinite(sample)) return sample
  throw new ClvpError(
    'CLVP_INVALID_ARGUMENT',
    `Expected finite samples but received ${describe(sample)} for sample ${place}`,
  )
}
