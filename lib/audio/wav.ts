/** Writes audio as a WAV file. */
import { integer, path } from '../base/check.js'
import { ClvpError, invalid } from '../base/errors.js'
import { writeWhole } from '../base/files.js'

const headerBytes = 44

/**
 * Writes a WAV file: 16-bit PCM, mono. The write is atomic.
 *
 * @param file an existing file is replaced
 * @param samples at least one, all finite; clipped to [-1, 1]
 * @param sampleRate Hz, 1,000 to 384,000
 * @throws ClvpError CLVP_INVALID_ARGUMENT, or CLVP_IO if it cannot be written
 */
export async function writeWav(file: string, samples: Float32Array, sampleRate: number): Promise<void> {
  const target = path(file, 'path')
  if (!(samples instanceof Float32Array) || samples.length === 0) {
    throw invalid('a Float32Array of at least one sample', 'samples', samples)
  }
  const rate = integer(sampleRate, 'sampleRate', 1000, 384_000)
  await writeWhole(target, wavBytes(samples, rate))
}

/** Chunk by chunk as in Microsoft and IBM's "Multimedia Programming Interface and Data Specifications 1.0", 1991. */
function wavBytes(samples: Float32Array, rate: number): Buffer {
  const dataBytes = 2 * samples.length
  if (dataBytes > 2 ** 31) {
    throw invalid(`at most ${2 ** 30} samples, the limit of a WAV file,`, 'samples', samples)
  }
  const bytes = Buffer.alloc(headerBytes + dataBytes)
  bytes.write('RIFF', 0, 'latin1')
  bytes.writeUInt32LE(bytes.length - 8, 4)
  bytes.write('WAVEfmt ', 8, 'latin1')
  bytes.writeUInt32LE(16, 16) // bytes in the format chunk
  bytes.writeUInt16LE(1, 20) // PCM
  bytes.writeUInt16LE(1, 22) // channels
  bytes.writeUInt32LE(rate, 24)
  bytes.writeUInt32LE(2 * rate, 28) // bytes per second
  bytes.writeUInt16LE(2, 32) // bytes per sample
  bytes.writeUInt16LE(16, 34) // bits per sample
  bytes.write('data', 36, 'latin1')
  bytes.writeUInt32LE(dataBytes, 40)
  for (const [i, sample] of samples.entries()) {
    if (!Number.isFinite(sample)) {
      throw new ClvpError('CLVP_INVALID_ARGUMENT', `Expected finite samples but sample ${i} is ${sample}`)
    }
    bytes.writeInt16LE(Math.round(32767 * Math.min(1, Math.max(-1, sample))), headerBytes + 2 * i)
  }
  return bytes
}
