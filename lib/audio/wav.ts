/** Writes audio as a WAV file. */
import { Sound } from './sound.js'

/**
 * Writes a WAV file: 16-bit PCM, mono, without metadata. The write is atomic. `Sound.save` has more formats.
 *
 * @example
 * ```js
 * const { samples, sampleRate } = await clvp.preview(best.drawnCodes)
 * await writeWav('preview.wav', samples, sampleRate)
 * ```
 *
 * @param file an existing file is replaced
 * @param samples at least one, all finite; clipped to [-1, 1]
 * @param sampleRate Hz, 1,000 to 384,000
 * @throws ClvpError CLVP_INVALID_ARGUMENT, also for the extension of another format; CLVP_IO if it cannot
 *   be written
 */
export async function writeWav(file: string, samples: Float32Array, sampleRate: number): Promise<void> {
  await new Sound(samples, sampleRate).save(file, { format: 'wav' })
}
