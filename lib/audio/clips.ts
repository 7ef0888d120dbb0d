/** Converts a user's clip to mono samples at the model's rate. */

import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { types } from 'node:util'
import { binding, native } from '../addon/binding.js'
import { withAbort } from '../base/abort.js'
import { integer, path, pick } from '../base/check.js'
import { ClvpError, invalid } from '../base/errors.js'
import { type FileUse, failIo, failOpen, kindOf, readWhole, wrongKind } from '../base/files.js'
import { repairOddFile } from './odd_files.js'
import { Sound } from './sound.js'

/** A mono clip as samples. */
export interface Samples {
  /** In [-1, 1]; at least one, all finite. */
  samples: Float32Array | readonly number[]
  /** Hz, 1,000 to 384,000. */
  sampleRate: number
}

/**
 * A clip of a voice: a path (at most 1 GiB) or the bytes of a WAV, MP3, FLAC or Ogg Vorbis file, or samples. `Clvp.voice` also
 * reads the `.pth` files of tortoise's latents.
 */
export type Clip = string | Uint8Array | Samples

/** A copy of the caller's samples. */
interface OwnSamples {
  samples: Float32Array
  sampleRate: number
}

/** A clip that no longer refers to the caller's memory. */
export type TakenClip = string | Uint8Array | OwnSamples

const use: FileUse = { what: 'the clip', maxBytes: 2 ** 30, code: 'CLVP_AUDIO' }
/** Seconds read of a clip: a bound on memory, and more than a voice has use for. */
export const mostSeconds = 600

const isClip = /\.(wav|mp3|flac|ogg)$/i
/** tortoise also keeps a voice's folder with its latents alone. */
const isLatents = /\.pth$/i

/** Checks a clip and copies its data, so the caller may change or free it as soon as this returns. */
export function takeClip(clip: unknown, name: string): TakenClip {
  if (typeof clip === 'string') return path(clip, name)
  if (types.isUint8Array(clip)) return clip.length === 0 ? new Uint8Array() : new Uint8Array(clip)
  if (clip === null || typeof clip !== 'object') {
    throw invalid('a path, the bytes of an audio file, or { samples, sampleRate }', name, clip)
  }
  const given = clip instanceof Sound ? clip : pick(clip, ['samples', 'sampleRate'], name)
  const sampleRate = integer(given.sampleRate, `${name}.sampleRate`, 1000, 384_000)
  return {
    samples: toFloats(given.samples, `${name}.samples`, mostSeconds * sampleRate),
    sampleRate,
  }
}

/**
 * The files that a path stands for: a folder's clips, or without any its latents, ordered by name; or the path itself.
 *
 * @throws ClvpError CLVP_IO if there is neither a file nor a readable folder, CLVP_INVALID_ARGUMENT for a
 *   folder without clips
 */
export async function clipFiles(given: string): Promise<string[]> {
  const expected = 'a clip or a folder of clips'
  const info = await stat(given).catch((error) => failOpen(given, expected, error))
  if (info.isFile()) return [given]
  if (!info.isDirectory()) throw wrongKind(given, expected, kindOf(info))
  const names = await readdir(given).catch((error) => failIo(given, error))
  const files = [isClip, isLatents].map((pattern) => names.filter((name) => pattern.test(name)).sort())
  const clips = files.find((found) => found.length > 0) ?? []
  if (clips.length > 0) return clips.map((name) => join(given, name))
  throw new ClvpError(
    'CLVP_INVALID_ARGUMENT',
    `Expected clips (.wav, .mp3, .flac, .ogg) or latents (.pth) in ${given} but found none: name another folder`,
  )
}

/** A clip with what messages call it: its path, or `clips[0]`. */
export interface NamedClip {
  clip: TakenClip
  name: string
}

/** Checks one clip or several, and copies their data. */
export function takeClips(clips: unknown): NamedClip[] {
  const list: readonly unknown[] = Array.isArray(clips) ? clips : [clips]
  if (list.length === 0) throw invalid('at least one clip', 'clips', clips)
  return Array.from(list, (clip, i) => {
    const name = Array.isArray(clips) ? `clips[${i}]` : 'clips'
    return { clip: takeClip(clip, name), name }
  })
}

/** Puts a folder's clips in its place. */
export async function spreadClips(given: readonly NamedClip[]): Promise<NamedClip[]> {
  const found: NamedClip[] = []
  for (const each of given) {
    if (typeof each.clip !== 'string') found.push(each)
    else for (const file of await clipFiles(each.clip)) found.push({ clip: file, name: file })
  }
  return found
}

/** The bytes of a clip's file. */
export function readClipFile(file: string): Promise<Uint8Array> {
  return readWhole(file, use)
}

/** A clip's samples, and what was odd about its file, which was read all the same. */
export interface HeardClip {
  samples: Float32Array
  odd?: string
}

/**
 * Converts a clip from takeClip() to mono samples at `sampleRate`, also one of an odd file that other programs play: one that was cut,
 * for example. The caller tells what was odd. Rejects as soon as the signal aborts.
 */
export function hearClip(
  clip: TakenClip,
  name: string,
  sampleRate: number,
  signal?: AbortSignal | undefined,
): Promise<HeardClip> {
  return withAbort(
    signal,
    () => {},
    async () => {
      if (!(typeof clip === 'string' || types.isUint8Array(clip))) {
        return { samples: await convertClip(clip, name, sampleRate) }
      }
      const bytes = typeof clip === 'string' ? await readClipFile(clip) : clip
      return decodeOdd(bytes, typeof clip === 'string' ? clip : name, sampleRate)
    },
  )
}

/** The same, but an odd file is refused. */
export function readClip(
  clip: TakenClip,
  name: string,
  sampleRate: number,
  signal?: AbortSignal | undefined,
): Promise<Float32Array> {
  return withAbort(
    signal,
    () => {},
    () => convertClip(clip, name, sampleRate),
  )
}

async function convertClip(clip: TakenClip, name: string, sampleRate: number): Promise<Float32Array> {
  if (typeof clip === 'string') return decode(await readClipFile(clip), clip, sampleRate)
  if (types.isUint8Array(clip)) return decode(clip, name, sampleRate)
  return native(() => binding.resample(clip.samples, clip.sampleRate, sampleRate))
}

async function decode(bytes: Uint8Array, name: string, sampleRate: number): Promise<Float32Array> {
  try {
    return await native(() => binding.decodeAudio(bytes, mostSeconds, sampleRate))
  } catch (error) {
    if (!(error instanceof ClvpError)) throw error
    throw new ClvpError(error.code, `${name}: ${error.message}`, { cause: error })
  }
}

async function decodeOdd(bytes: Uint8Array, name: string, sampleRate: number): Promise<HeardClip> {
  try {
    return { samples: await decode(bytes, name, sampleRate) }
  } catch (error) {
    const found = error instanceof ClvpError && error.code === 'CLVP_AUDIO' ? repairOddFile(bytes) : undefined
    if (!found) throw error
    const samples = await decode(found.bytes, name, sampleRate).catch(() => {
      throw error
    })
    return { samples, odd: found.odd }
  }
}

/** A copy of at most `count` samples. */
function toFloats(value: unknown, name: string, count: number): Float32Array {
  const isList = Array.isArray(value) && value.every((sample) => typeof sample === 'number')
  if (!types.isFloat32Array(value) && !isList) throw invalid('a Float32Array of mono samples', name, value)
  if (value.length === 0)
    throw new ClvpError('CLVP_AUDIO', `Expected at least one sample for ${name} but received none`)
  const floats = new Float32Array(
    types.isFloat32Array(value) ? value.subarray(0, count) : value.slice(0, count),
  )
  // A callback for each sample would hold the event loop up ten times as long.
  for (let i = 0; i < floats.length; i++) {
    if (Number.isFinite(floats[i])) continue
    throw new ClvpError('CLVP_AUDIO', `Expected finite samples for ${name} but received NaN or infinity`)
  }
  return floats
}
