/** FLAC files (RFC 9639): mono, 16 or 24 bits, lossless. */
import { createHash } from 'node:crypto'
import { packageVersion } from '../../base/package_root.js'
import { integerBytes, toIntegers } from '../output/pcm.js'
import type { Encoding, SampleEncoder } from '../output/sample_encoder.js'
import type { Tag } from '../output/tags.js'
import { vorbisComment } from '../output/vorbis_comment.js'
import { BitWriter } from './bits.js'
import { blockSize, encodeFrame } from './frame.js'

const streamInfo = 0
const comments = 4

/**
 * Predicts each sample from the four before it, at most, and writes Rice codes of what is left. Files are a
 * little larger than those of encoders that search for better predictors.
 */
export class FlacEncoder implements SampleEncoder {
  readonly #rate: number
  readonly #bits: 16 | 24
  readonly #tags: readonly Tag[]
  readonly #hash = createHash('md5')
  readonly #block = new Int32Array(blockSize)
  /** Samples of the block that are there. */
  #filled = 0
  #count = 0
  #frames = 0
  #smallest = Number.POSITIVE_INFINITY
  #largest = 0

  constructor({ sampleRate, bitDepth, tags }: Encoding & { bitDepth: 16 | 24 }) {
    this.#rate = sampleRate
    this.#bits = bitDepth
    this.#tags = tags
  }

  start(): Uint8Array {
    return Buffer.concat([
      this.#head({ smallest: 0, largest: 0, count: 0, md5: new Uint8Array(16) }),
      this.#comments(),
    ])
  }

  encode(samples: Float32Array): Uint8Array {
    const integers = toIntegers(samples, this.#bits, this.#count)
    this.#hash.update(integerBytes(integers, this.#bits))
    this.#count += integers.length
    const frames: Uint8Array[] = []
    for (let at = 0; at < integers.length; ) {
      const part = integers.subarray(at, at + blockSize - this.#filled)
      this.#block.set(part, this.#filled)
      this.#filled += part.length
      at += part.length
      if (this.#filled === blockSize) frames.push(this.#frame())
    }
    return Buffer.concat(frames)
  }

  finish(): Uint8Array {
    return this.#filled > 0 ? this.#frame() : new Uint8Array()
  }

  header(): Uint8Array {
    const [smallest, largest] = [this.#smallest, this.#largest]
    const head = this.#head({ smallest, largest, count: this.#count, md5: this.#hash.digest() })
    return Buffer.concat([head, this.#comments()])
  }

  #frame(): Uint8Array {
    const block = this.#block.subarray(0, this.#filled)
    const frame = encodeFrame(block, this.#frames++, { sampleRate: this.#rate, bits: this.#bits })
    this.#filled = 0
    this.#smallest = Math.min(this.#smallest, frame.length)
    this.#largest = Math.max(this.#largest, frame.length)
    return frame
  }

  /** The magic number and STREAMINFO; zeros are what is not known. */
  #head(known: { smallest: number; largest: number; count: number; md5: Uint8Array }): Uint8Array {
    const out = new BitWriter(64)
    out.writeBytes(Buffer.from('fLaC'))
    out.writeBytes(blockHead(streamInfo, 34, this.#tags.length === 0))
    out.write(blockSize, 16) // the smallest block, not counting the last
    out.write(blockSize, 16)
    out.write(known.smallest, 24)
    out.write(known.largest, 24)
    out.write(this.#rate, 20)
    out.write(0, 3) // channels less one
    out.write(this.#bits - 1, 5)
    out.write(Math.floor(known.count / 2 ** 24), 12)
    out.write(known.count % 2 ** 24, 24)
    out.writeBytes(known.md5)
    return out.bytes()
  }

  #comments(): Uint8Array {
    if (this.#tags.length === 0) return new Uint8Array()
    const content = vorbisComment(`node-clvp ${packageVersion()}`, this.#tags)
    return Buffer.concat([blockHead(comments, content.length, true), content])
  }
}

/** The head of a block of metadata. */
function blockHead(type: number, length: number, isLast: boolean): Uint8Array {
  return Uint8Array.of((isLast ? 0x80 : 0) | type, length >>> 16, length >>> 8, length)
}
