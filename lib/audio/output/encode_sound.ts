/** Sound as the bytes of a file. */
import { ClvpError, invalid } from '../../base/errors.js'
import { abortSignal, choice, integer } from '../../base/kinds.js'
import { type OptionsOf, optionTable, readOptions } from '../../base/options.js'
import { encodedByFfmpeg, type FfmpegFormat } from './ffmpeg.js'
import { bitDepthKind } from './pcm.js'
import { checkPieces, cutPieces, type SoundPieces } from './pieces.js'
import { ownFormats, type SampleEncoder, sampleEncoder } from './sample_encoder.js'
import { soundFormats } from './sound_format.js'
import { tagsKind } from './tags.js'

export const depthTable = optionTable({
  /**
   * Bits of a sample: 16 or 24 for whole numbers, 32 for floating point; default 16. FLAC has no 32, and
   * MP3, Opus and Ogg Vorbis have no such choice.
   */
  bitDepth: {
    kind: bitDepthKind,
    defaultText: '16',
    help: 'bits of a sample: 16 or 24; 32 for floating point, not in FLAC',
  },
  /** Stops the call with CLVP_ABORTED. */
  signal: { kind: abortSignal() },
})

/** What is to be told of samples that come without a Sound. */
export const piecesTable = optionTable({
  /** Samples a second, 1,000 to 384,000. */
  sampleRate: { kind: integer(1000, 384_000), required: true },
  /** What the file says about itself: see soundMetadata(). */
  metadata: { kind: tagsKind },
})

export const encodeTable = optionTable({
  ...piecesTable,
  ...depthTable,
  /** 'wav' (default), 'flac', 'raw' for samples without a header; or, with ffmpeg on the PATH, 'mp3', 'opus' or 'ogg'. */
  format: { kind: choice([...soundFormats, 'raw']), default: 'wav' },
})

/** Options of encodeSound(). */
export interface EncodeSoundOptions extends Omit<OptionsOf<typeof encodeTable>, 'sampleRate'> {
  /** Samples a second, 1,000 to 384,000. */
  sampleRate: number
}

/**
 * The bytes of a sound file while the sound is made: for a pipe, a socket, the answer of a server. The
 * length is not known when its header is written, so the header says so, and a reader goes on until the
 * bytes end. Leaving the loop early stops `pieces`.
 *
 * @example
 * ```js
 * for await (const bytes of encodeSound(pieces, { sampleRate: 24000 })) process.stdout.write(bytes)
 * ```
 *
 * @param pieces samples, each finite; clipped to [-1, 1]. A piece may be changed when the next one is asked
 *   for.
 * @throws ClvpError CLVP_INVALID_ARGUMENT at once; the iterator throws it for samples that are not finite,
 *   CLVP_AUDIO for no samples at all, CLVP_UNSUPPORTED for a format whose encoder is not installed, CLVP_IO if ffmpeg
 *   fails, CLVP_ABORTED, and whatever `pieces` throws
 */
export function encodeSound(
  pieces: SoundPieces,
  options: EncodeSoundOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  const given = readOptions(encodeTable, options, 'options')
  const { format, sampleRate, bitDepth, metadata: tags = [], signal } = given
  const source = checkPieces(pieces)
  const own = ownFormats.find((each) => each === format)
  if (own) return encoded(sampleEncoder(own, { sampleRate, bitDepth: bitDepth ?? 16, tags }), source, signal)
  if (bitDepth !== undefined) throw invalid(`no value, as ${format} has no bit depth,`, 'bitDepth', bitDepth)
  return encodedByFfmpeg(format as FfmpegFormat, { pieces: source, sampleRate, tags }, { signal })
}

/** The bytes of a file of unknown length. */
export async function* encoded(
  encoder: SampleEncoder,
  pieces: SoundPieces,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  const some = (bytes: Uint8Array) => (bytes.length > 0 ? [bytes] : [])
  yield* some(encoder.start())
  for await (const piece of cutPieces(pieces, signal)) yield* some(encoder.encode(piece))
  yield* some(encoder.finish())
}

/** The bytes of a file whose header tells its length. */
export async function encodeWhole(
  encoder: SampleEncoder,
  pieces: SoundPieces,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  for await (const bytes of encoded(encoder, pieces, signal)) parts.push(bytes)
  const whole = concatenated(parts)
  whole.set(encoder.header())
  return whole
}

function concatenated(parts: readonly Uint8Array[]): Uint8Array {
  try {
    return Buffer.concat(parts)
  } catch (cause) {
    throw new ClvpError(
      'CLVP_OUT_OF_MEMORY',
      'There is no memory for the bytes of the sound: save it to a file',
      {
        cause,
      },
    )
  }
}
