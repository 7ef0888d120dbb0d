/** Options of Clvp.load and Clvp.generate: their defaults, and their check against a model. */
import type { EarlyStopping, KvType, NativeInfo, NativeSampling, PrefixPositions } from '../addon/binding.js'
import { allParts, type Part, readParts } from '../addon/parts.js'
import { type ModelType, modelTypes } from '../addon/weight_types.js'
import { Voice } from '../audio/voice.js'
import { abortSignal, boolean, callback, integer, number, oneOf, pick, string } from '../base/check.js'
import { ClvpError, invalid } from '../base/errors.js'
import { readSampling, samplingNames } from '../config/sampling.js'
import { readRevision } from '../hub/id.js'
import { functions, type LogitsProcessor } from '../session/caller_hooks.js'
import { defaultMaxCalls } from '../session/gate.js'
import { type Preset, presetNames, presets } from './presets.js'

/** How far a call has come. */
export interface Progress {
  /** 'download' only where files are fetched from the hub, 'convert' only where a checkpoint is converted. */
  stage: 'download' | 'convert' | 'load' | 'generate' | 'rank'
  /** Of the stage, 0 to 1; of a download, in bytes. 'generate' counts towards `maxTokens`, so it ends early when the candidates do. */
  fraction: number
}

export interface LoadOptions {
  /**
   * 'auto' (default): the first of `devices()` that has room; or 'cpu', 'cuda', 'metal', 'vulkan', one of several ('cuda:1'), or
   * a device's name or kind as `devices()` gives them. CLVP_DEVICE if it is not there or has no room: docs/devices.md.
   */
  device?: string | undefined
  /** The parts to load; default both. Calls that need another reject with CLVP_UNSUPPORTED: docs/small-machines.md. */
  parts?: readonly Part[] | undefined
  /**
   * Uses the file's pages as the weights instead of reading them into memory of their own; CPU only, default false. The file
   * must not change while it is loaded: a write to it changes the results, and cutting it ends the process.
   */
  mmap?: boolean | undefined
  /**
   * Runs the model in a process of its own; default false. Should that end, by a fault, a signal or for want of memory, this one goes on:
   * the calls it was busy with reject with CLVP_DEVICE, and the next starts another. What passes between the two is copied. Models do not
   * give pasts (`pastKeyValues`) then: docs/security.md.
   */
  isolate?: boolean | undefined
  /** Threads of the CPU, 1 to 512; default: the physical cores that the process may use. */
  threads?: number | undefined
  /**
   * Of the decoder's keys and values while candidates are drawn. 'auto' (default): F32 for an F32 model, else F16. 'q8_0' takes half
   * of F16's memory, and needs the CPU and heads of a multiple of 32.
   */
  kvType?: KvType | undefined
  /**
   * For a folder or a hub id: the type its weights are converted to (default 'f16'); 'auto' takes one that suits the device and the
   * memory: docs/performance.md. For a .gguf file: must be its own, or 'auto' for any.
   */
  type?: ModelType | 'auto' | undefined
  /**
   * Bytes that the model and any call may take at most, 1 or more; default: no limit. `info.estimateMemory` tells what that is: Node
   * itself, which has some 60 MB, does not count. transformers' classes look at the weights alone.
   */
  maxMemory?: number | undefined
  /**
   * Calls that may run and wait at a time, 1 to 1,000,000; default 1,024. One more is refused at once with CLVP_BUSY: a server then tells
   * its caller to come back, instead of keeping ever more of them waiting.
   */
  maxCalls?: number | undefined
  /** For a hub id only: a branch, a tag or a commit; default 'main'. */
  revision?: string | undefined
  /** Called on the JavaScript thread; it must not throw. */
  onProgress?: ((progress: Progress) => void) | undefined
  /** Stops the load with CLVP_ABORTED. */
  signal?: AbortSignal | undefined
}

export interface GenerateOptions {
  /** Made by `voice()` of the same model. */
  voice: Voice
  /** How many are drawn, 1 to 65,536; default: the preset's, or 16. */
  candidates?: number | undefined
  /** tortoise's numbers of candidates: ultra_fast 16, fast 96, standard 256, high_quality 256. */
  preset?: Preset | undefined
  /** 0 to 2^53 - 1; default: a random one, which the result tells. */
  seed?: number | undefined
  // The sampling settings; their defaults are `info.sampling`: tortoise's, given here, unless the checkpoint brings its own.
  /**
   * Divides the logits, 0.001 to 1000; default 0.8. 0 takes the most likely code always (greedy), whatever the other sampling
   * options but repetitionPenalty say.
   */
  temperature?: number | undefined
  /** Keeps the k most likely, and equals of the last; default 50, 0 for all. */
  topK?: number | undefined
  /** Keeps the most likely that together have this probability, 0 to 1; default 0.8, 1 for all. */
  topP?: number | undefined
  /** Keeps those at least this fraction as likely as the likeliest, 0 to 1; default 0 for all. */
  minP?: number | undefined
  /** Keeps those nearest the expected surprise that together have this probability, above 0 to 1; default 1 for all. */
  typicalP?: number | undefined
  /** Divides positive logits of codes already drawn, and multiplies negative ones; 0.001 to 1000, default 2, 1 for none. */
  repetitionPenalty?: number | undefined
  /** Most codes of a candidate, 1 to `info.maxTokens`; the stop counts as one. Default: the smaller of that and 500. */
  maxTokens?: number | undefined
  /** Pads the rows to at least this many codes before ranking, as tortoise does with 500; at most 4,096, default 0: the longest row. */
  padTo?: number | undefined
  /** How many of the best are given back; default: all. */
  keep?: number | undefined
  /**
   * How many are decoded together, 1 to 1,024. More are faster and take more memory. Default 'auto': 16, or as many as stay within
   * `maxMemory`.
   */
  batchSize?: number | 'auto' | undefined
  /** Bytes that the model and this call, which is then drawn by itself, may take at most; default: what `load` was given. */
  maxMemory?: number | undefined
  /**
   * Which scores are computed. 'all' (default): `score` and `soloScore`. 'rank': `score` alone, which is about half the work.
   * 'none': nothing is ranked, and the candidates come in the order of their indices. A score that is not computed is NaN.
   */
  scores?: ScoreKind | undefined
  /**
   * Exactly the same codes for candidate k whatever `candidates`, `batchSize` and `threads` are; default false: the same but
   * for rounding. Exact with F32 weights on the CPU: docs/semantics.md.
   */
  deterministic?: boolean | undefined
  /**
   * Beam search instead of drawing: the likeliest rows of this many beams, 2 to 256. `candidates` is then how many of them are
   * ranked, by default all. The ways on are drawn only if a temperature is given, with all sampling options. Not
   * together with `batchSize`, `deterministic` and `preset`; stream() tells no tokens, since a beam's past can change.
   */
  beams?: number | undefined
  /** With beams: a row's likelihood is divided by its length to this power; -2 to 10, default 1. */
  lengthPenalty?: number | undefined
  /** With beams: end as soon as enough rows have ended (true), when no other is likely to beat them (false, default), or can ('never'). */
  earlyStopping?: EarlyStopping | undefined
  /**
   * How the decoder's learned positions touch the prefix. 'transformers' (default) equals transformers 5.23 id by id;
   * 'cancelled' is what tortoise trained with, and better for its weights: docs/semantics.md.
   */
  prefixPositions?: PrefixPositions | undefined
  /**
   * Changes scores between the repetition penalty and the warpers. Each step waits for it; its rows are the live candidates by
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
  /** Draw the ways on. */
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

const maxCandidates = 65536
const maxRow = 4096

const loadNames = [
  'device',
  'threads',
  'kvType',
  'type',
  'maxMemory',
  'revision',
  'parts',
  'mmap',
  'isolate',
  'maxCalls',
  'onProgress',
  'signal',
] as const

export function readLoadOptions(value: unknown) {
  const given = pick(value, loadNames, 'options')
  return {
    device: given.device === undefined ? 'auto' : string(given.device, 'device'),
    threads: given.threads === undefined ? 0 : integer(given.threads, 'threads', 1, 512),
    kvType: given.kvType === undefined ? 'auto' : oneOf(given.kvType, 'kvType', kvTypes),
    type: given.type === undefined ? undefined : oneOf(given.type, 'type', [...modelTypes, 'auto'] as const),
    maxMemory: readMaxMemory(given.maxMemory),
    revision: given.revision === undefined ? undefined : readRevision(given.revision),
    parts: given.parts === undefined ? allParts : readParts(given.parts),
    mmap: given.mmap === undefined ? false : boolean(given.mmap, 'mmap'),
    isolate: given.isolate === undefined ? false : boolean(given.isolate, 'isolate'),
    maxCalls:
      given.maxCalls === undefined ? defaultMaxCalls : integer(given.maxCalls, 'maxCalls', 1, 1_000_000),
    onProgress: callback<(progress: Progress) => void>(given.onProgress, 'onProgress'),
    signal: abortSignal(given.signal, 'signal'),
  }
}

function readMaxMemory(value: unknown): number | undefined {
  return value === undefined ? undefined : integer(value, 'maxMemory', 1, Number.MAX_SAFE_INTEGER)
}

export const kvTypes: readonly KvType[] = ['auto', 'f32', 'f16', 'q8_0']

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

/** `sampling` is what the model draws with unless told otherwise. */
export function readGenerateOptions(
  value: unknown,
  info: NativeInfo,
  sampling: NativeSampling,
): GeneratePlan {
  const given = pick(value, [...other, ...counted, ...beamed, ...samplingNames], 'options')
  if (!(given.voice instanceof Voice && given.voice.embedding instanceof Float32Array)) {
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
  const candidates = integer(wanted, 'candidates', 1, beams?.beams ?? maxCandidates)
  const { keep = candidates } = given
  return {
    voice: given.voice,
    candidates,
    seed: given.seed === undefined ? undefined : integer(given.seed, 'seed', 0, Number.MAX_SAFE_INTEGER),
    sampling: readSampling({ ...sampling, ...given }),
    maxTokens: integer(maxTokens, 'maxTokens', 1, info.maxTokens),
    padTo: integer(padTo, 'padTo', 0, maxRow),
    keep: integer(keep, 'keep', 1, maxCandidates),
    batchSize: batchSize === 'auto' ? batchSize : integer(batchSize, 'batchSize', 1, 1024),
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

/** What has no meaning beside what else is given is an error: nothing is accepted and ignored. */
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
    beams: integer(given.beams, 'beams', 2, 256),
    lengthPenalty: number(lengthPenalty, 'lengthPenalty', -2, 10),
    earlyStopping,
    sample,
  }
}
