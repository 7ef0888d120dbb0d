/** transformers' generation options: defaults, a checkpoint's settings, and checks. */

import type { EarlyStopping, NativeSampling, Positions } from '../addon/contract/drawing.js'
import type { NativeInfo } from '../addon/contract/session.js'
import { pick } from '../base/check.js'
import { ClvpError, invalid } from '../base/errors.js'
import { abortSignal, boolean, converted, custom, integer } from '../base/kinds.js'
import { limits } from '../base/limits.js'
import {
  defaultsOf,
  namesOf,
  type OptionsOf,
  optionTable,
  readGiven,
  type ValuesOf,
} from '../base/options.js'
import { generateTable } from '../clvp/generate_options.js'
import { type GenerationSettings, settingsTable } from '../config/generation_config.js'
import { seed } from '../config/kinds.js'
import { samplingTable } from '../config/sampling.js'
import { functions, type LogitsProcessor, type StoppingCriteria } from '../session/caller_hooks.js'
import { readIdRows } from './arrays.js'

/** Receives ids during generation: first the prompt's ids, then one id at a time. */
export interface Streamer {
  put(ids: Int32Array): void
  end(): void
}

type Settings = Readonly<Partial<Record<keyof GenerationSettings, unknown>>>

export const generationTable = optionTable({
  /** Default settings instead of the model's `generationConfig`. */
  generationConfig: { kind: converted<GenerationSettings, Settings>(readConfig) },
  /** With doSample: 0 to 2^53 - 1; default: random. */
  seed: { kind: seed, defaultText: 'random' },
  /** How many rows of one text are decoded together, 1 to 1,024; default 16. Not with beams. */
  batchSize: { kind: integer(1, limits.batchSize), default: 16 },
  /** The same rounding whatever number of rows is decoded together; default false. Not with beams. */
  deterministic: { kind: boolean(), default: false },
  /** How positions apply to the conditioning encoder's output; default 'transformers'. See docs/semantics.md. */
  positions: { kind: generateTable.positions.kind, default: 'cached' },
  /** Change the scores of each step. */
  logitsProcessor: { kind: generateTable.logitsProcessor.kind, default: [] },
  /** Decide after each step which rows end. */
  stoppingCriteria: {
    kind: converted<StoppingCriteria | readonly StoppingCriteria[], readonly StoppingCriteria[]>(functions),
    default: [],
  },
  /** For one text, one row and no beams. */
  streamer: { kind: custom<Streamer>(readStreamer) },
  /** Return each step's scores after all processors and warpers; default false. */
  outputScores: { kind: boolean(), default: false },
  /** Return each step's logits; default false. */
  outputLogits: { kind: boolean(), default: false },
  /** Return each step's hidden states; default false. */
  outputHiddenStates: { kind: boolean(), default: false },
  /** Return each step's attention weights; default false. */
  outputAttentions: { kind: boolean(), default: false },
  /** Stops the call with CLVP_ABORTED. */
  signal: { kind: abortSignal() },
})

/** Options of generate in transformers' classes: transformers' own in camelCase, and additional ones. */
export interface GenerationOptions extends GenerationSettings, OptionsOf<typeof generationTable> {}

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
  positions: Positions
  processors: readonly LogitsProcessor[]
  criteria: readonly StoppingCriteria[]
  streamer: Streamer | undefined
  record: { scores: boolean; logits: boolean; hiddenStates: boolean; attentions: boolean }
  signal: AbortSignal | undefined
}

export const generationNames = [...namesOf(settingsTable), ...namesOf(generationTable)]

type Given = Readonly<Partial<Record<(typeof generationNames)[number], unknown>>>

/** Reads a call's options, which override the settings of `base`. */
export function readGenerationOptions(
  given: Given,
  base: GenerationSettings,
  info: NativeInfo,
): GenerationPlan {
  const { generationConfig = base } = given
  const own = readConfig(generationConfig, 'generationConfig')
  const options = readGiven(tableOf(info), { ...without(own, given), ...given })
  const { doSample: sample, numBeams: beams, eosTokenId: stops } = options
  refuseIdle(given, sample, beams)
  return {
    ...options,
    sample,
    sampling: samplingOf(options),
    noRepeatNgram: options.noRepeatNgramSize,
    badWords: options.badWordsIds,
    suppress: options.suppressTokens,
    sequences: checkSequences(options.numReturnSequences, sample, beams),
    beams,
    stops,
    pad: options.padTokenId ?? stops[0]!,
    processors: options.logitsProcessor,
    criteria: options.stoppingCriteria,
    record: {
      scores: options.outputScores,
      logits: options.outputLogits,
      hiddenStates: options.outputHiddenStates,
      attentions: options.outputAttentions,
    },
  }
}

/** All options, with the checks that need a model's vocabulary. */
function tableOf(info: NativeInfo) {
  const list = custom((value, name) => ids(value, name, info))
  return {
    ...settingsTable,
    ...generationTable,
    badWordsIds: { kind: custom((value, name) => readWords(value, name, info)), default: [] },
    suppressTokens: { kind: list, default: new Int32Array() },
    eosTokenId: { kind: list, default: Int32Array.of(info.eos) },
    padTokenId: { kind: integer(0, info.decoderVocab - 1) },
  }
}

function readConfig(value: unknown, name: string): Settings {
  return pick(value, namesOf(settingsTable), name)
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

/** Rejects an option that would have no effect, unless it has its neutral value. transformers only warns. */
function refuseIdle(given: Given, sample: boolean, beams: number): void {
  const neutral = defaultsOf(settingsTable)
  const refuse = (names: readonly (keyof Given)[], what: string) => {
    for (const name of names) {
      const idle = given[name] === undefined || given[name] === neutral[name]
      if (idle) continue
      const hint = `Expected no ${name} ${what} but received one: omit it`
      throw new ClvpError('CLVP_INVALID_ARGUMENT', hint)
    }
  }
  if (!sample) refuse(['temperature', 'topK', 'topP', 'minP', 'typicalP', 'seed'], 'without doSample')
  if (beams === 1) refuse(['lengthPenalty', 'earlyStopping'], 'without numBeams')
  else refuse(['batchSize', 'deterministic', 'streamer'], 'with numBeams')
}

/** Without doSample decoding is greedy, which is temperature 0 in the core. */
function samplingOf(options: ValuesOf<typeof settingsTable>): NativeSampling {
  return readGiven(samplingTable, { ...options, ...(!options.doSample && { temperature: 0 }) })
}

function checkSequences(value: number, sample: boolean, beams: number): number {
  const most = beams > 1 ? beams : sample ? limits.candidates : 1
  if (value <= most) return value
  const why = beams > 1 ? `${beams} beams` : 'neither doSample nor beams'
  throw invalid(`at most ${most}, with ${why},`, 'numReturnSequences', value)
}

/** One id or several, all within the decoder's vocabulary. */
function ids(value: unknown, name: string, info: NativeInfo): Int32Array {
  const list = typeof value === 'number' ? [value] : value
  return readIdRows(list, name, 0, info.decoderVocab - 1).data
}

function readWords(value: unknown, name: string, info: NativeInfo): Int32Array[] {
  if (!Array.isArray(value)) throw invalid('an array of arrays of ids', name, value)
  return value.map((word: unknown, i) => {
    if (!Array.isArray(word)) throw invalid('an array of ids', `${name}[${i}]`, word)
    return ids(word, `${name}[${i}]`, info)
  })
}

function readStreamer(value: unknown, name: string): Streamer {
  const { put, end } = (typeof value === 'object' && value !== null ? value : {}) as Partial<Streamer>
  if (typeof put !== 'function' || typeof end !== 'function') {
    throw invalid('an object with the methods put and end', name, value)
  }
  return value as Streamer
}
