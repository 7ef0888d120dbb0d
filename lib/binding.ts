/** The native contract: the only file that knows the addon. Its errors leave here as ClvpError. */
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ClvpError, type ClvpErrorCode } from './errors.js'

export interface NativeMel {
  /** [channels, frames], frames contiguous. */
  data: Float32Array
  channels: number
  frames: number
}

/** ClvpFeatureExtractor's sizes; rate in Hz, `norms` empty or one divisor for each channel. */
export interface NativeMelParams {
  sampleRate: number
  fftLength: number
  hopLength: number
  channels: number
  norms: Float32Array
}

export interface NativeSampling {
  repetitionPenalty: number
  temperature: number
  topK: number
  topP: number
  minP: number
  typicalP: number
}

/** How the decoder's learned positions touch its prefix; see clvp.h. */
export type PrefixPositions = 'transformers' | 'cancelled'

export interface NativeGenerateOptions {
  candidates: number
  first: number
  maxTokens: number
  batchSize: number
  seed: number
  deterministic: boolean
  prefixPositions: PrefixPositions
  sampling: NativeSampling
}

export type EarlyStopping = boolean | 'never'

export interface NativeBeamOptions {
  beams: number
  /** How many rows are given back: at most `beams`. */
  candidates: number
  maxTokens: number
  lengthPenalty: number
  earlyStopping: EarlyStopping
  /** Draw the ways on, with all of `sampling`; else only its repetition penalty counts. */
  sample: boolean
  seed: number
  prefixPositions: PrefixPositions
  sampling: NativeSampling
}

export interface NativeCandidate {
  index: number
  seed: number
  /** As drawn, without bos and stop. */
  tokens: Int32Array
  meanLogprob: number
  /** Of searchBeams: sum of the processed log-probabilities / length^lengthPenalty; otherwise 0. */
  beamScore: number
  finishReason: 'stop' | 'length'
}

export interface NativeTimings {
  prefillMs: number
  decodeMs: number
  sampleMs: number
  scoreMs: number
  prefillPositions: number
  steps: number
  kvBytes: number
}

export interface NativeEncoding {
  lastHidden: Float32Array
  pooled: Float32Array
  embed: Float32Array
}

export interface NativeInfo {
  name: string
  type: string
  device: string
  bytes: number
  sampleRate: number
  hopLength: number
  clipSeconds: number
  decoderVocab: number
  decoderWidth: number
  decoderLayers: number
  decoderHeads: number
  bos: number
  eos: number
  fixingCodes: Int32Array
  textVocab: number
  speechVocab: number
  projection: number
  maxTextTokens: number
  maxTokens: number
  logitScale: number
}

export type NativeHeld = boolean | number | string | string[] | Int32Array | Float32Array

export interface NativeModel {
  info(): NativeInfo
  values(): Record<string, NativeHeld>
  dispose(): void
}

export interface NativeSession {
  mel(samples: Float32Array): Promise<NativeMel>
  condition(mel: NativeMel): Promise<Float32Array>
  generate(
    textIds: Int32Array,
    voice: Float32Array,
    options: NativeGenerateOptions,
    onStep?: (pairs: Int32Array) => void,
    onCandidate?: (candidate: NativeCandidate) => void,
  ): Promise<{ candidates: NativeCandidate[]; timings: NativeTimings }>
  searchBeams(
    textIds: Int32Array,
    voice: Float32Array,
    options: NativeBeamOptions,
    onStep?: (tokens: number) => void,
  ): Promise<{ candidates: NativeCandidate[]; timings: NativeTimings }>
  prefix(textIds: Int32Array, voice: Float32Array): Promise<Float32Array>
  stepLogits(
    textIds: Int32Array,
    voice: Float32Array,
    codes: Int32Array,
    prefixPositions: PrefixPositions,
  ): Promise<Float32Array>
  encodeText(ids: Int32Array): Promise<NativeEncoding>
  encodeSpeech(ids: Int32Array): Promise<NativeEncoding>
  embedText(textIds: Int32Array): Promise<Float32Array>
  embedSpeech(rows: Int32Array[]): Promise<Float32Array>
  score(textIds: Int32Array, rows: Int32Array[]): Promise<{ scores: Float32Array; ms: number }>
  abort(): void
  dispose(): void
  threads(): number
}

/** A GGUF value with its type. */
export type NativeValue =
  | { type: 'bool'; value: boolean }
  | { type: 'u32' | 'i32' | 'f32'; value: number }
  | { type: 'string'; value: string }
  | { type: 'i32[]'; value: Int32Array }
  | { type: 'f32[]'; value: Float32Array }
  | { type: 'string[]'; value: string[] }

export interface NativeTensor {
  name: string
  type: string
  /** GGML's order: the contiguous dimension first. */
  dims: number[]
}

export interface NativeWriter {
  append(data: Uint8Array, source: 'f32' | 'f16' | 'bf16', columnsTransposed: number): Promise<void>
  finish(): Promise<void>
  close(): void
}

export interface NativeFile {
  values: Record<string, NativeHeld>
  tensors: (NativeTensor & { bytes: number })[]
  bytes: number
}

export interface NativeDevice {
  name: string
  description: string
  kind: string
  memoryFree: number
  memoryTotal: number
}

export interface NativeAbortFlag {
  abort(): void
}

interface Binding {
  Session: new (model: NativeModel, threads: number) => NativeSession
  Writer: new (path: string, values: Record<string, NativeValue>, tensors: NativeTensor[]) => NativeWriter
  AbortFlag: new () => NativeAbortFlag
  devices(): NativeDevice[]
  inspect(path: string): Promise<NativeFile>
  loadModel(
    path: string,
    device: string,
    abortFlag: NativeAbortFlag,
    onProgress?: (fraction: number) => void,
  ): Promise<NativeModel>
  decodeAudio(bytes: Uint8Array, maxSeconds: number, sampleRate: number): Promise<Float32Array>
  resample(samples: Float32Array, from: number, to: number): Promise<Float32Array>
  /** Of `length` samples: the given ones cut, or padded with silence. */
  melFeatures(samples: Float32Array, params: NativeMelParams, length: number): Promise<NativeMel>
  warpLogits(logits: Float32Array, seen: Int32Array, sampling: NativeSampling): Float32Array
  fixCodes(model: NativeModel, rows: Int32Array[], stopped: boolean[], padTo: number): Int32Array[]
  /** Stops all work and waits for its threads; afterwards every call rejects. */
  stopWorkers(): void
}

/** The package's folder: two levels above dist/lib. */
export const packageRoot = join(dirname(fileURLToPath(import.meta.url)), '..', '..')

function load(): Binding {
  const require = createRequire(import.meta.url)
  try {
    return (require('node-gyp-build') as (dir: string) => Binding)(packageRoot)
  } catch (cause) {
    throw new ClvpError(
      'CLVP_UNSUPPORTED',
      `node-clvp's native addon could not be loaded for ${process.platform}-${process.arch} (Node ${process.version}). ` +
        "Reinstall the package, or build it with 'npm rebuild node-clvp' (this needs CMake and a C++ compiler). " +
        `The loader said: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    )
  }
}

let loaded: Binding | undefined

/** The addon, loaded when it is first used: what needs none, as help on the command line, works without. */
export const binding: Binding = new Proxy({} as Binding, {
  get(_, name) {
    loaded ??= load()
    return Reflect.get(loaded, name)
  },
})

// process.exit() runs no cleanup hooks of addons, but destroys GGML's tables under the threads that compute with them.
process.once('exit', () => loaded?.stopWorkers())

/** Turns an error of the addon into a ClvpError; others pass. */
export function rewrap(error: unknown): unknown {
  if (error instanceof ClvpError || !(error instanceof Error) || !('code' in error)) return error
  const { code } = error
  if (typeof code !== 'string' || !code.startsWith('CLVP_')) return error
  return new ClvpError(code as ClvpErrorCode, error.message, { cause: error })
}

/** Awaits a native call, with its errors rewrapped. Takes a function, as argument checks throw at once. */
export async function native<T>(call: () => T | Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (error) {
    throw rewrap(error)
  }
}
