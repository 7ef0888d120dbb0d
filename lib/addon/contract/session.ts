/** The native contract: a loaded model and a session on it. clvp.h documents the meaning of these types. */
import type { Part } from '../parts.js'
import type {
  NativeBeamOptions,
  NativeGenerated,
  NativeHooks,
  NativePositions,
  NativePrompt,
  NativeRequest,
  Positions,
} from './drawing.js'
import type { NativeHeld } from './files.js'
import type { NativeAudio, NativeMel } from './sound.js'
import type {
  NativeDiffusion,
  NativeHifigan,
  NativePass,
  NativeSpeechInfo,
  NativeVocoding,
} from './speech.js'
import type {
  NativeDecoderForward,
  NativeDecoderOutput,
  NativeEncoderOutput,
  NativeForward,
  NativeRows,
  NativeSimilarity,
} from './towers.js'

export interface NativeInfo {
  name: string
  type: string
  device: string
  /** Are these parts loaded? */
  decoder: boolean
  ranker: boolean
  encoder: boolean
  hifigan: boolean
  diffusion: boolean
  vocoder: boolean
  random: boolean
  /** Of the weights; with `parts: 'auto'`, of the largest part. */
  bytes: number
  sampleRate: number
  hopLength: number
  clipSeconds: number
  melChannels: number
  textPositions: number
  decoderVocab: number
  decoderWidth: number
  decoderLayers: number
  decoderHeads: number
  decoderPositions: number
  textWidth: number
  textLayers: number
  textHeads: number
  speechWidth: number
  speechLayers: number
  speechHeads: number
  bos: number
  eos: number
  fixingCodes: Int32Array
  textVocab: number
  speechVocab: number
  projection: number
  maxTextTokens: number
  /** As the model file says. */
  positions: Positions
  maxTokens: number
  logitScale: number
  /** Codes that the codebook has frames for; 0 for a model without one. */
  codebookCodes: number
  /** Codes that the discrete VAE's encoder distinguishes; 0 for a model file without one. */
  dvaeCodes: number
  speech: NativeSpeechInfo
}

/** ModelOptions in clvp.h. */
export interface NativeLoadOptions {
  device: string
  parts: readonly Part[]
  mmap: boolean
  /** In bytes; 0 if unknown. */
  memoryAvailable: number
  /** Limit of the weights, in bytes; 0 for none. */
  maxMemory: number
}

export interface NativeModel {
  info(): NativeInfo
  values(): Record<string, NativeHeld>
  dispose(): void
}

/** Called with the completed fraction. */
export type NativeProgress = Pick<NativeHooks, 'onProgress'>

/** Calls run side by side. A flag ends only its own call, with CLVP_ABORTED. */
export interface NativeSession {
  mel(samples: Float32Array): Promise<NativeMel>
  condition(mel: NativeMel, abort: NativeAbortFlag): Promise<Float32Array>
  generate(request: NativeRequest): Promise<NativeGenerated>
  searchBeams(
    prompt: NativePrompt,
    options: NativeBeamOptions,
    hooks: NativeHooks,
    abort: NativeAbortFlag,
  ): Promise<NativeGenerated>
  /**
   * The conditioning encoder's output [max(voices, rows), tokens + 3, width]: voice, bos, text, stop. A single voice is used
   * for all texts, and a single text for all voices.
   */
  conditioning(voices: Float32Array, text: NativeRows, abort: NativeAbortFlag): Promise<Float32Array>
  stepLogits(
    textIds: Int32Array,
    voice: Float32Array,
    codes: Int32Array,
    positions: NativePositions,
    abort: NativeAbortFlag,
  ): Promise<Float32Array>
  /** Latents [codes, width] of a row of codes: Session::latents in clvp.h. */
  latents(
    prompt: NativePrompt,
    codes: Int32Array,
    positions: NativePositions,
    abort: NativeAbortFlag,
  ): Promise<Float32Array>
  encode(tower: 'text' | 'speech', input: NativeForward, abort: NativeAbortFlag): Promise<NativeEncoderOutput>
  decode(input: NativeDecoderForward, abort: NativeAbortFlag): Promise<NativeDecoderOutput>
  embedText(textIds: Int32Array, abort: NativeAbortFlag): Promise<Float32Array>
  embedSpeech(rows: Int32Array[], abort: NativeAbortFlag): Promise<Float32Array>
  /** Scores of rows against a text, with the embeddings of both. */
  score(textIds: Int32Array, rows: Int32Array[], abort: NativeAbortFlag): Promise<NativeSimilarity>
  /** Codes of a recording at the model's sample rate: Session::encode_audio in clvp.h. */
  encodeAudio(samples: Float32Array, abort: NativeAbortFlag): Promise<Int32Array>
  /** Codes of features as `condition` takes them, by the discrete VAE's encoder. */
  encodeMel(mel: NativeMel, abort: NativeAbortFlag): Promise<Int32Array>
  codesToMel(codes: Int32Array): Promise<NativeMel>
  preview(codes: Int32Array, iterations: number, abort: NativeAbortFlag): Promise<NativeAudio>
  speechMel(samples: Float32Array): Promise<NativeMel>
  conditionSpeech(mels: readonly NativeMel[], abort: NativeAbortFlag): Promise<Float32Array>
  diffusionPass(pass: NativePass, abort: NativeAbortFlag): Promise<NativeMel>
  diffuse(request: NativeDiffusion, abort: NativeAbortFlag, hooks: NativeProgress): Promise<NativeMel>
  vocode(request: NativeVocoding, abort: NativeAbortFlag, hooks: NativeProgress): Promise<Float32Array>
  hifigan(request: NativeHifigan, abort: NativeAbortFlag, hooks: NativeProgress): Promise<Float32Array>
  /** Session::hifigan_parts in clvp.h. */
  hifiganParts(latents: number, isEnd: boolean): number | Promise<number>
  randomVoice(
    which: 'decoder' | 'diffusion',
    seed: number,
    noise: Float32Array | undefined,
    abort: NativeAbortFlag,
  ): Promise<Float32Array>
  /** true sums up the inputs of the weight matrices from now on; false stops and discards the sums. */
  collectImportance(on: boolean): Promise<void>
  importance(): Promise<NativeImportance[]>
  /** Ends all calls soon, with CLVP_DISPOSED, and refuses later ones. */
  close(): void
  /** Calls close() and waits for the threads. */
  dispose(): void
  threads(): number
}

/** The inputs of a weight matrix, summed up. */
export interface NativeImportance {
  name: string
  /** Number of input rows (tokens). */
  rows: number
  /** Mean square of each input column. */
  meanSquares: Float32Array
}

/** The type of keys and values: SessionOptions::kv_type in clvp.h. */
export type KvType = 'auto' | 'f32' | 'f16' | 'q8_0'

export interface NativeAbortFlag {
  abort(): void
}
