/** The formats of answers, by OpenAI's names. */
import { ClvpError, type EncodeSoundOptions, encodeSound, type Sound, type SoundPieces } from 'node-clvp'
import { ApiError, badRequest } from './errors.js'
import { encodedMp3, mp3Encoder, mp3Package } from './mp3.js'

export interface Format {
  name: string
  type: string
  /** As encodeSound() calls it. */
  encoding: NonNullable<EncodeSoundOptions['format']>
}

const formats: Readonly<Record<string, Omit<Format, 'name'>>> = {
  mp3: { type: 'audio/mpeg', encoding: 'mp3' },
  opus: { type: 'audio/ogg; codecs=opus', encoding: 'opus' },
  flac: { type: 'audio/flac', encoding: 'flac' },
  wav: { type: 'audio/wav', encoding: 'wav' },
  pcm: { type: 'audio/pcm; rate=24000', encoding: 'raw' },
}

const own = ['wav', 'flac', 'raw']

type Encode = (pieces: SoundPieces, options: EncodeSoundOptions) => AsyncIterable<Uint8Array>

/** What encodes a format, once it has been seen to work. */
const encoders = new Map<string, Encode>(own.map((encoding) => [encoding, encodeSound]))

/**
 * The format of a name, if its encoder is installed.
 *
 * @throws ApiError 400
 */
export async function formatOf(name: string): Promise<Format> {
  const found = formats[name]
  if (!found) {
    const known = Object.keys(formats).join(', ')
    throw badRequest(
      `Expected one of ${known} for response_format but received ${name}: nothing here encodes it`,
      'response_format',
      'unsupported_format',
    )
  }
  if (!encoders.has(found.encoding)) encoders.set(found.encoding, await findEncoder(found.encoding))
  return { name, ...found }
}

/** The names of the formats that can be made. */
export async function workingFormats(): Promise<string[]> {
  const tried = await Promise.all(
    Object.keys(formats).map((name) =>
      formatOf(name).then(
        () => [name],
        () => [],
      ),
    ),
  )
  return tried.flat()
}

/** The bytes of a file while the sound is made. The format is one of formatOf(). */
export function encode(
  { encoding }: Format,
  pieces: SoundPieces,
  options: EncodeSoundOptions,
): AsyncIterable<Uint8Array> {
  return encoders.get(encoding)!(pieces, { ...options, format: encoding })
}

/** ffmpeg, or else the package for MP3. */
async function findEncoder(encoding: Format['encoding']): Promise<Encode> {
  try {
    for await (const _ of encodeSound([new Float32Array(2400)], { sampleRate: 24000, format: encoding }));
    return encodeSound
  } catch (error) {
    if (!(error instanceof ClvpError)) throw error
    if (encoding === 'mp3' && (await mp3Encoder())) return encodedMp3
    const also = encoding === 'mp3' ? `; or npm install ${mp3Package}, which encodes MP3` : ''
    throw new ApiError(
      `${error.message}${also}`,
      { status: 400, type: 'invalid_request_error', code: 'unsupported_format', param: 'response_format' },
      { cause: error },
    )
  }
}

/** The bytes of a whole sound, whose header tells its length. */
export async function soundBytes(sound: Sound, format: Format, signal: AbortSignal): Promise<Uint8Array> {
  if (format.encoding === 'wav') return sound.toWav()
  if (format.encoding === 'flac') return sound.toFlac()
  const { samples, sampleRate, metadata } = sound
  const chunks: Uint8Array[] = []
  for await (const bytes of encode(format, [samples], { sampleRate, metadata, signal })) chunks.push(bytes)
  return Buffer.concat(chunks)
}
