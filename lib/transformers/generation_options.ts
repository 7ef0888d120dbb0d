/** transformers' generation options: defaults, a checkpoint's settings, and checks. */

import type { EarlyStopping, NativeInfo, NativeSampling, PrefixPositions } from '../addon/contract.js'
import { abortSignal, boolean, integer, number, oneOf, pick } from '../base/check.js'
import { ClvpError, invalid } from '../base/errors.js'
import { limits } from '../base/limits.js'
import { prefixPositions } from '../clvp/generate_options.js'
import { beamNames, type GenerationSettings, settingNames, warperNames } from '../config/generation_config.js'
import { readSampling } from '../config/sampling.js'
import { functions, type LogitsProcessor, type StoppingCriteria } from '../session/caller_hooks.js'
import { readIdRows } from './arrays.js'

/** Receives ids during generation: first the prompt's ids, then one id at a time. */
export interface Streamer {
  put(ids: Int32Array): void
  end(): void
}

/** Options of generate in transformers' classes: transformers' own in camelCase, and additional ones. */
export interface GenerationOptions extends GenerationSettings {
  /** Default settings instead of the model's `generationConfig`. */
  generationConfig?: GenerationSettings | undefined
  /** With doSample: 0 to 2^53 - 1; default: random. */
  seed?: number | undefined
  /** How many rows of one text are decoded together, 1 to 1,024; default 16. Not with beams. */
  batchSize?: number | undefined
  /** The same rounding whatever number of rows is decoded together; default false. Not with beams. */
  deterministic?: boolean | undefined
  /** How positions apply to the conditioning encoder's output; default 'transformers'. See docs/semantics.md. */
  prefixPositions?: PrefixPositions | undefined
  logitsProcessor?: LogitsProcessor | readonly LogitsProcessor[] | undefined
  stoppingCriteria?: StoppingCriteria | readonly StoppingCriteria[] | undefined
  /** For one text, one row and no beams. */
  streamer?: Streamer | undefined
  /** Return each step's scores after all processors and warpers. */
  outputScores?: boolean | undefined
  /** Return each step's logits. */
  outputLogits?: boolean | undefined
  /** Return each step's hidden states. */
  outputHiddenStates?: boolean | undefined
  /** Return each step's attention weights. */
  outputAttentions?: boolean | undefined
  /** Stops the call with CLVP_ABORTED. */
  signal?: AbortSignal | undefined
}

/** Checked options with defaults. */
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
  /** Rows per text. */
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

/** Reads a call's options, which override the settings of `base`. */
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
  const beams = integer(from.numBeams, 'numBeams', 1, limits.beams)
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
    batchSize:
      given.batchSize === undefined ? 16 : integer(given.batchSize, 'batchSize', 1, limits.batchSize),
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

/**
 * A call's maxLength or minLength overrides the base's count of new tokens. (In transformers the base wins, with a warning.)
 */
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

/** Rejects an option that would have no effect, unless it has its neutral value. transformers only warns. */
function refuseIdle(given: Given, sample: boolean, beams: number): void {
  const refuse = (names: readonly (keyof Given)[], what: string) => {
    for (const name of names) {
      const idle = given[name] === undefined || given[name] === defaults[name as keyof typeof defaults]
      if (idle) continue
      const hint = `Expected no ${name} ${what} but received one: omit it`
      throw new ClvpError('CLVP_INVALID_ARGUMENT', hint)
    }
  }
  if (!sample) refuse([...warperNames, 'seed'], 'without doSample')
  if (beams === 1) refuse(beamNames, 'without numBeams')
  else refuse(['batchSize', 'deterministic', 'streamer'], 'with numBeams')
}

/** Without doSample decoding is greedy, which is temperature 0 in the core. */
function samplingOf(from: Given, sample: boolean): NativeSampling {
  number(from.temperature, 'temperature', 1e-3, 1e3)
  return readSampling(sample ? from : { ...from, temperature: 0 })
}

function readSequences(value: unknown, sample: boolean, beams: number): number {
  const most = beams > 1 ? beams : sample ? limits.candidates : 1
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

/** One id or several, all within the decoder's vocabulary. */
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
