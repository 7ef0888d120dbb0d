/** WAV files: mono, 16 or 24 bits or floating point, with tags before the samples. */
import { infoChunk } from './info_chunk.js'
import { uint32 } from './little_endian.js'
import { type BitDepth, sampleBytes } from './pcm.js'
import type { Encoding, SampleEncoder } from './sample_encoder.js'

/** A size that is not known: readers take all bytes up to the end of the file. */
const unknownSize = 0xffffffff
const formatPcm = 1
const formatFloat = 3

/**
 * Chunk by chunk as in Microsoft and IBM's "Multimedia Programming Interface and Data Specifications 1.0",
 * 1991. A file of more than 4 GiB keeps the header of a file of unknown length.
 */
export class WavEncoder implements SampleEncoder {
  readonly #rate: number
  readonly #bits: BitDepth
  readonly #info: Uint8Array
  #count = 0

  constructor({ sampleRate, bitDepth, tags }: Encoding) {
    this.#rate = sampleRate
    this.#bits = bitDepth
    this.#info = infoChunk(tags)
  }

  start(): Uint8Array {
    return this.#head(unknownSize, unknownSize, unknownSize)
  }

  encode(samples: Float32Array): Uint8Array {
    const bytes = sampleBytes(samples, this.#bits, this.#count)
    this.#count += samples.length
    return bytes
  }

  /** Chunks have an even length. */
  finish(): Uint8Array {
    return new Uint8Array(this.#dataBytes % 2)
  }

  header(): Uint8Array {
    const data = this.#dataBytes
    const riff = this.start().length - 8 + data + (data % 2)
    return riff < unknownSize ? this.#head(riff, data, this.#count) : this.start()
  }

  get #dataBytes(): number {
    return (this.#count * this.#bits) / 8
  }

  #head(riffBytes: number, dataBytes: number, count: number): Uint8Array {
    const isFloat = this.#bits === 32
    const width = this.#bits / 8
    const format = Buffer.alloc(isFloat ? 18 : 16) // the last two of 18 bytes: the size of an extension, 0
    format.writeUInt16LE(isFloat ? formatFloat : formatPcm, 0)
    format.writeUInt16LE(1, 2) // channels
    format.writeUInt32LE(this.#rate, 4)
    format.writeUInt32LE(width * this.#rate, 8) // bytes per second
    format.writeUInt16LE(width, 12) // bytes per sample
    format.writeUInt16LE(this.#bits, 14)
    return Buffer.concat([
      Buffer.from('RIFF'),
      uint32(riffBytes),
      Buffer.from('WAVEfmt '),
      uint32(format.length),
      format,
      // Formats other than PCM have their number of samples in a chunk of its own.
      ...(isFloat ? [Buffer.from('fact'), uint32(4), uint32(count)] : []),
      this.#info,
      Buffer.from('data'),
      uint32(dataBytes),
    ])
  }
}
