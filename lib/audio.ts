/** From what a user has of a voice to mono samples at the model's rate. */
import { readFile, stat } from 'node:fs/promises'
import { binding, native } from './binding.js'
import { ClvpError, invalid } from './errors.js'
import { integer, path, pick } from './options.js'

/** Mono samples in [-1, 1]. */
export interface Samples {
  samples: Float32Array | readonly number[]
  /** Hz, 1,000 to 384,000. */
  sampleRate: number
}

/** A clip of a voice: a path or the bytes of a WAV, MP3, FLAC or Ogg Vorbis file, or samples. */
export type Clip = string | Uint8Array | Samples

const maxFileBytes = 2 ** 30
/** Decoded beyond the clip's length, so that the resampler's window has real samples at the cut. */
const margin = 1

/** Reads a clip as mono samples at `sampleRate`, at most about `seconds` of it. */
export async function readClip(
  clip: unknown,
  name: string,
  sampleRate: number,
  seconds: number,
): Promise<Float32Array> {
  if (typeof clip === 'string') return decode(await readBytes(path(clip, name)), clip, sampleRate, seconds)
  if (clip instanceof Uint8Array) return decode(clip, name, sampleRate, seconds)
  if (clip === null || typeof clip !== 'object') {
    throw invalid('a path, the bytes of an audio file, or { samples, sampleRate }', name, clip)
  }
  const given = pick(clip, ['samples', 'sampleRate'], name)
  const rate = integer(given.sampleRate, `${name}.sampleRate`, 1000, 384_000)
  const samples = toFloats(given.samples, `${name}.samples`)
  const used = samples.subarray(0, Math.ceil((seconds + margin) * rate))
  return native(() => binding.resample(used, rate, sampleRate))
}

async function readBytes(file: string): Promise<Uint8Array> {
  try {
    const { size } = await stat(file)
    if (size > maxFileBytes) {
      throw new ClvpError('CLVP_AUDIO', `${file} has ${size} bytes: expected at most ${maxFileBytes}. Cut it`)
    }
    return await readFile(file)
  } catch (cause) {
    if (cause instanceof ClvpError) throw cause
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new ClvpError('CLVP_IO', `The audio file ${file} could not be read: ${reason}`, { cause })
  }
}

async function decode(
  bytes: Uint8Array,
  name: string,
  sampleRate: number,
  seconds: number,
): Promise<Float32Array> {
  try {
    return await native(() => binding.decodeAudio(bytes, seconds + margin, sampleRate))
  } catch (error) {
    if (!(error instanceof ClvpError)) throw error
    throw new ClvpError(error.code, `${name}: ${error.message}`, { cause: error })
  }
}

function toFloats(value: unknown, name: string): Float32Array {
  const floats =
    value instanceof Float32Array
      ? value
      : Array.isArray(value) && value.every((sample) => typeof sample === 'number')
        ? Float32Array.from(value)
        : undefined
  if (!floats) throw invalid('a Float32Array of mono samples', name, value)
  if (floats.length === 0) throw new ClvpError('CLVP_AUDIO', `Expected some samples for ${name} but received none`)
  if (!floats.every(Number.isFinite)) {
    throw new ClvpError('CLVP_AUDIO', `Expected finite samples for ${name} but received NaN or infinity`)
  }
  return floats
}
