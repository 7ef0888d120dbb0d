/** Makes a voice of the latents that tortoise saved. */
import { isTorchFile, readLatents } from '../../quantize/formats/latents.js'
import type { NamedClip } from '../audio/clips.js'
import { Voice, weightedMean } from '../audio/voice.js'
import { ClvpError } from '../base/errors.js'

/**
 * The mean of several latents. Nothing tells which model made them, so the voice has no origin.
 *
 * @param width of the decoder
 * @returns undefined if the clips are recordings
 * @throws ClvpError CLVP_INVALID_ARGUMENT for latents among recordings, and what `readLatents` throws
 */
export async function latentVoice(clips: readonly NamedClip[], width: number): Promise<Voice | undefined> {
  const latents = clips.filter(({ clip }) => isTorchFile(clip))
  if (latents.length === 0) return undefined
  if (latents.length < clips.length) {
    throw new ClvpError(
      'CLVP_INVALID_ARGUMENT',
      `Expected latents or recordings for clips but received both (${latents[0]!.name}): make a voice of each and mix them with Voice.mix`,
    )
  }
  const vectors: Float32Array[] = []
  for (const { clip, name } of latents)
    vectors.push(await readLatents(clip as string | Uint8Array, name, width))
  return new Voice(weightedMean(vectors, new Array(vectors.length).fill(1 / vectors.length)), vectors.length)
}
