/** The results of generate(). */
import type { NativeCandidate } from '../addon/contract/drawing.js'
import type { NativeInfo } from '../addon/contract/session.js'
import { framesPerCode } from '../addon/contract/sound.js'
import type { Tensor } from '../base/tensor.js'
import type { DroppedText } from '../text/reading/traced_text.js'
import { forJson } from './codes.js'
import type { GenerateOptions } from './generate_options.js'

/** A candidate as drawn, before it is ranked. */
export interface DrawnCandidate {
  /** 0 to candidates - 1. Candidate k is the same for every number of candidates. */
  index: number
  /** The codes as drawn, without the stop; in a ranked candidate, the row that was scored. */
  codes: Int32Array
  /** Mean natural log-probability of the drawn codes and the stop under the model, without any sampling option. */
  meanLogprob: number
  /** 'stop': the model ended it; 'length': it reached `maxTokens`. An aborted call rejects and has no candidates. */
  finishReason: 'stop' | 'length'
  /** Length of the speech that the drawn codes stand for, in seconds; padding and fixing codes do not count. */
  seconds: number
  /** Length of the longest run of the silence code among the drawn codes, in seconds. */
  longestSilence: number
  /** `generate(text, { seed, candidates: 1 })` with this seed draws this candidate again; a beam has the call's own seed. */
  seed: number
}

/** A ranked candidate. `codes` is the row that was scored: fixed up and padded, ready for the diffusion stage. */
export interface Candidate extends DrawnCandidate {
  /** The codes as drawn, without the stop, padding and fixing codes: the input of Clvp.preview(). */
  drawnCodes: Int32Array
  /**
   * cosine * exp(logit_scale) of the text and `codes`, scored as in the reference: padded to the longest candidate or `padTo`.
   * NaN with `scores: 'none'`.
   */
  score: number
  /** The score of the candidate alone, without padding to the length of others. NaN unless `scores` is 'all'. */
  soloScore: number
  /**
   * With `latents: true`: what tortoise's diffusion stage takes, [`codes`, `info.decoder.width`]; see
   * Clvp.latents(). JSON writes it in full, about 20 bytes for a number: delete it first if that is too much.
   */
  latents?: Tensor<Float32Array>
}

/** Times in milliseconds, and counts, of a call. */
export interface Timings {
  /** Prefill, once for all candidates; almost 0 if the call before had the same text and voice. */
  prefillMs: number
  /** All decoder steps; one takes `decodeMs / steps`. */
  decodeMs: number
  /** Decoder steps of all batches. */
  steps: number
  /** Drawing tokens from logits. */
  sampleMs: number
  /** The text and speech encoders. */
  scoreMs: number
  /** The latents of all returned candidates. */
  latentsMs: number
  /** From the start of the work to the result, including the turns of other calls. */
  totalMs: number
  /** Prefix rows read: 0 if the call before had the same text and voice. */
  prefillPositions: number
  /** Largest size of the KV cache, in bytes. */
  kvBytes: number
}

/**
 * Everything that the candidates depend on beside text, voice and model, with all defaults filled in:
 * `generate(text, { ...settings, voice })` draws the same codes again. A `logitsProcessor` is a function and cannot be in it.
 */
export type GenerateSettings = Pick<
  GenerateOptions,
  Exclude<
    keyof GenerateOptions,
    'voice' | 'preset' | 'compat' | 'latents' | 'maxMemory' | 'logitsProcessor' | 'signal' | 'onProgress'
  >
>

/**
 * What generate() resolves to. It survives JSON: codes and the data of latents become arrays of numbers, and
 * a score that is NaN becomes null.
 */
export interface GenerateResult {
  /** The candidate with the highest `score`; the first candidate with `scores: 'none'`. */
  best: Candidate
  /** Best first, or as drawn with `scores: 'none'`; at most `keep`. */
  candidates: Candidate[]
  /** The seed that was used: pass it with the same options to get the same candidates. */
  seed: number
  /** Draws the same candidates again, also after JSON. */
  settings: GenerateSettings
  /** The text as it was spoken: explain() tells how it came about. */
  normalized: string
  /** What of the text could not be spoken and was dropped. */
  dropped: DroppedText[]
  /** Words that the model has not learned, which come out garbled. Empty for a model that does not list its words. */
  unknownWords: string[]
  timings: Timings
}

export function secondsPerCode(info: NativeInfo): number {
  return (framesPerCode * info.hopLength) / info.sampleRate
}

function longestRun(codes: Int32Array, code: number | undefined): number {
  let longest = 0
  let run = 0
  for (const each of codes) {
    run = each === code ? run + 1 : 0
    if (run > longest) longest = run
  }
  return longest
}

export function describeCandidate(candidate: NativeCandidate, info: NativeInfo): DrawnCandidate {
  const { index, tokens, meanLogprob, finishReason, seed } = candidate
  const second = secondsPerCode(info)
  return {
    index,
    codes: forJson(tokens),
    meanLogprob,
    finishReason: finishReason === 'stop' ? 'stop' : 'length',
    seconds: tokens.length * second,
    longestSilence: longestRun(tokens, info.fixingCodes[0]) * second,
    seed,
  }
}
