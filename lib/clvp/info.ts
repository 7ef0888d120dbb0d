/** Information about a loaded model, and estimates of what a call takes. */
import type { NativeSampling, Positions } from '../addon/contract/drawing.js'
import type { NativeHeld } from '../addon/contract/files.js'
import type { KvType, NativeInfo } from '../addon/contract/session.js'
import { framesPerCode } from '../addon/contract/sound.js'
import { speechRate } from '../addon/contract/speech.js'
import { allParts, type Part } from '../addon/parts.js'
import type { ModelIdentity } from '../audio/voice_origin.js'
import { estimateMemory, type MemoryEstimate, type MemoryRequest } from './memory.js'
import { type EncoderKind, encoderOf } from './recordings.js'
import { secondsPerCode } from './result.js'

/** How a model speaks. */
export interface SpeechInfo {
  /** For the option `speech` of speak(): the first is what 'auto' takes. */
  ways: readonly ('hifigan' | 'diffusion')[]
  /** Samples a second of the sound. */
  sampleRate: number
  /** Whether randomVoice() works. */
  randomVoices: boolean
}

/** Sizes and limits of a loaded model. */
export interface ModelInfo {
  /** Name of the folder that the model was converted from. */
  name: string
  /**
   * Identifies the weights, whatever type they are stored in: 16 hexadecimal digits. A voice keeps it. Undefined for a file of an
   * older version, which has no checksums.
   */
  id: string | undefined
  /** Type of the weight matrices, as `weightTypes` lists them. */
  type: string
  /** Name of the device that holds the weights. */
  device: string
  /** The loaded parts; with `parts: 'auto'`, those that can be. */
  parts: readonly Part[]
  /** CPU threads. */
  threads: number
  /** Bytes of the weights in memory; with `parts: 'auto'`, of the largest part. */
  bytes: number
  /** Sample rate in Hz of clips and of the speech that codes stand for. */
  sampleRate: number
  /** Length in seconds of the windows that the conditioning encoder hears; a shorter clip is padded with silence. */
  clipSeconds: number
  /** Most text tokens of one call; bos and stops are not counted. */
  maxTextTokens: number
  /** How the decoder counts positions: the default of `positions`, from the model file. */
  positions: Positions
  /** Most codes of one candidate: the largest `maxTokens`. */
  maxTokens: number
  /** The speech decoder; `vocabulary` counts bos and stop, `stop` is the code that ends a candidate. */
  decoder: { layers: number; width: number; heads: number; vocabulary: number; stop: number }
  /** Tokens that the text encoder has embeddings for. */
  textVocabulary: number
  /** Codes that the speech encoder has embeddings for, and that rank() and embedSpeech() accept. */
  speechVocabulary: number
  /** Length of the vectors from embedText() and embedSpeech(). */
  projection: number
  /** Default sampling settings of generate(): the checkpoint's own, or else tortoise's. */
  sampling: Readonly<{
    repetitionPenalty: number
    temperature: number
    topK: number
    topP: number
    minP: number
    typicalP: number
  }>
  /** Length of the speech that one code stands for, in seconds. */
  secondsPerCode: number
  /**
   * For codesToMel() and preview(): codes 0 to `codes` - 1 have `framesPerCode` mel frames each. Undefined for a model without a
   * codebook, such as the published one.
   */
  codebook: { codes: number; framesPerCode: number } | undefined
  /**
   * What encode() and score() make codes of recordings with: 'dvae', the discrete VAE of the model file; 'codebook', the nearest
   * entry of the codebook. Undefined for a model that has neither, or whose discrete VAE was not loaded.
   */
  encoder: EncoderKind | undefined
  /** What the loaded parts can speak with; `ways` is empty for a model that cannot. docs/speech.md. */
  speech: SpeechInfo
  /** Peak memory of a generate() or speak() call in bytes, by parts: within 10 % of measurements, with sound within a quarter. */
  estimateMemory(request: MemoryRequest): MemoryEstimate
  /** The total of estimateMemory(). */
  estimateBytes(request: MemoryRequest): number
}

export function modelInfo(
  info: NativeInfo,
  values: Readonly<Record<string, NativeHeld>>,
  threads: number,
  sampling: NativeSampling,
  kvType: KvType,
  id: string | undefined,
): ModelInfo {
  const { decoderLayers: layers, decoderWidth: width, codebookCodes: codes } = info
  return {
    name: info.name,
    id,
    type: info.type,
    device: info.device,
    parts: allParts.filter((part) => info[part]),
    threads,
    bytes: info.bytes,
    sampleRate: info.sampleRate,
    clipSeconds: info.clipSeconds,
    maxTextTokens: info.maxTextTokens,
    positions: info.positions,
    maxTokens: info.maxTokens,
    decoder: { layers, width, heads: info.decoderHeads, vocabulary: info.decoderVocab, stop: info.eos },
    textVocabulary: info.textVocab,
    speechVocabulary: info.speechVocab,
    projection: info.projection,
    sampling: Object.freeze({ ...sampling }),
    secondsPerCode: secondsPerCode(info),
    codebook: codes > 0 ? { codes, framesPerCode } : undefined,
    encoder: encoderOf(info),
    speech: speechOf(info),
    estimateMemory: (request) => estimateMemory(info, values, kvType, request),
    estimateBytes: (request) => estimateMemory(info, values, kvType, request).total,
  }
}

/** What a voice keeps of its model, if the model can be told apart. */
export function identityOf({ id, name }: ModelInfo): ModelIdentity | undefined {
  return id === undefined ? undefined : { id, name }
}

function speechOf({ hifigan, diffusion, vocoder, random, speech }: NativeInfo): SpeechInfo {
  const ways = [
    ...(hifigan ? (['hifigan'] as const) : []),
    ...(diffusion && vocoder ? (['diffusion'] as const) : []),
  ]
  return { ways, sampleRate: speechRate, randomVoices: random && speech.random!.decoder > 0 }
}
