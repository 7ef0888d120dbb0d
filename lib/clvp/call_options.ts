/** The options of the calls of `Clvp` other than generate(). */
import { abortSignal, choice, integer } from '../base/kinds.js'
import { limits } from '../base/limits.js'
import { type OptionsOf, optionTable } from '../base/options.js'

export const callTable = optionTable({
  /** Stops the call with CLVP_ABORTED. */
  signal: { kind: abortSignal() },
})

/** Options of rank, embedText, embedSpeech and codesToMel. */
export interface CallOptions extends OptionsOf<typeof callTable> {}

export const voiceTable = optionTable({
  /** How several clips become one voice. 'mean' (default, the only choice): the mean of their vectors, as in tortoise. */
  combine: { kind: choice(['mean']), default: 'mean' },
  /** Stops the call with CLVP_ABORTED. */
  signal: { kind: abortSignal() },
})

/** Options of voice(). */
export interface VoiceOptions extends OptionsOf<typeof voiceTable> {}

export const previewTable = optionTable({
  /** Iterations of the phase search, 1 to 1,000; default 60. More give a clearer sound and take proportionally longer. */
  iterations: {
    kind: integer(1, limits.previewIterations),
    default: 60,
    help: 'iterations of the phase search',
  },
  /** Stops the call with CLVP_ABORTED. */
  signal: { kind: abortSignal() },
})

/** Options of preview(). */
export interface PreviewOptions extends OptionsOf<typeof previewTable> {}

/** A sound: mono samples in [-1, 1], `sampleRate` in Hz. It can be a clip of voice(). */
export interface Preview {
  samples: Float32Array
  sampleRate: number
}
