/** The formats of answers, by OpenAI's names. */
import { ClvpError, type EncodeSoundOptions, encodeSound, type Sound } from 'node-clvp'
import { ApiError, badRequest } from './errors.js'

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

/** Formats whose encoder has been seen to work. */
const proven = new Set<string>(own)

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
  if (!proven.has(found.encoding)) await prove(found.encoding)
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

/** Encodes a little silence. */
async function prove(encoding: Format['encoding']): Promise<void> {
  try {
    for await (const _ of encodeSound([new Float32Array(2400)], { sampleRate: 24000, format: encoding }));
    proven.add(encoding)
  } catch (error) {
    if (!(error instanceof ClvpError)) throw error
    throw new ApiError(
      error.message,
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
  const options = { sampleRate, format: format.encoding, metadata, signal }
  for await (const bytes of encodeSound([samples], options)) chunks.push(bytes)
  return Buffer.concat(chunks)
}
