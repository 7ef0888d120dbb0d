/** Writes sound to files. */
import { access, constants, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { path } from '../../base/check.js'
import { invalid } from '../../base/errors.js'
import { failIo, failOpen, kindOf, writeNew, wrongKind } from '../../base/files.js'
import { type OptionsOf, optionTable, readOptions } from '../../base/options.js'
import { depthTable, encoded, piecesTable } from './encode_sound.js'
import { encodeByFfmpeg, type FfmpegFormat, requireEncoder } from './ffmpeg.js'
import { checkPieces, type SoundPieces } from './pieces.js'
import { type SampleEncoder, sampleEncoder } from './sample_encoder.js'
import { formatOf, soundFormatKind } from './sound_format.js'
import type { Tag } from './tags.js'

export const fileTable = optionTable({
  /** The file's format: 'wav', 'flac', 'mp3', 'opus' or 'ogg'; default: that of the path's extension. */
  format: { kind: soundFormatKind, defaultText: "that of the path's extension" },
  ...depthTable,
})

type FileOptions = OptionsOf<typeof fileTable>

const saveTable = { ...piecesTable, ...fileTable }

/** Options of saveSound(). */
export interface SaveSoundOptions extends Omit<OptionsOf<typeof saveTable>, 'sampleRate'> {
  /** Samples a second, 1,000 to 384,000. */
  sampleRate: number
}

/**
 * Writes a sound to a file while it is made. The file appears when the last piece is in it; if anything
 * fails before, there is none, and one that was there stays. The file is made before the first piece is
 * asked for, so that a wrong path costs no work.
 *
 * @example
 * ```js
 * await saveSound('long.flac', pieces, { sampleRate: 24000 })
 * ```
 *
 * @param file its extension is the format: .wav, .flac, .mp3, .opus or .ogg; the last three need ffmpeg on
 *   the PATH
 * @param pieces samples, each finite; clipped to [-1, 1]. A piece may be changed when the next one is asked
 *   for.
 * @throws ClvpError CLVP_INVALID_ARGUMENT, CLVP_UNSUPPORTED for a format whose encoder is not installed,
 *   CLVP_AUDIO for no samples at all, CLVP_IO if the file cannot be written, CLVP_ABORTED; and whatever
 *   `pieces` throws
 */
export async function saveSound(file: string, pieces: SoundPieces, options: SaveSoundOptions): Promise<void> {
  const { sampleRate, metadata: tags = [], signal, ...given } = readOptions(saveTable, options, 'options')
  const target = path(file, 'path')
  const source = checkPieces(pieces)
  const plan = await planFile(target, { ...given, signal }, { sampleRate, tags })
  await writeNew(target, async (output) => {
    if ('program' in plan) {
      return encodeByFfmpeg(output, plan.program, { pieces: source, sampleRate, tags }, { signal })
    }
    for await (const bytes of encoded(plan.encoder, source, signal)) await output.write(bytes)
    await output.rewrite(plan.encoder.header(), 0)
  })
}

/**
 * Checks what saving needs, before there is a sound: the format and its options, the folder, an installed
 * encoder.
 *
 * @throws ClvpError as saveSound()
 */
export async function checkSoundFile(file: string, options: FileOptions = {}): Promise<void> {
  const given = readOptions(fileTable, options, 'options')
  const target = path(file, 'path')
  await planFile(target, given, { sampleRate: 24_000, tags: [] })
  await requireFolder(dirname(target))
}

async function requireFolder(folder: string): Promise<void> {
  const expected = 'a folder for the sound'
  const info = await stat(folder).catch((error) => failOpen(folder, expected, error))
  if (!info.isDirectory()) throw wrongKind(folder, expected, kindOf(info))
  await access(folder, constants.W_OK).catch((error) => failIo(folder, error))
}

/** What a file is written by. */
type Plan = { program: FfmpegFormat } | { encoder: SampleEncoder }

async function planFile(
  target: string,
  { format: named, bitDepth, signal }: FileOptions,
  sound: { sampleRate: number; tags: readonly Tag[] },
): Promise<Plan> {
  const format = formatOf(target, named)
  if (format === 'wav' || format === 'flac') {
    return { encoder: sampleEncoder(format, { ...sound, bitDepth: bitDepth ?? 16 }) }
  }
  if (bitDepth !== undefined) throw invalid(`no value, as .${format} has no bit depth,`, 'bitDepth', bitDepth)
  await requireEncoder(format, { signal })
  return { program: format }
}
