/** The options of Clvp.generate, with their defaults and their checks against a model. */

import type { EarlyStopping, NativeInfo, NativeSampling, PrefixPositions } from '../addon/contract.js'
import { isVoice, type Voice } from '../audio/voice.js'
import { abortSignal, boolean, callback, integer, number, oneOf, pick } from '../base/check.js'
import { ClvpError, invalid } from '../base/errors.js'
import { limits } from '../base/limits.js'
import { readSampling, samplingNames } from '../config/sampling.js'
import { type Progress, readMaxMemory } from '../loading/load_options.js'
import { functions, type LogitsProcessor } from '../session/caller_hooks.js'

/** The numbers of candidates in tortoise's presets. */
export const presets = { ultra_fast: 16, fast: 96, standard: 256, high_quality: 256 } as const

export type Preset = keyof typeof presets

export const presetNames = Object.keys(presets) as Preset[]

export interface GenerateOptions {
  /** A voice from `voice()` of the same model. */
  voice: Voice
  /** Number of candidates, 1 to 65,536; default: the preset's, or 16. */
  candidates?: number | undefined
  /** tortoise's numbers of candidates: ultra_fast 16, fast 96, standard 256, high_quality 256. */
  preset?: Preset | undefined
  /** Seed of the draws, 0 to 2^53 - 1; default: a random one, which the result contains. */
  seed?: number | undefined
  // Sampling settings. Their defaults are in `info.sampling`: the checkpoint's own, or else tortoise's, which are stated here.
  /**
   * Divides the logits, 0.001 to 1000; default 0.8. 0 always takes the most likely code (greedy): then only repetitionPenalty of
   * the other sampling options has an effect.
   */
  temperature?: number | undefined
  /** Keeps the k most likely codes, and those as likely as the last of them; default 50, 0 keeps all. */
  topK?: number | undefined
  /** Keeps the most likely codes whose probabilities sum up to this, 0 to 1; default 0.8, 1 keeps all. */
  topP?: number | undefined
  /** Keeps codes at least this fraction as likely as the likeliest, 0 to 1; default 0, which keeps all. */
  minP?: number | undefined
  /**
   * Keeps the codes whose information content is nearest to the entropy and whose probabilities sum up to this, above 0 to 1;
   * default 1, which keeps all.
   */
  typicalP?: number | undefined
  /** Divides positive logits of codes already drawn, and multiplies negative ones; 0.001 to 1000, default 2, 1 has no effect. */
  repetitionPenalty?: number | undefined
  /** Most codes of a candidate, 1 to `info.maxTokens`; the stop counts as one. Default: the smaller of that and 500. */
  maxTokens?: number | undefined
  /** Pads rows to at least this many codes before ranking (tortoise: 500); 0 to 4,096, default 0: the longest row. */
  padTo?: number | undefined
  /** How many of the best candidates to return; default: all. */
  keep?: number | undefined
  /**
   * How many candidates are decoded together, 1 to 1,024. More are faster and take more memory. Default 'auto': 16, or fewer if
   * `maxMemory` requires it.
   */
  batchSize?: number | 'auto' | undefined
  /**
   * Most bytes that the model and this call may take; default: `maxMemory` of `load`. The call waits until it fits beside the
   * running calls.
   */
  maxMemory?: number | undefined
  /**
   * Which scores to compute. 'all' (default): `score` and `soloScore`. 'rank': only `score`, which is about half the work.
   * 'none': nothing is ranked, and the candidates are in the order of their indices. A score that is not computed is NaN.
   */
  scores?: ScoreKind | undefined
  /**
   * Draws exactly the same codes for candidate k, whatever `candidates`, `batchSize` and `threads` are; default false: the same
   * except for rounding. Exact with F32 weights on the CPU: docs/semantics.md.
   */
  deterministic?: boolean | undefined
  /**
   * Uses beam search with this many beams, 2 to 256, instead of drawing. `candidates` is then how many of the likeliest rows are
   * ranked, by default all. Continuations are drawn, with all sampling options, only if a temperature is given. Excludes
   * `batchSize`, `deterministic` and `preset`; stream() reports no tokens, since a beam's past can change.
   */
  beams?: number | undefined
  /** With beams: divides a row's likelihood by its length to this power; -2 to 10, default 1. */
  lengthPenalty?: number | undefined
  /**
   * With beams: ends the search as soon as enough rows have ended (true), when no other row is likely to beat them (false,
   * default), or when no other row can beat them ('never').
   */
  earlyStopping?: EarlyStopping | undefined
  /**
   * How the decoder's learned positions affect the prefix. 'transformers' (default) equals transformers 5.23 id by id;
   * 'cancelled' is how tortoise trained, and is better for its weights: docs/semantics.md.
   */
  prefixPositions?: PrefixPositions | undefined
  /**
   * Changes scores between the repetition penalty and the warpers. Each step waits for it. Its rows are the live candidates, by
   * index, or the beams.
   */
  logitsProcessor?: LogitsProcessor | readonly LogitsProcessor[] | undefined
  /** Stops the call with CLVP_ABORTED, within one graph node on the CPU. */
  signal?: AbortSignal | undefined
  /** Called on the JavaScript thread; it must not throw. */
  onProgress?: ((progress: Progress) => void) | undefined
}

export type ScoreKind = 'all' | 'rank' | 'none'
export const scoreKinds: readonly ScoreKind[] = ['all', 'rank', 'none']

export interface BeamPlan {
  beams: number
  lengthPenalty: number
  earlyStopping: EarlyStopping
  /** Draws the continuations. */
  sample: boolean
}

/** Options after defaults and checks. */
export interface GeneratePlan {
  voice: Voice
  candidates: number
  seed: number | undefined
  sampling: NativeSampling
  maxTokens: number
  padTo: number
  keep: number
  batchSize: number | 'auto'
  maxMemory: number | undefined
  scores: ScoreKind
  deterministic: boolean
  prefixPositions: PrefixPositions
  /** Present for beam search. */
  beams: BeamPlan | undefined
  processors: readonly LogitsProcessor[]
  signal: AbortSignal | undefined
  onProgress: ((progress: Progress) => void) | undefined
}

const counted = ['candidates', 'preset', 'seed', 'maxTokens', 'padTo', 'keep', 'batchSize'] as const
const beamed = ['beams', 'lengthPenalty', 'earlyStopping'] as const
const other = [
  'voice',
  'maxMemory',
  'scores',
  'deterministic',
  'prefixPositions',
  'logitsProcessor',
  'signal',
  'onProgress',
] as const
export const prefixPositions: readonly PrefixPositions[] = ['transformers', 'cancelled']

/** Reads the options of generate(). `sampling` holds the model's default sampling settings. */
export function readGenerateOptions(
  value: unknown,
  info: NativeInfo,
  sampling: NativeSampling,
): GeneratePlan {
  const given = pick(value, [...other, ...counted, ...beamed, ...samplingNames], 'options')
  if (!isVoice(given.voice)) {
    throw invalid('a voice made by clvp.voice()', 'voice', given.voice)
  }
  if (given.voice.embedding.length !== info.decoderWidth) {
    throw new ClvpError(
      'CLVP_INVALID_ARGUMENT',
      `Expected a voice of ${info.decoderWidth} numbers but received one of ${given.voice.embedding.length}: it was made with another model`,
    )
  }
  const preset = given.preset === undefined ? undefined : oneOf(given.preset, 'preset', presetNames)
  const beams = readBeams(given)
  const {
    candidates: wanted = beams?.beams ?? (preset ? presets[preset] : 16),
    maxTokens = Math.min(500, info.maxTokens),
    padTo = 0,
    batchSize = 'auto',
    scores = 'all',
    deterministic = false,
    prefixPositions: positions = 'transformers',
  } = given
  const candidates = integer(wanted, 'candidates', 1, beams?.beams ?? limits.candidates)
  const { keep = candidates } = given
  return {
    voice: given.voice,
    candidates,
    seed: given.seed === undefined ? undefined : integer(given.seed, 'seed', 0, Number.MAX_SAFE_INTEGER),
    sampling: readSampling({ ...sampling, ...given }),
    maxTokens: integer(maxTokens, 'maxTokens', 1, info.maxTokens),
    padTo: integer(padTo, 'padTo', 0, limits.rowCodes),
    keep: integer(keep, 'keep', 1, limits.candidates),
    batchSize: batchSize === 'auto' ? batchSize : integer(batchSize, 'batchSize', 1, limits.batchSize),
    maxMemory: readMaxMemory(given.maxMemory),
    scores: oneOf(scores, 'scores', scoreKinds),
    deterministic: boolean(deterministic, 'deterministic'),
    prefixPositions: oneOf(positions, 'prefixPositions', prefixPositions),
    beams,
    processors: functions<LogitsProcessor>(given.logitsProcessor, 'logitsProcessor'),
    signal: abortSignal(given.signal, 'signal'),
    onProgress: callback<(progress: Progress) => void>(given.onProgress, 'onProgress'),
  }
}

/** Reads the options of beam search. An option that would have no effect is an error: none is silently ignored. */
function readBeams(given: Record<string, unknown>): BeamPlan | undefined {
  const refuse = (names: readonly string[], what: string) => {
    const name = names.find((each) => given[each] !== undefined)
    if (name)
      throw new ClvpError(
        'CLVP_INVALID_ARGUMENT',
        `Expected no ${name} ${what} but received one: leave it out`,
      )
  }
  if (given.beams === undefined) {
    refuse(['lengthPenalty', 'earlyStopping'], 'without beams')
    return undefined
  }
  refuse(['preset', 'batchSize', 'deterministic'], 'with beams')
  const sample = given.temperature !== undefined && given.temperature !== 0
  if (!sample)
    refuse(['seed', 'topK', 'topP', 'minP', 'typicalP'], 'with beams that are not drawn (no temperature)')
  const { lengthPenalty = 1, earlyStopping = false } = given
  if (typeof earlyStopping !== 'boolean' && earlyStopping !== 'never') {
    throw invalid("true, false or 'never'", 'earlyStopping', earlyStopping)
  }
  return {
    beams: integer(given.beams, 'beams', 2, limits.beams),
    lengthPenalty: number(lengthPenalty, 'lengthPenalty', -2, 10),
    earlyStopping,
    sample,
  }
}
