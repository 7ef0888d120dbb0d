/** The native contract: requests to draw codes, and what they return. clvp.h documents the meaning of these types. */
import type { NativeAbortFlag } from './session.js'

export interface NativeSampling {
  repetitionPenalty: number
  temperature: number
  topK: number
  topP: number
  minP: number
  typicalP: number
}

/**
 * How the decoder counts positions: 'trained' as tortoise trained it, 'cached' as it draws with a KV cache, 'transformers' as
 * transformers draws from 4.49 on. docs/semantics.md has the details.
 */
export type Positions = 'trained' | 'cached' | 'transformers'

/** 'model': as the model file says. */
export type NativePositions = Positions | 'model'

/** Tokens that may not be drawn; see Limits in clvp.h. */
export interface NativeLimits {
  /** 0 allows every repetition. */
  noRepeatNgram: number
  badWords: Int32Array[]
  suppress: Int32Array
  /** Tokens before a stop may be drawn. */
  minTokens: number
  /** Ids that the speech encoder lacks are never drawn. */
  rankable: boolean
}

/** What a call records of each step and returns. */
export interface NativeRecording {
  scores: boolean
  logits: boolean
  hiddenStates: boolean
  attentions: boolean
}

interface NativeDrawOptions {
  maxTokens: number
  /** Ids that end a row; empty for the model's own. */
  stops: Int32Array
  seed: number
  positions: NativePositions
  /** Ids that penalties and limits treat as written before the prompt's own. */
  history: Int32Array
  sampling: NativeSampling
  limits: NativeLimits
  record: NativeRecording
}

/** See Prune in clvp/generation.h. */
export interface NativePrune {
  share: number
  textIds: Int32Array
}

export interface NativeGenerateOptions extends NativeDrawOptions {
  prune: NativePrune
  candidates: number
  first: number
  batchSize: number
  deterministic: boolean
}

export type EarlyStopping = boolean | 'never'

export interface NativeBeamOptions extends NativeDrawOptions {
  beams: number
  /** Number of rows returned, at most `beams`. */
  candidates: number
  lengthPenalty: number
  earlyStopping: EarlyStopping
  /** Draws the continuations with all of `sampling`; otherwise only its repetition penalty applies. */
  sample: boolean
}

/** A text (without bos and stop) in a voice. */
export interface NativeTextPrompt {
  textIds: Int32Array
  voice: Float32Array
}

/** The prefix that the decoder continues; see Prompt in clvp.h. */
export type NativePrompt =
  | NativeTextPrompt
  /** [n, width] as the conditioning encoder gives it; mel start follows. */
  | { conditioning: Float32Array }
  /**
   * The decoder's own tokens, or embeddings [n, width] in their place, with their positions; mask 0 hides a token. `seen`:
   * the ids that count as written; the repetition penalty skips the first `padding` of them.
   */
  | {
      ids?: Int32Array | undefined
      embeds?: Float32Array | undefined
      positions: Int32Array
      mask?: Int32Array | undefined
      seen: Int32Array
      padding: number
    }

/** The rows of one step, all of one length. */
export interface NativeStepRows {
  /** Indices of the rows' candidates; with beams, of the beams, best first. */
  candidates: Int32Array
  /** [rows, length]: the ids so far, those the prompt counts as written first. */
  ids: Int32Array
  length: number
}

export interface NativeHooks {
  /** After each step: candidate, token, candidate, token, ...; with beams one pair: 0 and the length so far. */
  onStep?: ((pairs: Int32Array) => void) | undefined
  onCandidate?: ((candidate: NativeCandidate) => void) | undefined
  /** Of the speech stages: the completed fraction. */
  onProgress?: ((fraction: number) => void) | undefined
  /** Called between the limits and the warpers with scores [rows, vocab]. The step waits for `reply`: new scores, or none. */
  process?:
    | ((rows: NativeStepRows, scores: Float32Array, reply: (scores?: Float32Array) => void) => void)
    | undefined
  /** Called with the new token at the end of each row. The step waits for `reply`: 1 for each row that ends. */
  stop?: ((rows: NativeStepRows, reply: (ends?: Int32Array) => void) => void) | undefined
}

/** Request in clvp.h. */
export interface NativeRequest {
  prompt: NativePrompt
  options: NativeGenerateOptions
  hooks: NativeHooks
  /** Ends this call within one step, and no other. */
  abort: NativeAbortFlag
}

/** What NativeRecording selects of one step. */
export interface NativeStep {
  /** 0 for the prompt. */
  step: number
  /**
   * As in NativeStepRows. The prompt's hidden states and attentions have one row, which all candidates share. They come only
   * with the first candidates of step 0.
   */
  candidates: Int32Array
  /** [rows, vocab], after all processors and warpers. */
  scores: Float32Array
  /** [rows, vocab] */
  logits: Float32Array
  /** Embeddings, then each layer's [rows, tokens, width]; the last after the final norm. */
  hiddenStates: Float32Array[]
  /** Each layer's [rows, heads, tokens, keys]. */
  attentions: Float32Array[]
}

export interface NativeGenerated {
  candidates: NativeCandidate[]
  timings: NativeTimings
  steps: NativeStep[]
}

export interface NativeCandidate {
  index: number
  seed: number
  /** As drawn, without bos and stop. */
  tokens: Int32Array
  meanLogprob: number
  /** Of searchBeams: sum of the processed log-probabilities / length^lengthPenalty; otherwise 0. */
  beamScore: number
  finishReason: 'stop' | 'length' | 'criteria'
  /** The id that ended it, or -1. */
  stop: number
  /** Of searchBeams: for each token, the rank of the beam that it continues. */
  path: Int32Array
}

interface NativeTimings {
  prefillMs: number
  decodeMs: number
  sampleMs: number
  prefillPositions: number
  steps: number
  kvBytes: number
}
