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
const encoders: Readonly<Record<FfmpegFormat, { name: string; args: readonly string[] }>> = {
  mp3: { name: 'libmp3lame', args: ['-q:a', '2', '-id3v2_version', '3'] },
  opus: { name: 'libopus', args: ['-b:a', '64k'] },
  ogg: { name: 'libvorbis', args: ['-q:a', '6'] },
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
  { pieces, sampleRate, tags }: FfmpegSound,
  options: FfmpegOptions,
): Promise<void> {
  const { name, args } = encoders[format]
  const process = new FfmpegProcess(
    [
      ...quiet,
      ...['-f', 'f32le', '-ar', String(sampleRate), '-ac', '1', '-i', 'pipe:0'],
      ...['-c:a', name, ...args],
      // Without these flags the version of ffmpeg becomes a part of the file.
      ...['-fflags', '+bitexact', '-flags:a', '+bitexact', '-map_metadata', '-1'],
      ...tags.flatMap(([tag, text]) => ['-metadata', `${tag}=${text}`]),
      ...['-f', format, '-y', `file:${resolve(file.temporary)}`],
    ],
    options,
  )
  try {
    const hasTaken = await feed(process, pieces, options.signal)
    await process.finish()
    if (hasTaken && (await file.size()) > 0) return
    throw new ClvpError('CLVP_IO', 'ffmpeg ended before it had encoded the sound: try it by itself')
  } finally {
    await process.stop()
  }
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
