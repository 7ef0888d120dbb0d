/** The native contract: the types that the addon takes and returns. clvp.h documents their meaning. */

/** Mel frames that one speech code stands for; frames_per_code of clvp.h. */
export const framesPerCode = 4

export interface NativeMel {
  /** [channels, frames], frames contiguous. */
  data: Float32Array
  channels: number
  frames: number
}

/** Mono samples in [-1, 1]; the rate in Hz. */
export interface NativeAudio {
  samples: Float32Array
  sampleRate: number
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
  prefixPositions: PrefixPositions
  sampling: NativeSampling
  limits: NativeLimits
  record: NativeRecording
}

export interface NativeGenerateOptions extends NativeDrawOptions {
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

/** The prefix that the decoder continues; see Prompt in clvp.h. */
export type NativePrompt =
  /** A text (without bos and stop) in a voice. */
  | { textIds: Int32Array; voice: Float32Array }
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

/** Rows of one length: ids, or embeddings in their place. */
export interface NativeRows {
  rows: number
  tokens: number
  /** [rows, tokens] */
  ids?: Int32Array | undefined
  /** [rows, tokens, width] */
  embeds?: Float32Array | undefined
  /** [rows, tokens], for a decoder with a past [rows, past + tokens]; 0 hides. */
  mask?: Int32Array | undefined
  /** [rows, tokens]; default: 0, 1, 2, ..., behind a past from its length on. */
  positions?: Int32Array | undefined
}

/** Rows of one length, and which outputs to return in full. */
export interface NativeForward extends NativeRows {
  hiddenStates: boolean
  attentions: boolean
}

export interface NativeDecoderForward extends NativeForward {
  /** Token type ids [rows, tokens], embedded as tokens and added. */
  types?: Int32Array | undefined
  past?: NativePast | undefined
  /** Return a past. */
  keep: boolean
  /** Return logits. */
  logits: boolean
}

/** Keys and values of rows of tokens. Immutable: a call that continues from a past returns a new one. */
export interface NativePast {
  readonly rows: number
  readonly tokens: number
  /** Frees the memory at once; otherwise garbage collection does. */
  dispose(): void
}

/** Embeddings, then each layer's output, of which the last is after the final norm. */
export interface NativeOutput {
  /** [rows, tokens, width] */
  lastHidden: Float32Array
  hiddenStates: Float32Array[]
  /** Each layer's [rows, heads, tokens, keys]. */
  attentions: Float32Array[]
}

export interface NativeEncoderOutput extends NativeOutput {
  /** [rows, width] */
  pooled: Float32Array
  /** [rows, projection], not normalised. */
  embeds: Float32Array
}

export interface NativeDecoderOutput extends NativeOutput {
  /** [rows, tokens, vocab]; empty unless `logits` is set. */
  logits: Float32Array
  past?: NativePast
}

export interface NativeSimilarity {
  /** [texts, width] and [rows, width], of length 1. */
  text: Float32Array
  speech: Float32Array
  /** [texts, rows]: cosine * exp(logit scale). */
  scores: Float32Array
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

export interface NativeInfo {
  name: string
  type: string
  device: string
  /** Are these parts loaded? */
  decoder: boolean
  ranker: boolean
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
  maxTokens: number
  logitScale: number
  /** Codes that the codebook has frames for; 0 for a model without one. */
  codebookCodes: number
}

export type NativeHeld = boolean | number | string | string[] | Int32Array | Float32Array

/** ModelOptions in clvp.h. */
export interface NativeLoadOptions {
  device: string
  decoder: boolean
  ranker: boolean
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
    prefixPositions: PrefixPositions,
    abort: NativeAbortFlag,
  ): Promise<Float32Array>
  encode(tower: 'text' | 'speech', input: NativeForward, abort: NativeAbortFlag): Promise<NativeEncoderOutput>
  decode(input: NativeDecoderForward, abort: NativeAbortFlag): Promise<NativeDecoderOutput>
  embedText(textIds: Int32Array, abort: NativeAbortFlag): Promise<Float32Array>
  embedSpeech(rows: Int32Array[], abort: NativeAbortFlag): Promise<Float32Array>
  codesToMel(codes: Int32Array): Promise<NativeMel>
  preview(codes: Int32Array, iterations: number, abort: NativeAbortFlag): Promise<NativeAudio>
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

/** A tensor to write, and the weight of an error in each column: NewTensor in clvp.h. */
interface NativeNewTensor extends NativeTensor {
  importance?: Float32Array | undefined
}

/** How a tensor of file a differs from file b's: TensorDifference in clvp.h. */
export interface NativeTensorDifference {
  name: string
  typeA: string
  typeB: string
  dims: number[]
  maxError: number
  squareError: number
  squareA: number
  squareB: number
  dot: number
}

export interface NativeWriter {
  /** `source`: the type of `data`, any tensor type. */
  append(data: Uint8Array, source: string, columnsTransposed: number): Promise<void>
  finish(): Promise<void>
  abort(): void
  close(): void
}

export interface NativeVerification {
  /** `tensor` is empty if the fault concerns the file as a whole. */
  faults: { tensor: string; what: string }[]
  /** As stated in the header; empty for a file without checksums. */
  checksum: string
  /** Keys and values of the header; empty if it could not be read. */
  values: Record<string, NativeHeld>
  /** Size of the file. */
  bytes: number
  tensors: number
}

export interface NativeFile {
  values: Record<string, NativeHeld>
  /** Types of the values, as in NativeValue. */
  valueTypes: Record<string, NativeValue['type']>
  /** `offset`: where the data starts in the file. */
  tensors: (NativeTensor & { bytes: number; offset: number })[]
  bytes: number
}

interface NativeDevice {
  name: string
  description: string
  kind: string
  memoryFree: number
  memoryTotal: number
}

/** The code that computes on the CPU; Kernels in clvp.h. */
interface NativeKernels {
  variant: string
  /** Empty where the kernels are built into the addon. */
  library: string
  features: string[]
  ggml: string
}

/** The type of keys and values: SessionOptions::kv_type in clvp.h. */
export type KvType = 'auto' | 'f32' | 'f16' | 'q8_0'

export interface NativeAbortFlag {
  abort(): void
}

export interface Binding {
  Session: new (model: NativeModel, threads: number, kvType: KvType) => NativeSession
  Writer: new (
    path: string,
    values: Record<string, NativeValue>,
    tensors: NativeNewTensor[],
    threads: number,
  ) => NativeWriter
  AbortFlag: new () => NativeAbortFlag
  devices(): NativeDevice[]
  /** Sets the kernels of the whole process: a later call may not name another variant. Called by addon.ts. */
  loadKernels(folder: string, variant: string): void
  kernels(): NativeKernels
  /** The largest values that calls may request: clvp/limits.h. */
  limits(): Record<string, number>
  inspect(path: string): Promise<NativeFile>
  loadModel(
    path: string,
    options: NativeLoadOptions,
    abortFlag: NativeAbortFlag,
    onProgress?: (fraction: number) => void,
  ): Promise<NativeModel>
  verify(
    path: string,
    threads: number,
    abortFlag: NativeAbortFlag,
    onProgress?: (fraction: number) => void,
  ): Promise<NativeVerification>
  /** Compares the tensors that two files share by name. */
  compareTensors(
    a: string,
    b: string,
    abortFlag: NativeAbortFlag,
    onProgress?: (fraction: number) => void,
  ): Promise<NativeTensorDifference[]>
  decodeAudio(bytes: Uint8Array, maxSeconds: number, sampleRate: number): Promise<Float32Array>
  resample(samples: Float32Array, from: number, to: number): Promise<Float32Array>
  /** Features of `length` samples: longer input is cut, shorter input is padded with silence. */
  melFeatures(samples: Float32Array, params: NativeMelParams, length: number): Promise<NativeMel>
  warpLogits(logits: Float32Array, seen: Int32Array, sampling: NativeSampling): Float32Array
  fixCodes(info: NativeInfo, rows: Int32Array[], stopped: boolean[], padTo: number): Int32Array[]
  /** Normalises embeddings to unit length, and scores all pairs. */
  similarity(info: NativeInfo, text: Float32Array, speech: Float32Array): NativeSimilarity
  /** Stops all work and waits for its threads; afterwards every call rejects. */
  stopWorkers(): void
}
