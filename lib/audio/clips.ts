/** Converts a user's clip to mono samples at the model's rate. */
import { binding, native } from '../addon/binding.js'
import { integer, path, pick } from '../base/check.js'
import { ClvpError, invalid } from '../base/errors.js'
import { type FileUse, readWhole } from '../base/files.js'

/** A mono clip as samples. */
export interface Samples {
  /** In [-1, 1]; at least one, all finite. */
  samples: Float32Array | readonly number[]
  /** Hz, 1,000 to 384,000. */
  sampleRate: number
}

/**
 * A clip of a voice: a path (at most 1 GiB) or the bytes of a WAV, MP3, FLAC or Ogg Vorbis file, or samples. `Clvp.voice` also
 * reads the `.pth` files of tortoise's voices.
 */
export type Clip = string | Uint8Array | Samples

/** A copy of the caller's samples. */
interface Taken {
  samples: Float32Array
  sampleRate: number
}

const use: FileUse = { what: 'the clip', maxBytes: 2 ** 30, code: 'CLVP_AUDIO' }
/** Seconds decoded beyond the used length, so that the resampler's window has real samples at the cut. */
const margin = 1

/**
 * Checks a clip and copies its data, so the caller may change or free it as soon as this returns.
 *
 * @param seconds how much of it will be used
 */
export function takeClip(clip: unknown, name: string, seconds: number): string | Uint8Array | Taken {
  if (typeof clip === 'string') return path(clip, name)
  if (clip instanceof Uint8Array) return clip.length === 0 ? new Uint8Array() : new Uint8Array(clip)
  if (clip === null || typeof clip !== 'object') {
    throw invalid('a path, the bytes of an audio file, or { samples, sampleRate }', name, clip)
  }
  const given = pick(clip, ['samples', 'sampleRate'], name)
  const sampleRate = integer(given.sampleRate, `${name}.sampleRate`, 1000, 384_000)
  return {
    samples: toFloats(given.samples, `${name}.samples`, Math.ceil((seconds + margin) * sampleRate)),
    sampleRate,
  }
}

/** Converts a clip from takeClip() to mono samples at `sampleRate`; reads about `seconds` of it at most. */
export async function readClip(
  clip: string | Uint8Array | Taken,
  name: string,
  sampleRate: number,
  seconds: number,
): Promise<Float32Array> {
  if (typeof clip === 'string') return decode(await readWhole(clip, use), clip, sampleRate, seconds)
  if (clip instanceof Uint8Array) return decode(clip, name, sampleRate, seconds)
  return native(() => binding.resample(clip.samples, clip.sampleRate, sampleRate))
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

/** A copy of at most `count` samples. */
function toFloats(value: unknown, name: string, count: number): Float32Array {
  const isList = Array.isArray(value) && value.every((sample) => typeof sample === 'number')
  if (!(value instanceof Float32Array) && !isList)
    throw invalid('a Float32Array of mono samples', name, value)
  if (value.length === 0)
    throw new ClvpError('CLVP_AUDIO', `Expected at least one sample for ${name} but received none`)
  const floats = new Float32Array(
    value instanceof Float32Array ? value.subarray(0, count) : value.slice(0, count),
  )
  if (!floats.every(Number.isFinite)) {
    throw new ClvpError('CLVP_AUDIO', `Expected finite samples for ${name} but received NaN or infinity`)
  }
  return floats
}
