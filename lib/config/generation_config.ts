/** A checkpoint's generation_config.json: the settings that transformers' classes and `Clvp` read from it. */
import type { NativeSampling } from '../addon/contract/drawing.js'
import type { NativeHeld } from '../addon/contract/files.js'
import { ClvpError, reasonOf } from '../base/errors.js'
import { snakeCase } from '../base/fields.js'
import { isObject, type JsonObject, parseJson } from '../base/json.js'
import { boolean, converted, integer, number } from '../base/kinds.js'
import { limits } from '../base/limits.js'
import { namesOf, type OptionsOf, optionTable, readGiven } from '../base/options.js'
import { earlyStopping, lengthPenalty } from './kinds.js'
import { defaultSampling, readSampling, samplingTable } from './sampling.js'

const mostTokens = 2 ** 31 - 1
/** Ids. Their check needs a vocabulary, so the table of a model replaces it. */
const unchecked = (value: unknown) => value

export const settingsTable = optionTable({
  /** Sample tokens; default false: always take the likeliest. */
  doSample: { kind: boolean(), default: false },
  /** Divides the scores, 0.001 to 1,000; default 1. With doSample. */
  temperature: { kind: number(1e-3, 1e3), default: 1 },
  /** Keeps the k likeliest, and ties with the last; 0 to 2^31, default 50, 0 for all. With doSample. */
  topK: { kind: samplingTable.topK.kind, default: 50 },
  /** Keeps the likeliest whose probabilities add up to this, 0 to 1; default 1 for all. With doSample. */
  topP: { kind: samplingTable.topP.kind, default: 1 },
  /** Keeps those at least this fraction as likely as the likeliest, 0 to 1; default 0 for all. With doSample. */
  minP: { kind: samplingTable.minP.kind, default: 0 },
  /** Locally typical sampling: keeps those nearest the entropy whose probabilities add up to this, above 0 to 1; default 1. */
  typicalP: { kind: samplingTable.typicalP.kind, default: 1 },
  /** Divides positive scores of ids that already occur and multiplies negative ones; 0.001 to 1,000, default 1. */
  repetitionPenalty: { kind: samplingTable.repetitionPenalty.kind, default: 1 },
  /** No sequence of this many ids occurs twice; 0 to 65,536, default 0 for no limit. */
  noRepeatNgramSize: { kind: integer(0, 2 ** 16), default: 0 },
  /** Sequences of ids that are never generated. */
  badWordsIds: { kind: converted<readonly (readonly number[])[], unknown>(unchecked) },
  /** Ids that are never generated. */
  suppressTokens: { kind: converted<readonly number[], unknown>(unchecked) },
  /** Fewest new tokens before a stop, 0 to 2^31 - 1; default: what `minLength` leaves. */
  minNewTokens: { kind: integer(0, mostTokens), defaultText: 'what `minLength` leaves' },
  /** Most new tokens, the stop included; 1 to 2^31 - 1, default: as many as fit into the model's positions. */
  maxNewTokens: { kind: integer(1, mostTokens), defaultText: "as many as fit into the model's positions" },
  /** As minNewTokens, but includes the prompt as transformers counts it; 0 to 2^31 - 1, default 0. */
  minLength: { kind: integer(0, mostTokens), default: 0 },
  /** As maxNewTokens, but includes the prompt as transformers counts it; 1 to 2^31 - 1. */
  maxLength: { kind: integer(1, mostTokens) },
  /** Rows per text, 1 to 65,536; more than one needs doSample or beams, and at most as many as beams. Default 1. */
  numReturnSequences: { kind: integer(1, limits.candidates), default: 1 },
  /** Beams of a beam search, 1 to 256; default 1, which is none. */
  numBeams: { kind: integer(1, limits.beams), default: 1 },
  /** With beams: a row's score is divided by its length to this power; -2 to 10, default 1. */
  lengthPenalty: { kind: lengthPenalty, default: 1 },
  /**
   * With beams: stop as soon as enough rows have ended (true), when no other row is likely to beat them (default false), or
   * when no other row can beat them ('never').
   */
  earlyStopping: { kind: earlyStopping, default: false },
  /** The id or ids that end a row; default: the decoder's. */
  eosTokenId: {
    kind: converted<number | readonly number[], unknown>(unchecked),
    defaultText: "the decoder's",
  },
  /** Pads shorter rows; default: the first eosTokenId. */
  padTokenId: { kind: converted<number, unknown>(unchecked), defaultText: 'the first eosTokenId' },
})

/** Options that a generation_config.json can also set. */
export interface GenerationSettings extends OptionsOf<typeof settingsTable> {}

/** Unsupported settings of transformers that change the output, each with the values that have no effect. */
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

type Values = Readonly<Record<string, NativeHeld>>

/** The generation_config.json that a model file carries; undefined if there was none. */
function readHeld(values: Values): JsonObject | undefined {
  const held = values['clvp.source.generation_config']
  if (typeof held !== 'string') return undefined
  let config: unknown
  try {
    config = parseJson(held)
  } catch (cause) {
    throw invalidFile('is not JSON', cause)
  }
  if (!isObject(config)) throw invalidFile('is not an object')
  return config
}

function invalidFile(reason: string, cause?: unknown): ClvpError {
  const message = `The model file's generation_config ${reason}: fix it and convert again`
  return new ClvpError('CLVP_MODEL_FORMAT', message, { cause })
}

/** The values of these names, which are snake_case in the file. null counts as absent. */
function settingsOf(config: JsonObject, names: readonly string[]): Record<string, unknown> {
  const entries = names.map((name) => [name, config[snakeCase(name)]])
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined && value !== null))
}

/** The settings of the checkpoint's generation_config.json; empty if there was none. */
export function checkpointSettings(values: Values): GenerationSettings {
  const config = readHeld(values) ?? {}
  for (const [name, neutral] of Object.entries(foreign)) {
    if (config[name] === undefined || config[name] === null || neutral.includes(config[name])) continue
    throw new ClvpError(
      'CLVP_UNSUPPORTED',
      `The model file's generation_config sets ${name}, which is not supported`,
    )
  }
  return Object.freeze(settingsOf(config, namesOf(settingsTable)))
}

/** What transformers draws with: the checkpoint's settings, and transformers' defaults for the others. */
export function transformersSampling(values: Values): NativeSampling {
  const { temperature, topK, topP, minP, typicalP, repetitionPenalty } = settingsTable
  const table = { temperature, topK, topP, minP, typicalP, repetitionPenalty }
  const given = { ...checkpointSettings(values) }
  return readFile(() => readGiven(table, given))
}

/**
 * tortoise's settings. A checkpoint whose generation_config.json has `do_sample: true` overrides them: a model that was
 * trained apart from tortoise needs settings of its own.
 */
export function checkpointSampling(values: Values): NativeSampling {
  const config = readHeld(values)
  if (config?.do_sample !== true) return defaultSampling
  return readFile(() => readSampling(settingsOf(config, namesOf(samplingTable))))
}

/** Reports a value that a check refuses as the file's fault. */
function readFile(read: () => NativeSampling): NativeSampling {
  try {
    return read()
  } catch (cause) {
    throw invalidFile(`is invalid (${reasonOf(cause)})`, cause)
  }
}
