/** The options of the calls of `Clvp` other than generate(). */
import { abortSignal, choice, integer, number } from '../base/kinds.js'
import { limits } from '../base/limits.js'
import { type OptionsOf, optionTable } from '../base/options.js'
import { seed } from '../config/kinds.js'

export const callTable = optionTable({
  /** Stops the call with CLVP_ABORTED. */
  signal: { kind: abortSignal() },
})

/** Options of rank, embedText, embedSpeech and codesToMel. */
export interface CallOptions extends OptionsOf<typeof callTable> {}

export const voiceTable = optionTable({
  /**
   * How several windows become one voice. 'mean' (default, the only choice): the mean of their vectors, as in
   * tortoise.
   */
  combine: { kind: choice(['mean']), default: 'mean' },
  /**
   * Which windows of the clips the model hears, each `info.clipSeconds` long. 'all' (default): as many as the
   * sound of each clip needs, evenly spaced over it; silence at its ends is skipped. 'first': the first of
   * each clip, as in transformers. 'random': one anywhere in each clip, as in tortoise.
   */
  windows: {
    kind: choice(['all', 'first', 'random'], 'WHICH'),
    default: 'all',
    help: 'what the model hears: all of the sound, or one window of each clip',
  },
  /**
   * With windows 'all': most seconds that the model hears in all, above 0 to 600; default 60. Each clip keeps
   * one window at least; the others go to the clips with the most sound.
   */
  seconds: {
    kind: number(0, 600, { above: true }),
    default: 60,
    help: 'with --windows all: most seconds that the model hears',
  },
  /**
   * With windows 'random': seed of the draws, 0 to 2^53 - 1; default: random. `origin.seed` of the voice
   * contains it.
   */
  seed: { kind: seed, defaultText: 'random', help: 'with --windows random: seed of the draws' },
  /** Stops the call with CLVP_ABORTED. */
  signal: { kind: abortSignal() },
})

/** Options of voice(). */
export interface VoiceOptions extends OptionsOf<typeof voiceTable> {}

export const previewTable = optionTable({
  /**
   * Iterations of the phase search, 1 to 1,000; default 60. More give a clearer sound and take proportionally
   * longer.
   */
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
