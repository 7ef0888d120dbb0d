/** The options of Clvp.generate, with their defaults. */

import { isVoice, type Voice } from '../audio/voice.js'
import { invalid } from '../base/errors.js'
import {
  abortSignal,
  boolean,
  bytes,
  callback,
  choice,
  converted,
  custom,
  either,
  integer,
  number,
  numbers,
} from '../base/kinds.js'
import { limits } from '../base/limits.js'
import { type OptionsOf, optionTable } from '../base/options.js'
import { earlyStopping, lengthPenalty, positions, seed } from '../config/kinds.js'
import type { samplingTable } from '../config/sampling.js'
import type { Progress } from '../loading/load_options.js'
import { functions, type LogitsProcessor } from '../session/caller_hooks.js'
import type { readingTable } from './call_options.js'

/** The numbers of candidates in tortoise's presets. */
export const presets = { ultra_fast: 16, fast: 96, standard: 256, high_quality: 256 } as const

export type Preset = keyof typeof presets

export const presetNames = Object.keys(presets) as Preset[]

export type ScoreKind = 'all' | 'rank' | 'none'
export const scoreKinds: readonly ScoreKind[] = ['all', 'rank', 'none']

export const generateTable = optionTable({
  /** A voice from `voice()` of the same model. */
  voice: { kind: custom<Voice>(readVoice), required: true },
  /** Number of candidates, 1 to 65,536; default: the preset's, or 16. With beams: at most their number. */
  candidates: {
    kind: integer(1, limits.candidates),
    defaultText: "the preset's, or 16",
    help: 'number of candidates',
    short: 'n',
  },
  /**
   * tortoise's numbers of candidates: ultra_fast 16, fast 96, standard 256, high_quality 256. In speak() also its passes of the
   * diffusion model: 30 without guidance, 80, 200, 400.
   */
  preset: {
    kind: choice(presetNames),
    help: "tortoise's number of candidates, and passes of the diffusion model",
  },
  /** Seed of the draws, 0 to 2^53 - 1; default: random. The result contains it. */
  seed: { kind: seed, defaultText: 'random', help: 'seed of the draws, which is printed' },
  /**
   * Most codes of a candidate, 1 to the model's limit (`info.maxTokens`); the stop counts as one. Default: 500, or the limit if
   * that is less.
   */
  maxTokens: {
    kind: integer(1, "the model's limit"),
    defaultText: '500, or the limit if that is less',
    help: 'most codes of a candidate',
  },
  /** Pads rows to at least this many codes before ranking (tortoise: 500); 0 to 4,096, default 0: the longest row. */
  padTo: {
    kind: integer(0, limits.rowCodes),
    default: 0,
    help: 'pad rows to N codes before ranking, as tortoise does with 500',
  },
  /** How many of the best candidates to return, 1 to 65,536; default: all. */
  keep: {
    kind: integer(1, limits.candidates),
    defaultText: 'all',
    help: 'number of the best candidates to print',
  },
  /**
   * How many candidates are decoded together, 1 to 1,024. More are faster and take more memory. Default 'auto': 16, or fewer if
   * `maxMemory` requires it.
   */
  batchSize: {
    kind: either('auto', integer(1, limits.batchSize)),
    default: 'auto',
    help: 'candidates decoded together; auto: 16, or fewer with --max-memory',
  },
  /**
   * Most bytes that the model and this call may take, 1 or more; default: `maxMemory` of `load`. The call waits until it fits
   * beside the running calls.
   */
  maxMemory: { kind: bytes(), defaultText: '`maxMemory` of `load`' },
  /**
   * Milliseconds for drawing, 1 to 86,400,000; default: no limit. After that no candidate begins, and those that are incomplete are dropped as soon as
   * one is complete: the best of what can be had in the time. How many are left depends on the machine; `settings` of the result draw all of them.
   * Of a call that was cut, `timings` tell `decodeMs` and `steps` alone.
   */
  budgetMs: {
    kind: integer(1, 86_400_000),
    defaultText: 'no limit',
    help: 'milliseconds for drawing: then the best of the candidates that are complete',
  },
  /**
   * The share of the candidates to give up early, which saves time; 0 to 0.9, default 0. At 32, 64, 128 ... codes the candidates that have reached
   * that number are compared by their scores so far. The worst are drawn no further and are not returned. The best candidate may be lost:
   * docs/performance.md has the measurements. stream() may report a candidate that ended early and is given up later.
   */
  prune: {
    kind: number(0, 0.9),
    default: 0,
    help: 'share of the candidates to give up early: the worst so far at 32, 64, 128 ... codes',
  },
  /**
   * Which scores to compute. 'all' (default): `score` and `soloScore`. 'rank': only `score`, which is about half the work.
   * 'none': nothing is ranked, and the candidates are in the order of their indices. A score that is not computed is NaN.
   */
  scores: {
    kind: choice(scoreKinds, 'WHICH'),
    default: 'all',
    help: 'scores to compute; rank: only the ranking score',
  },
  /**
   * Draws exactly the same codes for candidate k, whatever `candidates`, `batchSize` and `threads` are; default false: the same
   * except for rounding. Exact with F32 weights on the CPU: docs/semantics.md.
   */
  deterministic: {
    kind: boolean(),
    default: false,
    help: 'draw bit-identical candidates for any --candidates, --batch-size and --threads',
  },
  /**
   * Uses beam search with this many beams, 2 to 256, instead of drawing. `candidates` is then how many of the likeliest rows are
   * ranked, by default all. Continuations are drawn, with all sampling options, only if a temperature is given. Excludes
   * `batchSize`, `budgetMs`, `deterministic`, `preset` and `prune`; stream() reports no tokens, since a beam's past can change.
   */
  beams: {
    kind: integer(2, limits.beams),
    help: 'search for the likeliest rows with N beams, sampled with --temperature',
  },
  /** With beams: divides a row's likelihood by its length to this power; -2 to 10, default 1. */
  lengthPenalty: {
    kind: lengthPenalty,
    default: 1,
    help: "divide a beam's likelihood by its length to this power",
  },
  /**
   * With beams: ends the search as soon as enough rows have ended (true), when no other row is likely to beat them (default
   * false), or when no other row can beat them ('never').
   */
  earlyStopping: { kind: earlyStopping, default: false, help: 'end a beam search early' },
  /**
   * How the decoder counts positions; default: as the model file says (`info.positions`). 'trained': as tortoise trained its weights,
   * and as it draws by default. 'cached': as tortoise draws with kv_cache=True, and transformers up to 4.46. 'transformers': as
   * transformers draws from 4.49 on, which is a fault. docs/semantics.md.
   */
  positions: {
    kind: positions,
    defaultText: 'as the model file says',
    help: 'how the decoder counts positions',
  },
  /**
   * Ids that the repetition penalty counts as drawn before the first code, each 0 to the decoder's vocabulary
   * (`info.decoder.vocabulary` - 1); default: none. tortoise counts 1.
   */
  history: {
    kind: numbers(integer(0, "the decoder's vocabulary"), 0),
    default: [],
    help: 'ids that the repetition penalty counts as drawn before the first code',
  },
  /**
   * Computes the `latents` of each returned candidate, for tortoise's diffusion stage; default false. Each
   * candidate takes about as long as reading a text of so many tokens: `keep` limits how many. `padTo` is
   * then at most the model's positions.
   */
  latents: { kind: boolean(), default: false },
  /**
   * Changes scores between the repetition penalty and the warpers. Each step waits for it. Its rows are the live candidates, by
   * index, or the beams.
   */
  logitsProcessor: {
    kind: converted<LogitsProcessor | readonly LogitsProcessor[], readonly LogitsProcessor[]>(functions),
    default: [],
  },
  /** Stops the call with CLVP_ABORTED, within one graph node on the CPU. */
  signal: { kind: abortSignal() },
  /** Called on the JavaScript thread; it must not throw. */
  onProgress: { kind: callback<(progress: Progress) => void>() },
})

/** Options of generate() and stream(). */
export interface GenerateOptions
  extends OptionsOf<typeof generateTable>,
    OptionsOf<typeof readingTable>,
    OptionsOf<typeof samplingTable> {
  /** A voice from `voice()` of the same model. */
  voice: Voice
}

function readVoice(value: unknown, name: string): Voice {
  if (isVoice(value)) return value
  throw invalid('a voice made by clvp.voice()', name, value)
}
