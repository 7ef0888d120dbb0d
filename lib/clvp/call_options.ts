/** The options of the calls of `Clvp` other than generate(), and of its load(). */
import { pick } from '../base/check.js'
import { abortSignal, choice, custom, integer, number } from '../base/kinds.js'
import { limits } from '../base/limits.js'
import { namesOf, type OptionsOf, optionTable, readGiven } from '../base/options.js'
import { seed } from '../config/kinds.js'
import { type LoadOptions, loadTable } from '../loading/load_options.js'
import { type Normalizer, normalizerNames, readNormalizer } from '../text/reading/reading.js'
import { type Compat, compatKind, compatModes } from './compat.js'

export const callTable = optionTable({
  /** Stops the call with CLVP_ABORTED. */
  signal: { kind: abortSignal() },
})

/** Options of embedSpeech, codesToMel and encode. */
export interface CallOptions extends OptionsOf<typeof callTable> {}

const normalizer = custom<Normalizer>(readNormalizer, {
  as: 'word',
  value: 'HOW',
  words: Object.fromEntries(normalizerNames.map((name) => [name, name])),
})

/** The row of each call that takes a text. */
export const readingTable = optionTable({
  /**
   * How the text is read: 'english', 'tortoise', 'transformers', 'basic', 'none', or a function from the text to what is spoken;
   * default: `normalizer` of `load`: docs/text.md.
   */
  normalizer: {
    kind: normalizer,
    help: 'how the text is read, english if not given',
  },
  /**
   * Computes what tortoise-tts or transformers computes: sets each choice in which they differ from this
   * package to theirs, unless an option of the call says otherwise. Default: `compat` of `load`.
   * docs/tortoise.md lists what each mode sets.
   */
  compat: {
    kind: compatKind,
    defaultText: '`compat` of `load`',
    help: 'compute exactly what the original, or its copy in transformers, computes',
  },
})

export const textTable = { ...readingTable, ...callTable }

/** Options of rank, embedText, score and scoreTable, with `compat` for how the text is read. */
export interface TextCallOptions extends OptionsOf<typeof textTable> {}

/** Options of explain, with `compat` for how the text is read. */
export interface ExplainOptions extends OptionsOf<typeof readingTable> {}

export const clvpLoadTable = optionTable({
  /**
   * How the model's calls read a text, unless they say otherwise: 'english' (default), 'tortoise', 'transformers', 'basic',
   * 'none', or a function from the text to what is spoken: docs/text.md. `compat` sets it, if this does not.
   */
  normalizer: { kind: normalizer, defaultText: "'english'" },
  /**
   * What the model's calls compute, unless they say otherwise: 'tortoise' for what tortoise-tts computes,
   * 'transformers' for what transformers computes: docs/tortoise.md.
   */
  compat: { kind: compatKind },
})

/** Options of Clvp.load. */
export interface ClvpLoadOptions extends LoadOptions, OptionsOf<typeof clvpLoadTable> {}

/** Reads the options of Clvp.load beyond those of every model; the others are left to be read. */
export function readClvpLoadOptions(value: unknown): {
  normalizer: Normalizer
  compat: Compat | undefined
  options: LoadOptions
} {
  const given = pick(value, [...namesOf(loadTable), ...namesOf(clvpLoadTable)], 'options')
  const { normalizer: own, compat: mode, ...options } = given
  const { normalizer, compat } = readGiven(clvpLoadTable, { normalizer: own, compat: mode })
  return {
    normalizer: normalizer ?? (compat ? compatModes[compat].normalizer : 'english'),
    compat,
    options: options as LoadOptions,
  }
}

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
  /**
   * Sets `windows`, unless it is given: 'random' for 'tortoise', 'first' for 'transformers'. Default:
   * `compat` of `load`.
   */
  compat: {
    kind: compatKind,
    defaultText: '`compat` of `load`',
    help: 'take the windows that the original, or its copy in transformers, takes',
  },
  /** Stops the call with CLVP_ABORTED. */
  signal: { kind: abortSignal() },
})

/** Options of voice(). */
export interface VoiceOptions extends OptionsOf<typeof voiceTable> {}

export const randomVoiceTable = optionTable({
  /** Seed of the voice, 0 to 2^53 - 1; default: random. `origin.seed` of the voice contains it. */
  seed: { kind: seed, defaultText: 'random', help: 'seed of a random voice' },
  /** Stops the call with CLVP_ABORTED. */
  signal: { kind: abortSignal() },
})

/** Options of randomVoice(). */
export interface RandomVoiceCallOptions extends OptionsOf<typeof randomVoiceTable> {}

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
