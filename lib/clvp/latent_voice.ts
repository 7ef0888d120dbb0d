/** Makes a voice of the latents that tortoise saved. */
import { isTorchFile, readLatents, type SavedLatents } from '../../quantize/formats/latents.js'
import type { NamedClip } from '../audio/clips.js'
import { Voice, weightedMean } from '../audio/voice.js'
import { ClvpError } from '../base/errors.js'

/**
 * The mean of several latents. Nothing tells which model made them, so the voice has no origin.
 *
 * @param width of the decoder
 * @param diffusionWidth of the diffusion stage's vectors, for a model with that stage
 * @returns undefined if the clips are recordings
 * @throws ClvpError CLVP_INVALID_ARGUMENT for latents among recordings, and what `readLatents` throws
 */
export async function latentVoice(
  clips: readonly NamedClip[],
  width: number,
  diffusionWidth: number | undefined,
): Promise<Voice | undefined> {
  const latents = clips.filter(({ clip }) => isTorchFile(clip))
  if (latents.length === 0) return undefined
  if (latents.length < clips.length) {
    throw new ClvpError(
      'CLVP_INVALID_ARGUMENT',
      `Expected latents or recordings for clips but received both (${latents[0]!.name}): make a voice of each and mix them with Voice.mix`,
    )
  }
  const found: SavedLatents[] = []
  for (const { clip, name } of latents) {
    found.push(await readLatents(clip as string | Uint8Array, name, width, diffusionWidth))
  }
  const shares = new Array(found.length).fill(1 / found.length)
  const diffusion = found.flatMap((each) => each.diffusion ?? [])
  return new Voice(
    weightedMean(
      found.map(({ decoder }) => decoder),
      shares,
    ),
    found.length,
    {},
    diffusion.length === found.length ? weightedMean(diffusion, shares) : undefined,
  )
}
