/** Requests to draw: options with their defaults, and the caller's functions. */
import type {
  NativeBeamOptions,
  NativeCandidate,
  NativeGenerateOptions,
  NativeHooks,
  NativeLimits,
  NativePrompt,
  NativeRecording,
  NativeStepRows,
} from '../addon/contract/drawing.js'
import { quiet } from '../base/hook_guard.js'
import { defaultSampling } from '../config/sampling.js'

/** A hook may throw or reject: the call then stops and rejects with that error. */
export interface CoreHooks {
  onStep?: ((pairs: Int32Array) => void) | undefined
  onCandidate?: ((candidate: NativeCandidate) => void) | undefined
  /** Returns new scores [rows, vocab], or nothing to keep them. */
  process?: ((rows: NativeStepRows, scores: Float32Array) => Awaitable<Float32Array | undefined>) | undefined
  /** Returns 1 for each row that ends. */
  stop?: ((rows: NativeStepRows) => Awaitable<Int32Array | undefined>) | undefined
}

export interface CoreGenerateRequest extends Partial<NativeGenerateOptions>, CoreHooks {
  prompt: NativePrompt
  signal?: AbortSignal | undefined
}

export interface CoreBeamRequest extends Partial<NativeBeamOptions>, CoreHooks {
  prompt: NativePrompt
  signal?: AbortSignal | undefined
}

type Awaitable<T> = T | Promise<T>

export const noLimits: NativeLimits = {
  noRepeatNgram: 0,
  badWords: [],
  suppress: new Int32Array(),
  minTokens: 0,
  rankable: true,
}

const noRecording: NativeRecording = { scores: false, logits: false, hiddenStates: false, attentions: false }

export const defaultDraw = {
  maxTokens: 500,
  stops: new Int32Array(),
  seed: 0,
  positions: 'model',
  history: new Int32Array(),
  limits: noLimits,
  record: noRecording,
} as const

export const defaultGenerate: NativeGenerateOptions = {
  ...defaultDraw,
  prune: { share: 0, textIds: new Int32Array() },
  candidates: 1,
  first: 0,
  batchSize: 16,
  deterministic: false,
  sampling: defaultSampling,
}

/** transformers' defaults, except the number of beams. */
export const defaultBeams: NativeBeamOptions = {
  ...defaultDraw,
  beams: 4,
  candidates: 1,
  lengthPenalty: 1,
  earlyStopping: false,
  sample: false,
  sampling: { ...defaultSampling, repetitionPenalty: 1 },
}

/**
 * Wraps a caller's hooks, which may throw, for the core, which could not report an error. `fail` receives the first
 * error.
 */
export function nativeHooks(
  { onStep, onCandidate, process, stop, signal }: CoreHooks & { signal?: AbortSignal | undefined },
  fail: (error: unknown) => void,
): NativeHooks {
  let failed = false
  const caught = (error: unknown) => {
    failed = true
    fail(error)
  }
  /** After an error or an abort the functions are no longer called. */
  const isOver = () => failed || signal?.aborted === true
  const safe = <A>(callback: ((value: A) => void) | undefined) => callback && quiet(callback, isOver, caught)
  /** Replies when the answer has arrived; after an error replies without one. */
  const answer = async <T>(ask: () => Awaitable<T | undefined>, reply: (value?: T) => void) => {
    try {
      reply(isOver() ? undefined : await ask())
    } catch (error) {
      caught(error)
      reply()
    }
  }
  return {
    onStep: safe(onStep),
    onCandidate: safe(onCandidate),
    process: process && ((rows, scores, reply) => answer(() => process(rows, scores), reply)),
    stop: stop && ((rows, reply) => answer(() => stop(rows), reply)),
  }
}
