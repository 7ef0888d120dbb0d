/** Which speech stages a model has. */

import { ClvpError } from '../base/errors.js'
import type { NativeInfo } from './contract/session.js'
import type { NativeSpeechInfo } from './contract/speech.js'
import { needPart } from './parts.js'

/** The file of tortoise's that a stage comes from. */
const files = {
  hifigan: 'hifidecoder.pth',
  diffusion: 'diffusion_decoder.pth',
  vocoder: 'vocoder.pth',
  random: 'rlg_auto.pth and rlg_diffuser.pth',
} as const

/** Sizes of a stage. Throws CLVP_UNSUPPORTED for a model without it, or loaded without it. */
export function needStage<S extends keyof NativeSpeechInfo & keyof typeof files>(
  info: NativeInfo,
  stage: S,
): NonNullable<NativeSpeechInfo[S]> {
  const sizes = info.speech[stage]
  if (!sizes) {
    throw new ClvpError(
      'CLVP_UNSUPPORTED',
      `Expected a model with the stage '${stage}' for this call but ${info.name} has none: convert it with tortoise's ${files[stage]} beside its other files, or add it with clvp convert --add (docs/speech.md)`,
    )
  }
  needPart(stage, info, `load it too, as '${stage}' of parts`)
  return sizes
}
