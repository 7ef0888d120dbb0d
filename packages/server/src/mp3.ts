/** MP3 by the package wasm-media-encoders, which whoever runs a server may install where there is no ffmpeg. */
import { setImmediate } from 'node:timers/promises'
import { ClvpError, type SoundPieces } from 'node-clvp'

/** The package that is looked for. It is LAME, whose licence (LGPL) is for its installer to weigh. */
export const mp3Package = 'wasm-media-encoders'

interface Mp3Encoder {
  configure(settings: { sampleRate: number; channels: 1; vbrQuality: number }): void
  /** @returns bytes that the next call overwrites */
  encode(channels: readonly Float32Array[]): Uint8Array
  finalize(): Uint8Array
}

/** Samples that are encoded at a time: some milliseconds of work. */
const pieceLength = 2 ** 13

/** Makes an encoder; undefined if the package is not installed. */
export async function mp3Encoder(): Promise<Mp3Encoder | undefined> {
  try {
    const { createMp3Encoder } = (await import(mp3Package)) as { createMp3Encoder(): Promise<Mp3Encoder> }
    return await createMp3Encoder()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND') return undefined
    throw error
  }
}

/** The bytes of a file while the sound is made, without tags. */
export async function* encodedMp3(
  pieces: SoundPieces,
  { sampleRate, signal }: { sampleRate: number; signal?: AbortSignal | undefined },
): AsyncGenerator<Uint8Array> {
  const encoder = (await mp3Encoder())!
  encoder.configure({ sampleRate, channels: 1, vbrQuality: 2 })
  for await (const piece of pieces) {
    for (let at = 0; at < piece.length; at += pieceLength) {
      if (signal?.aborted)
        throw new ClvpError('CLVP_ABORTED', 'The operation was aborted', { cause: signal.reason })
      const bytes = encoder.encode([piece.subarray(at, at + pieceLength)]).slice()
      if (bytes.length > 0) yield bytes
      await setImmediate()
    }
  }
  yield encoder.finalize().slice()
}
