/** What turns samples into the bytes of a file, for the formats that need no other program. */
import { ClvpError } from '../../base/errors.js'
import { FlacEncoder } from '../flac/encoder.js'
import { type BitDepth, sampleBytes } from './pcm.js'
import type { Tag } from './tags.js'
import { WavEncoder } from './wav_encoder.js'

/**
 * Takes samples piece by piece. The bytes of all calls, one after the other, are a file of unknown length.
 */
export interface SampleEncoder {
  /** The beginning of the file. */
  start(): Uint8Array
  encode(samples: Float32Array): Uint8Array
  /** What is left when all samples are encoded. */
  finish(): Uint8Array
  /**
   * After finish(): a beginning of the same size that tells the length. A file that can be written to at
   * any place gets it.
   */
  header(): Uint8Array
}

/** What a file has besides its samples. */
export interface Encoding {
  /** Hz. */
  sampleRate: number
  bitDepth: BitDepth
  tags: readonly Tag[]
}

/** The formats of this package's own encoders; 'raw' is samples without any header. */
export const ownFormats = ['wav', 'flac', 'raw'] as const

export type OwnFormat = (typeof ownFormats)[number]

export function sampleEncoder(format: OwnFormat, encoding: Encoding): SampleEncoder {
  switch (format) {
    case 'wav':
      return new WavEncoder(encoding)
    case 'flac':
      return new FlacEncoder({ ...encoding, bitDepth: flacDepth(encoding.bitDepth) })
    case 'raw':
      return new RawEncoder(encoding.bitDepth)
  }
}

function flacDepth(bits: BitDepth): 16 | 24 {
  if (bits !== 32) return bits
  throw new ClvpError(
    'CLVP_INVALID_ARGUMENT',
    'Expected 16 or 24 for bitDepth of FLAC but received 32: FLAC has no floating point; take 24, or WAV',
  )
}

class RawEncoder implements SampleEncoder {
  readonly #bits: BitDepth
  #count = 0

  constructor(bits: BitDepth) {
    this.#bits = bits
  }

  start(): Uint8Array {
    return new Uint8Array()
  }

  encode(samples: Float32Array): Uint8Array {
    const bytes = sampleBytes(samples, this.#bits, this.#count)
    this.#count += samples.length
    return bytes
  }

  finish(): Uint8Array {
    return new Uint8Array()
  }

  header(): Uint8Array {
    return new Uint8Array()
  }
}
