/** transformers' generation options: their defaults, those of a checkpoint, and their check. */
import type {
  EarlyStopping,
  NativeHeld,
  NativeInfo,
  NativeSampling,
  PrefixPositions,
} from '../addon/binding.js'
import { abortSignal, boolean, integer, number, oneOf, pick } from '../base/check.js'
import { ClvpError, invalid } from '../base/errors.js'
import { prefixPositions } from '../clvp/generate_options.js'
import { readSampling } from '../config/sampling.js'
import { functions, type LogitsProcessor, type StoppingCriteria } from '../session/caller_hooks.js'
import { readIdRows } from './arrays.js'

/** Is told the ids as they are drawn: first what is written before them, then one at a time. */
export interface Streamer {
  put(ids: Int32Array): void
  end(): void
}

/** Options that a generation_config.json can hold too. */
export interface GenerationSettings {
  /** Draw tokens; default false: always the likeliest. */
  doSample?: boolean | undefined
  /** Divides the scores, 0.001 to 1000; default 1. With doSample. */
  temperature?: number | undefined
  /** Keeps the k likeliest, and equals of the last; default 50, 0 for all. With doSample. */
  topK?: number | undefined
  /** Keeps the likeliest that together have this probability; default 1 for all. With doSample. */
  topP?: number | undefined
  /** Keeps those at least this fraction as likely as the likeliest; default 0 for all. With doSample. */
  minP?: number | undefined
  /** Keeps those nearest the expected surprise that together have this probability; default 1 for all. With doSample. */
  typicalP?: number | undefined
  /** Divides positive scores of ids already there, and multiplies negative ones; 0.001 to 1000, default 1. */
  repetitionPenalty?: number | undefined
  /** No run of this many ids comes twice; default 0 for any repetition. */
  noRepeatNgramSize?: number | undefined
  /** Runs of ids that are not drawn. */
  badWordsIds?: readonly (readonly number[])[] | undefined
  /** Ids that are not drawn. */
  suppressTokens?: readonly number[] | undefined
  /** Tokens before a stop may be drawn; default 0. */
  minNewTokens?: number | undefined
  /** Most tokens, the stop included; default: as many as there are positions for. */
  maxNewTokens?: number | undefined
  /** As minNewTokens, with what is before the drawn tokens counted as transformers counts it. Default 0. */
  minLength?: number | undefined
  /** As maxNewTokens, with what is before the drawn tokens counted as transformers counts it. */
  maxLength?: number | undefined
  /** Rows for each text; more than one with doSample or beams. Default 1. */
  numReturnSequences?: number | undefined
  /** Beams of a beam search, 1 (default, none) to 256. */
  numBeams?: number | undefined
  /** With beams: a row's score is divided by its length to this power; -2 to 10, default 1. */
  lengthPenalty?: number | undefined
  /** With beams: end as soon as enough rows have ended (true), when no other is likely to beat them (false, default), or can ('never'). */
  earlyStopping?: EarlyStopping | undefined
  /** The id or ids that end a row; default: the decoder's. */
  eosTokenId?: number | readonly number[] | undefined
  /** What shorter rows are padded with; default: the first eosTokenId. */
  padTokenId?: number | undefined
}

/** Options of the lower layer's generate: transformers', in camelCase, and what there is beyond. */
export interface GenerationOptions extends GenerationSettings {
  /** The settings to start from, in place of the model's own `generationConfig`. */
  generationConfig?: GenerationSettings | undefined
  /** With doSample: 0 to 2^53 - 1; default: a random one. */
  seed?: number | undefined
  /** How many rows of one text are decoded together, 1 to 1,024; default 16. Without beams. */
  batchSize?: number | undefined
  /** The same rounding however many rows are decoded together; default false. Without beams. */
  deterministic?: boolean | undefined
  /** How positions touch what the conditioning encoder gives; default 'transformers'. See docs/semantics.md. */
  prefixPositions?: PrefixPositions | undefined
  logitsProcessor?: LogitsProcessor | readonly LogitsProcessor[] | undefined
  stoppingCriteria?: StoppingCriteria | readonly StoppingCriteria[] | undefined
  /** For one text, one row and no beams. */
  streamer?: Streamer | undefined
  /** Give each step's scores back: what was drawn from. */
  outputScores?: boolean | undefined
  /** Give each step's logits back. */
  outputLogits?: boolean | undefined
  /** Give each step's hidden states back. */
  outputHiddenStates?: boolean | undefined
  /** Give each step's attention weights back. */
  outputAttentions?: boolean | undefined
  /** Stops the call with CLVP_ABORTED. */
  signal?: AbortSignal | undefined
}

/** Options after defaults and checks. */
export interface GenerationPlan {
  sample: boolean
  sampling: NativeSampling
  noRepeatNgram: number
  badWords: Int32Array[]
  suppress: Int32Array
  minNewTokens: number | undefined
  maxNewTokens: number | undefined
  minLength: number
  maxLength: number | undefined
  /** Rows for each text. */
  sequences: number
  beams: number
  lengthPenalty: number
  earlyStopping: EarlyStopping
  stops: Int32Array
  pad: number
  seed: number | undefined
  batchSize: number
  deterministic: boolean
  prefixPositions: PrefixPositions
  processors: readonly LogitsProcessor[]
  criteria: readonly StoppingCriteria[]
  streamer: Streamer | undefined
  record: { scores: boolean; logits: boolean; hiddenStates: boolean; attentions: boolean }
  signal: AbortSignal | undefined
}

const samplingNames = ['temperature', 'topK', 'topP', 'minP', 'typicalP'] as const
const beamNames = ['lengthPenalty', 'earlyStopping'] as const
const settingNames = [
  'doSample',
  ...samplingNames,
  'repetitionPenalty',
  'noRepeatNgramSize',
  'badWordsIds',
  'suppressTokens',
  'minNewTokens',
  'maxNewTokens',
  'minLength',
  'maxLength',
  'numReturnSequences',
  'numBeams',
  ...beamNames,
  'eosTokenId',
  'padTokenId',
] as const
export const generationNames = [
  ...settingNames,
  'generationConfig',
  'seed',
  'batchSize',
  'deterministic',
  'prefixPositions',
  'logitsProcessor',
  'stoppingCriteria',
  'streamer',
  'outputScores',
  'outputLogits',
  'outputHiddenStates',
  'outputAttentions',
  'signal',
] as const

type Given = Readonly<Partial<Record<(typeof generationNames)[number], unknown>>>

const defaults = {
  doSample: false,
  temperature: 1,
  topK: 50,
  topP: 1,
  minP: 0,
  typicalP: 1,
  repetitionPenalty: 1,
  noRepeatNgramSize: 0,
  minLength: 0,
  numReturnSequences: 1,
  numBeams: 1,
  lengthPenalty: 1,
  earlyStopping: false,
} as const

/** Reads a call's options over the settings of `base`. */
export function readGenerationOptions(
  given: Given,
  base: GenerationSettings,
  info: NativeInfo,
): GenerationPlan {
  const own =
    given.generationConfig === undefined
      ? base
      : pick(given.generationConfig, settingNames, 'generationConfig')
  const from: Given = { ...defaults, ...without(own, given), ...settings(given) }
  const sample = boolean(from.doSample, 'doSample')
  const beams = integer(from.numBeams, 'numBeams', 1, 256)
  refuseIdle(given, sample, beams)
  const stops =
    from.eosTokenId === undefined ? Int32Array.of(info.eos) : ids(from.eosTokenId, 'eosTokenId', info)
  return {
    sample,
    sampling: samplingOf(from, sample),
    noRepeatNgram: integer(from.noRepeatNgramSize, 'noRepeatNgramSize', 0, 2 ** 16),
    badWords: readWords(from.badWordsIds, info),
    suppress:
      from.suppressTokens === undefined ? new Int32Array() : ids(from.suppressTokens, 'suppressTokens', info),
    minNewTokens: optionalCount(from.minNewTokens, 'minNewTokens', 0),
    maxNewTokens: optionalCount(from.maxNewTokens, 'maxNewTokens', 1),
    minLength: integer(from.minLength, 'minLength', 0, 2 ** 31 - 1),
    maxLength: optionalCount(from.maxLength, 'maxLength', 1),
    sequences: readSequences(from.numReturnSequences, sample, beams),
    beams,
    lengthPenalty: number(from.lengthPenalty, 'lengthPenalty', -2, 10),
    earlyStopping: readEarlyStopping(from.earlyStopping),
    stops,
    pad:
      from.padTokenId === undefined
        ? stops[0]!
        : integer(from.padTokenId, 'padTokenId', 0, info.decoderVocab - 1),
    seed: given.seed === undefined ? undefined : integer(given.seed, 'seed', 0, Number.MAX_SAFE_INTEGER),
    batchSize: given.batchSize === undefined ? 16 : integer(given.batchSize, 'batchSize', 1, 1024),
    deterministic: given.deterministic !== undefined && boolean(given.deterministic, 'deterministic'),
    prefixPositions: oneOf(given.prefixPositions ?? 'transformers', 'prefixPositions', prefixPositions),
    processors: functions<LogitsProcessor>(given.logitsProcessor, 'logitsProcessor'),
    criteria: functions<StoppingCriteria>(given.stoppingCriteria, 'stoppingCriteria'),
    streamer: readStreamer(given.streamer),
    record: {
      scores: given.outputScores !== undefined && boolean(given.outputScores, 'outputScores'),
      logits: given.outputLogits !== undefined && boolean(given.outputLogits, 'outputLogits'),
      hiddenStates:
        given.outputHiddenStates !== undefined && boolean(given.outputHiddenStates, 'outputHiddenStates'),
      attentions: given.outputAttentions !== undefined && boolean(given.outputAttentions, 'outputAttentions'),
    },
    signal: abortSignal(given.signal, 'signal'),
  }
}

/** A call's maxLength or minLength goes before the base's count of new tokens. (transformers lets the base win, with a warning.) */
function without(base: Given, { maxLength, minLength }: Given): Given {
  const { maxNewTokens, minNewTokens, ...rest } = base
  return {
    ...rest,
    ...(maxLength === undefined && maxNewTokens !== undefined && { maxNewTokens }),
    ...(minLength === undefined && minNewTokens !== undefined && { minNewTokens }),
  }
}

function settings(given: Given): Given {
  return Object.fromEntries(
    settingNames.flatMap((name) => (given[name] === undefined ? [] : [[name, given[name]]])),
  )
}

/** An option that could not act, and is not at the value which does nothing, is an error: transformers only warns of it. */
function refuseIdle(given: Given, sample: boolean, beams: number): void {
  const refuse = (names: readonly (keyof Given)[], what: string) => {
    for (const name of names) {
      const idle = given[name] === undefined || given[name] === defaults[name as keyof typeof defaults]
      if (idle) continue
      const hint = `Expected no ${name} ${what} but received one: leave it out`
      throw new ClvpError('CLVP_INVALID_ARGUMENT', hint)
    }
  }
  if (!sample) refuse([...samplingNames, 'seed'], 'without doSample')
  if (beams === 1) refuse(beamNames, 'without numBeams')
  else refuse(['batchSize', 'deterministic', 'streamer'], 'with numBeams')
}

/** Without doSample the likeliest is taken, which for the core is a temperature of 0. */
function samplingOf(from: Given, sample: boolean): NativeSampling {
  number(from.temperature, 'temperature', 1e-3, 1e3)
  return readSampling(sample ? from : { ...from, temperature: 0 })
}

function readSequences(value: unknown, sample: boolean, beams: number): number {
  const most = beams > 1 ? beams : sample ? 65536 : 1
  if (typeof value === 'number' && Number.isInteger(value) && value > most) {
    const why = beams > 1 ? `${beams} beams` : 'neither doSample nor beams'
    throw invalid(`at most ${most}, with ${why},`, 'numReturnSequences', value)
  }
  return integer(value, 'numReturnSequences', 1, most)
}

function readEarlyStopping(value: unknown): EarlyStopping {
  if (typeof value === 'boolean' || value === 'never') return value
  throw invalid("true, false or 'never'", 'earlyStopping', value)
}

function optionalCount(value: unknown, name: string, min: number): number | undefined {
  return value === undefined ? undefined : integer(value, name, min, 2 ** 31 - 1)
}

/** One id or several, all in the decoder's vocabulary. */
function ids(value: unknown, name: string, info: NativeInfo): Int32Array {
  const list = typeof value === 'number' ? [value] : value
  return readIdRows(list, name, 0, info.decoderVocab - 1).data
}

function readWords(value: unknown, info: NativeInfo): Int32Array[] {
  if (value === undefined) return []
  if (!Array.isArray(value)) throw invalid('an array of arrays of ids', 'badWordsIds', value)
  return value.map((word: unknown, i) => {
    if (!Array.isArray(word)) throw invalid('an array of ids', `badWordsIds[${i}]`, word)
    return ids(word, `badWordsIds[${i}]`, info)
  })
}

function readStreamer(value: unknown): Streamer | undefined {
  if (value === undefined) return undefined
  const { put, end } = (typeof value === 'object' && value !== null ? value : {}) as Partial<Streamer>
  if (typeof put !== 'function' || typeof end !== 'function') {
    throw invalid('an object with the methods put and end', 'streamer', value)
  }
  return value as Streamer
}

// --- a checkpoint's own ------------------------------------------------------------------------------------------------

/** Settings of transformers that change what is drawn, that there are none of here, and the values at which they rest. */
const foreign: Readonly<Record<string, readonly unknown[]>> = {
  begin_suppress_tokens: [],
  constraints: [],
  diversity_penalty: [0],
  encoder_no_repeat_ngram_size: [0],
  encoder_repetition_penalty: [1],
  epsilon_cutoff: [0],
  eta_cutoff: [0],
  exponential_decay_length_penalty: [],
  force_words_ids: [],
  forced_bos_token_id: [],
  forced_eos_token_id: [],
  guidance_scale: [1],
  num_beam_groups: [1],
  penalty_alpha: [0],
  remove_invalid_values: [false],
  renormalize_logits: [false],
  sequence_bias: [],
  token_healing: [false],
  top_h: [],
  watermarking_config: [],
}

/** What a model file says of its checkpoint's generation_config.json, if it had one. */
export function checkpointSettings(json: NativeHeld | undefined): GenerationSettings {
  if (typeof json !== 'string') return Object.freeze({})
  const bad = (reason: string, cause?: unknown) =>
    new ClvpError(
      'CLVP_MODEL_FORMAT',
      `The model file's generation_config ${reason}: mend it and convert again`,
      {
        cause,
      },
    )
  let config: unknown
  try {
    config = JSON.parse(json)
  } catch (cause) {
    throw bad('is not JSON', cause)
  }
  if (typeof config !== 'object' || config === null || Array.isArray(config)) throw bad('is no object')
  const values = config as Readonly<Record<string, unknown>>
  for (const [name, rest] of Object.entries(foreign)) {
    if (values[name] === undefined || values[name] === null || rest.includes(values[name])) continue
    throw new ClvpError(
      'CLVP_UNSUPPORTED',
      `The model file's generation_config sets ${name}, which is not supported`,
    )
  }
  const own = settingNames.flatMap((name) => {
    const value = values[name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)]
    return value === undefined || value === null ? [] : [[name, value]]
  })
  return Object.freeze(Object.fromEntries(own))
}
