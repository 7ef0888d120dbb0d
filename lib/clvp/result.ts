/** What generate() gives back. */
import { framesPerCode, type NativeCandidate, type NativeInfo } from '../addon/contract.js'

/** A candidate as drawn, before it is ranked. */
export interface DrawnCandidate {
  /** 0 to candidates - 1: the same for every number of candidates. */
  index: number
  /** The codes as drawn, without the stop; in a ranked candidate, as ranked. */
  codes: Int32Array
  /** Mean natural log-probability of the drawn codes and the stop under the model, before any sampling option. */
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
  /** The codes as drawn, without the stop, padding and fixing codes: what Clvp.preview() makes audible. */
  drawnCodes: Int32Array
  /** cosine * exp(logit_scale) of the text and `codes`, as the reference scores it: padded to the longest candidate or `padTo`. NaN with `scores: 'none'`. */
  score: number
  /** The score it has when it is generated alone: without the padding that other candidates impose. NaN unless `scores` is 'all'. */
  soloScore: number
}

/** Milliseconds and counts of a call. */
export interface Timings {
  /** The prefix, once for all candidates; next to nothing if the call before had the same text and voice. */
  prefillMs: number
  /** All decoder steps; `decodeMs / steps` is the time of one. */
  decodeMs: number
  /** Decoder steps of all batches. */
  steps: number
  /** From logits to tokens. */
  sampleMs: number
  /** Text and speech encoders. */
  scoreMs: number
  /** From the call to its result, waiting for earlier calls included. */
  totalMs: number
  /** Rows of the prefix that were read: 0 if the call before had the same text and voice. */
  prefillPositions: number
  /** Largest size of the KV cache, in bytes. */
  kvBytes: number
}

/** What generate() resolves to. */
export interface GenerateResult {
  /** The one with the highest `score`; the first one with `scores: 'none'`. */
  best: Candidate
  /** Best first, or as drawn with `scores: 'none'`; at most `keep`. */
  candidates: Candidate[]
  /** The seed that was used: pass it with the same options to get the same candidates. */
  seed: number
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
    codes: tokens,
    meanLogprob,
    finishReason: finishReason === 'stop' ? 'stop' : 'length',
    seconds: tokens.length * second,
    longestSilence: longestRun(tokens, info.fixingCodes[0]) * second,
    seed,
  }
}
