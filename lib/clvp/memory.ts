/**
 * The only estimate of a call's peak memory. scripts/bench/memory.mjs and test/clvp/memory.test.js compare it with what
 * processes really take. The factors below say how many rows of the tower's width GGML's allocator keeps at once for each
 * token; they follow from the graphs in native/src.
 */

import type { NativeHeld } from '../addon/contract/files.js'
import type { KvType, NativeInfo } from '../addon/contract/session.js'
import type { SpeechKind } from '../addon/contract/speech.js'
import { ClvpError } from '../base/errors.js'
import { boolean, choice, integer, number } from '../base/kinds.js'
import { limits } from '../base/limits.js'
import { type OptionsOf, optionTable, readOptions } from '../base/options.js'
import { generateTable } from './generate_options.js'
import { soundMemory } from './sound_memory.js'

export const memoryTable = optionTable({
  /** Number of candidates drawn, or of beams; 1 to 65,536. */
  candidates: {
    kind: generateTable.candidates.kind,
    required: true,
    help: 'with --estimate: candidates drawn; 16 if absent',
    short: 'n',
  },
  /**
   * `maxTokens`, 1 to the model's limit, its positions: the estimate assumes that a candidate gets this long.
   */
  tokens: { kind: generateTable.maxTokens.kind, required: true },
  /** Candidates decoded together, 1 to 1,024; default 16. */
  batchSize: {
    kind: integer(1, limits.batchSize),
    default: 16,
    help: 'with --estimate: candidates decoded together',
  },
  /** Tokens of the text, 1 to the model's limit (`info.maxTextTokens`); default: 100, or the limit if that is less. */
  textTokens: {
    kind: integer(1, "the model's limit"),
    defaultText: '100, or the limit if that is less',
    help: 'with --estimate: length of the text in tokens',
  },
  /** As for generate(); default 'all'. */
  scores: { kind: generateTable.scores.kind, default: 'all' },
  /** As for generate(), 0 to 4,096; default 0. */
  padTo: { kind: generateTable.padTo.kind, default: 0 },
  /** As for generate(); default false. */
  latents: { kind: boolean(), default: false },
  /** As for generate(), 1 to 65,536; default: all. Only `latents` depend on it. */
  keep: { kind: generateTable.keep.kind, defaultText: 'all' },
  /**
   * How the best candidate becomes sound, as for speak(): 'hifigan' or 'diffusion'. Default: no sound, as for
   * generate().
   */
  speech: {
    kind: choice<SpeechKind>(['hifigan', 'diffusion']),
    defaultText: 'no sound',
  },
  /** With `speech: 'diffusion'`: as for speak(), 0 to 100; default 2. Only whether it is 0 counts. */
  guidance: { kind: number(0, 100), defaultText: '2' },
})

/** The properties of a generate() call that determine its memory. */
export interface MemoryRequest extends OptionsOf<typeof memoryTable> {
  /** Number of candidates drawn, or of beams; 1 to 65,536. */
  candidates: number
  /**
   * `maxTokens`, 1 to the model's limit, its positions: the estimate assumes that a candidate gets this long.
   */
  tokens: number
}

/**
 * Peak memory of such calls, one after the other, in bytes, by parts. Not included is what Node, this package and GGML's
 * kernels take before a model is loaded: some 60 MB.
 */
export interface MemoryEstimate {
  weights: number
  /** Keys and values of the prefix, once, and of each candidate of a batch, in whole pages. */
  kvCache: number
  /**
   * The largest of the graphs that make a voice, read the prefix, decode one step, and make latents and sound;
   * they share memory.
   */
  activations: number
  /** Logits of a step, with the copies for drawing. */
  logits: number
  /**
   * Ranking, beyond `activations`, whose memory it shares; and the rows of all candidates, with their
   * latents.
   */
  scoring: number
  /** Spectrograms and samples of a sound, with their copies; 0 without `speech`. */
  sound: number
  /** Graph lists, threads, the tokenizer and JavaScript objects. */
  runtime: number
  /** Sum of all parts. */
  total: number
}

const float = 4
/** Rows added to a text's tokens: voice, bos, two stops, mel start. */
const prefixRows = 5
/** Widths of a tower that are alive at once for each token, at the widest place of its graph. */
const widths = { voice: 6.2, decoder: 13, encoder: 9 }
/** Host copies of a step's logits: as computed, as read, as changed, and one more per row. */
const logitCopies = 4
/** Copies of a candidate's codes: drawn, padded, unpadded; each in the core and in JavaScript. */
const codeCopies = 6
const baseBytes = 8e6
/** V8's heap grows while it reads the vocabulary: measured with 256 and with 3,970 tokens. */
const tokenBytes = 3500

/** The table with the limits of a model. */
function tableOf({ decoderPositions, maxTextTokens }: NativeInfo) {
  const { tokens, textTokens } = memoryTable
  return {
    ...memoryTable,
    tokens: { ...tokens, kind: tokens.kind.upTo(decoderPositions) },
    textTokens: {
      ...textTokens,
      kind: textTokens.kind.upTo(maxTextTokens),
      default: Math.min(100, maxTextTokens),
    },
  }
}

/** Bytes of one number of the keys and values; 'auto' depends on the type of the weights. */
function keyBytes(kvType: KvType, weights: string): number {
  const type = kvType === 'auto' ? (weights === 'f32' ? 'f32' : 'f16') : kvType
  return { f32: 4, f16: 2, q8_0: 34 / 32 }[type]
}

/** @param values keys and values of the model file */
export function estimateMemory(
  info: NativeInfo,
  values: Readonly<Record<string, NativeHeld>>,
  kvType: KvType,
  request: MemoryRequest,
): MemoryEstimate {
  const asked = readOptions(tableOf(info), request, 'the request')
  const {
    candidates,
    tokens,
    batchSize,
    textTokens,
    scores,
    padTo,
    latents,
    speech,
    keep = candidates,
  } = asked
  const rows = Math.min(candidates, batchSize)
  const prefix = textTokens + prefixRows
  const { decoderWidth: width, decoderLayers: layers, decoderHeads: heads, decoderVocab: vocab } = info

  const position = 2 * layers * width * keyBytes(kvType, info.type) // keys and values
  const page = Math.min(tokens, limits.pagePositions)
  const own = Math.ceil((tokens - 1) / page) * page // the last code is not fed back
  const kvCache = position * (prefix + rows * own)

  const frames = (info.clipSeconds * info.sampleRate) / info.hopLength + 1
  const voice = float * widths.voice * width * frames
  const prefill = float * widths.decoder * width * prefix
  const step = float * rows * (widths.decoder * width + 2 * heads * (prefix + tokens) + vocab)
  const length = Math.max(tokens, padTo)
  const read = prefix + length
  const pass = latents || speech ? float * (widths.decoder * width * read + 2 * heads * read ** 2) : 0
  if (asked.guidance !== undefined && speech !== 'diffusion')
    throw new ClvpError(
      'CLVP_INVALID_ARGUMENT',
      `Expected no guidance without speech: 'diffusion' but received ${asked.guidance}: leave it out`,
    )
  const heard = { codes: tokens, isGuided: asked.guidance !== 0 }
  const spoken = speech ? soundMemory(info, values, { kind: speech, ...heard }) : { graph: 0, held: 0 }
  const activations = Math.max(voice, prefill, step, pass, spoken.graph)
  const logits = float * logitCopies * rows * vocab

  const together = Math.max(length, Math.min(limits.scoredTogether, candidates * length))
  const encoder = scores === 'none' ? 0 : float * widths.encoder * info.speechWidth * together
  const hidden = latents ? Math.min(keep, candidates) * length * width : 0
  const kept = float * (candidates * (codeCopies * length + 2 * info.projection) + hidden)
  const scoring = Math.max(0, encoder - activations) + kept

  const runtime = baseBytes + tokenBytes * info.textVocab
  const parts = { weights: info.bytes, kvCache, activations, logits, scoring, sound: spoken.held, runtime }
  const whole = Object.fromEntries(Object.entries(parts).map(([name, bytes]) => [name, Math.round(bytes)]))
  const total = Object.values(whole).reduce((sum, bytes) => sum + bytes, 0)
  return { ...(whole as typeof parts), total }
}

/** The batch size of 'auto': beyond it the time of a step grows with the batch. */
const autoBatchSize = 16

/** A call's batch size and memory limit. */
interface BatchRequest {
  /** A batch size, or 'auto': the largest up to 16 that fits. */
  wanted: number | 'auto'
  candidates: number
  /** The option that the caller can reduce, for messages: 'batchSize' or 'beams'. */
  option: string
  /** In bytes; undefined for no limit. */
  maxMemory: number | undefined
  /** The memory of the call with this batch size. */
  estimate(batchSize: number): MemoryEstimate
}

/**
 * The batch size of a call.
 *
 * @throws ClvpError CLVP_OUT_OF_MEMORY if the wanted batch size does not fit; with 'auto', if a single candidate does not
 */
export function fitBatch({ wanted, candidates, option, maxMemory, estimate }: BatchRequest): number {
  // It may exceed this call's candidates, since other calls share the batch.
  const most = wanted === 'auto' ? autoBatchSize : wanted
  if (maxMemory === undefined) return most
  let size = most
  while (size > 0 && estimate(size).total > maxMemory) size--
  if (size === 0)
    throw tooMuch(
      'one candidate',
      estimate(1),
      maxMemory,
      'use fewer tokens, a shorter text or a smaller type',
    )
  const asked = Math.min(most, candidates)
  if (size < asked && wanted !== 'auto')
    throw tooMuch(
      `${asked} candidates at a time`,
      estimate(asked),
      maxMemory,
      `set ${option} to ${size} or less`,
    )
  return size
}

/** @param what the work that exceeds the limit */
export function tooMuch(
  what: string,
  estimate: MemoryEstimate,
  maxMemory: number,
  remedy: string,
): ClvpError {
  const { total, ...parts } = estimate
  const megabytes = (bytes: number) => `${Math.ceil(bytes / 1e6)} MB`
  const list = Object.entries(parts).map(([name, bytes]) => `${name} ${megabytes(bytes)}`)
  return new ClvpError(
    'CLVP_OUT_OF_MEMORY',
    `Expected a call within maxMemory, ${megabytes(maxMemory)}, but ${what} would take ${megabytes(total)} (${list.join(', ')}): ${remedy}`,
  )
}
