/** Where the sound of a stream goes: a file, or stdout. */
import { once } from 'node:events'
import { speechRate } from '../addon/contract/speech.js'
import { encodeSound } from '../audio/output/encode_sound.js'
import type { BitDepth } from '../audio/output/pcm.js'
import { saveSound } from '../audio/output/save_sound.js'
import type { SoundFormat } from '../audio/output/sound_format.js'
import type { SpeechStream } from '../speech/speech_stream.js'

export interface SinkOptions {
  /** The format, by default that of the file's extension, and the bits of a sample. */
  encoding: { format?: SoundFormat; bitDepth?: BitDepth }
  /** stdout gets samples alone, without a header. */
  isRaw: boolean
  /** Whether the sound says what it is. */
  hasMetadata: boolean
  signal: AbortSignal
}

/**
 * Writes a sound while it is made: its parts are never in memory together.
 *
 * @param file undefined: stdout
 * @returns how many samples it has
 */
export async function writeSpeech(
  stream: SpeechStream,
  file: string | undefined,
  { encoding, isRaw, hasMetadata, signal }: SinkOptions,
): Promise<number> {
  let count = 0
  try {
    // The tags name the candidate that is heard, which is known with the first samples.
    const first = await stream.next()
    const metadata = hasMetadata && !isRaw ? stream.spoken.metadata : {}
    const pieces = async function* () {
      for (let { done, value } = first; !done; { done, value } = await stream.next()) {
        count += value.samples.length
        yield value.samples as Float32Array
      }
    }
    const options = { ...encoding, sampleRate: speechRate, metadata, signal }
    if (file !== undefined) await saveSound(file, pieces(), options)
    else await send(encodeSound(pieces(), { ...options, format: isRaw ? 'raw' : 'wav' }), signal)
  } finally {
    await stream.return()
  }
  return count
}

async function send(bytes: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<void> {
  for await (const piece of bytes) {
    if (!process.stdout.write(piece)) await once(process.stdout, 'drain', { signal })
  }
}
