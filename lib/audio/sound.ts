/** A sound with what it says about itself. */
import { integer } from '../base/check.js'
import { invalid } from '../base/errors.js'
import { boolean } from '../base/kinds.js'
import { type OptionsOf, optionTable, readOptions } from '../base/options.js'
import { depthTable, encodeWhole } from './output/encode_sound.js'
import { checkSamples } from './output/pcm.js'
import { sampleEncoder } from './output/sample_encoder.js'
import { fileTable, saveSound } from './output/save_sound.js'
import { readTags, type SoundMetadata } from './output/tags.js'

export const metadataTable = optionTable({
  /** Whether the file says what the sound is: its `metadata`; default true. */
  metadata: { kind: boolean(), default: true },
})

const bytesTable = { ...metadataTable, ...depthTable }
const soundFileTable = { ...metadataTable, ...fileTable }

/** Options of Sound.toWav() and Sound.toFlac(). */
export interface SoundBytesOptions extends OptionsOf<typeof bytesTable> {}

/** Options of Sound.save(). */
export interface SoundFileOptions extends OptionsOf<typeof soundFileTable> {}

/**
 * A mono sound in memory. It can be saved, and is taken wherever a clip is.
 *
 * In a file, a sample is a whole number: clipped to [-1, 1], times 2^15 or 2^23, rounded to the nearest. 1
 * itself becomes the largest number, one step below. Nothing is dithered. What is read from such a file and
 * saved again gives the same numbers.
 *
 * @example
 * ```js
 * const sound = new Sound(Float32Array.of(0, 0.5, 0), 24000)
 * await sound.save('click.flac')
 * ```
 */
export class Sound {
  /** Not copied; in [-1, 1], or else clipped when they are saved. */
  readonly samples: Float32Array
  /** Hz. */
  readonly sampleRate: number
  /** The tags of its files. */
  readonly metadata: SoundMetadata

  /**
   * @param samples at least one
   * @param sampleRate Hz, 1,000 to 384,000
   * @param metadata tags of files, names in lower case; at most 64, 16 KiB in all. See soundMetadata().
   * @throws ClvpError CLVP_INVALID_ARGUMENT
   */
  constructor(samples: Float32Array, sampleRate: number, metadata: SoundMetadata = {}) {
    this.samples = checkSamples(samples, 'samples')
    if (samples.length === 0) throw invalid('at least one sample', 'samples', samples)
    this.sampleRate = integer(sampleRate, 'sampleRate', 1000, 384_000)
    this.metadata = Object.freeze(Object.fromEntries(readTags(metadata, 'metadata')))
  }

  /** Length in seconds. */
  get seconds(): number {
    return this.samples.length / this.sampleRate
  }

  /**
   * The bytes of a WAV file.
   *
   * @throws ClvpError CLVP_INVALID_ARGUMENT, also for NaN and infinity; CLVP_OUT_OF_MEMORY; CLVP_ABORTED
   */
  async toWav(options: SoundBytesOptions = {}): Promise<Uint8Array> {
    return this.#bytes('wav', options)
  }

  /**
   * The bytes of a FLAC file of 16 or 24 bits: lossless, about half as large as WAV.
   *
   * @throws ClvpError as toWav()
   */
  async toFlac(options: SoundBytesOptions = {}): Promise<Uint8Array> {
    return this.#bytes('flac', options)
  }

  /**
   * Writes a file. It appears when it is complete; if anything fails, there is none, and one that was there
   * stays.
   *
   * @param path its extension is the format: .wav, .flac, .mp3, .opus or .ogg; the last three need ffmpeg
   *   on the PATH
   * @throws ClvpError CLVP_INVALID_ARGUMENT, also for another extension, NaN and infinity; CLVP_UNSUPPORTED
   *   for a format whose encoder is not installed; CLVP_IO if the file cannot be written; CLVP_ABORTED
   */
  async save(path: string, options: SoundFileOptions = {}): Promise<void> {
    const { metadata, ...given } = readOptions(soundFileTable, options, 'options')
    await saveSound(path, [this.samples], {
      ...given,
      sampleRate: this.sampleRate,
      metadata: metadata ? this.metadata : {},
    })
  }

  /** All but the samples, which are too many for JSON: save them to a file. */
  toJSON(): Record<string, unknown> {
    return { sampleRate: this.sampleRate, seconds: this.seconds, metadata: this.metadata }
  }

  async #bytes(format: 'wav' | 'flac', options: SoundBytesOptions): Promise<Uint8Array> {
    const { metadata, bitDepth = 16, signal } = readOptions(bytesTable, options, 'options')
    const tags = metadata ? readTags(this.metadata, 'metadata') : []
    const encoder = sampleEncoder(format, { sampleRate: this.sampleRate, bitDepth, tags })
    return encodeWhole(encoder, [this.samples], signal)
  }
}
