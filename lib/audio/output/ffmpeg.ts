/** Sound in the formats that an installed ffmpeg encodes. */
import { resolve } from 'node:path'
import { ClvpError } from '../../base/errors.js'
import type { NewFile } from '../../base/files.js'
import { type FfmpegOptions, FfmpegProcess } from './ffmpeg_process.js'
import { sampleBytes } from './pcm.js'
import { cutPieces, type SoundPieces } from './pieces.js'
import type { SoundFormat } from './sound_format.js'
import type { Tag } from './tags.js'

/** A format that needs ffmpeg. */
export type FfmpegFormat = Exclude<SoundFormat, 'wav' | 'flac'>

/** Encoders at settings at which speech is hard to tell from the original. */
const encoders: Readonly<Record<FfmpegFormat, Encoder>> = {
  mp3: { name: 'libmp3lame', args: ['-q:a', '2', '-id3v2_version', '3'], piped: ['-write_xing', '0'] },
  opus: { name: 'libopus', args: ['-b:a', '64k'], piped: ['-page_duration', '200000'] },
  ogg: { name: 'libvorbis', args: ['-q:a', '6'], piped: ['-page_duration', '200000'] },
}

interface Encoder {
  name: string
  args: readonly string[]
  /** For a pipe: no header that is written last, and pages of a fifth of a second. */
  piped: readonly string[]
}

const quiet = ['-hide_banner', '-nostdin', '-loglevel', 'error']

/**
 * Checks that a format can be encoded.
 *
 * @throws ClvpError CLVP_UNSUPPORTED without ffmpeg, or if it lacks the encoder; CLVP_IO if it fails;
 *   CLVP_ABORTED
 */
export async function requireEncoder(format: FfmpegFormat, options: FfmpegOptions): Promise<void> {
  const { name } = encoders[format]
  const listed = await new FfmpegProcess([...quiet, '-encoders'], options).finish()
  if (new RegExp(`^ *A\\S* +${name} `, 'm').test(listed)) return
  throw new ClvpError(
    'CLVP_UNSUPPORTED',
    `Expected an ffmpeg with the encoder ${name} for .${format} but the one on the PATH lacks it: install a complete build, or save WAV or FLAC`,
  )
}

export interface FfmpegSound {
  pieces: SoundPieces
  /** Hz. A rate that the format lacks is resampled by ffmpeg. */
  sampleRate: number
  tags: readonly Tag[]
}

/** Fills a new file. The encoder must be there: {@link requireEncoder}. */
export async function encodeByFfmpeg(
  file: NewFile,
  format: FfmpegFormat,
  sound: FfmpegSound,
  options: FfmpegOptions,
): Promise<void> {
  const target = ['-y', `file:${resolve(file.temporary)}`]
  const process = new FfmpegProcess([...encodingArgs(format, sound), ...target], options)
  try {
    const hasTaken = await feed(process, sound.pieces, options.signal)
    await process.finish()
    if (!hasTaken || (await file.size()) === 0) throw endedEarly()
  } finally {
    await process.stop()
  }
}

/**
 * The bytes of a file while the sound is made.
 *
 * @throws ClvpError as {@link requireEncoder}
 */
export async function* encodedByFfmpeg(
  format: FfmpegFormat,
  sound: FfmpegSound,
  options: FfmpegOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  await requireEncoder(format, options)
  const args = [...encodingArgs(format, sound), ...encoders[format].piped, '-flush_packets', '1', 'pipe:1']
  const process = new FfmpegProcess(args, { ...options, isStreamed: true })
  const feeding = async () => {
    const hasTaken = await feed(process, sound.pieces, options.signal)
    await process.finish()
    if (!hasTaken) throw endedEarly()
  }
  const fed = feeding()
  fed.catch(() => process.stop())
  try {
    yield* process.output()
    await fed
  } finally {
    await process.stop()
  }
}

/** All arguments but the target. */
function encodingArgs(format: FfmpegFormat, { sampleRate, tags }: FfmpegSound): string[] {
  const { name, args } = encoders[format]
  return [
    ...quiet,
    ...['-f', 'f32le', '-ar', String(sampleRate), '-ac', '1', '-i', 'pipe:0'],
    ...['-c:a', name, ...args],
    // Without these flags the version of ffmpeg becomes a part of the file.
    ...['-fflags', '+bitexact', '-flags:a', '+bitexact', '-map_metadata', '-1'],
    ...tags.flatMap(([tag, text]) => ['-metadata', `${tag}=${text}`]),
    ...['-f', format],
  ]
}

function endedEarly(): ClvpError {
  return new ClvpError('CLVP_IO', 'ffmpeg ended before it had encoded the sound: try it by itself')
}

/** Passes the sound on. Did ffmpeg take all of it? */
async function feed(
  process: FfmpegProcess,
  pieces: SoundPieces,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const over = new AbortController()
  void process.ended.then(() => over.abort())
  const either = signal ? AbortSignal.any([signal, over.signal]) : over.signal
  let count = 0
  try {
    for await (const samples of cutPieces(pieces, either)) {
      await process.write(sampleBytes(samples, 32, count))
      count += samples.length
    }
    return true
  } catch (error) {
    if (over.signal.aborted && error instanceof ClvpError && error.code === 'CLVP_ABORTED') return false
    throw error
  }
}
