/** A checkpoint's generation_config.json: the settings that transformers' classes and `Clvp` read from it. */
import type { EarlyStopping, NativeHeld, NativeSampling } from '../addon/contract.js'
import { ClvpError } from '../base/errors.js'
import { namesOf } from '../base/options.js'
import { defaultSampling, readSampling, samplingTable } from './sampling.js'

/** Options that a generation_config.json can also set. */
export interface GenerationSettings {
  /** Sample tokens; default false: always take the likeliest. */
  doSample?: boolean | undefined
  /** Divides the scores, 0.001 to 1000; default 1. With doSample. */
  temperature?: number | undefined
  /** Keeps the k likeliest, and ties with the last; default 50, 0 for all. With doSample. */
  topK?: number | undefined
  /** Keeps the likeliest whose probabilities add up to this; default 1 for all. With doSample. */
  topP?: number | undefined
  /** Keeps those at least this fraction as likely as the likeliest; default 0 for all. With doSample. */
  minP?: number | undefined
  /** Locally typical sampling: keeps those nearest the entropy whose probabilities add up to this; default 1. */
  typicalP?: number | undefined
  /** Divides positive scores of ids that already occur and multiplies negative ones; 0.001 to 1000, default 1. */
  repetitionPenalty?: number | undefined
  /** No sequence of this many ids occurs twice; default 0 for no limit. */
  noRepeatNgramSize?: number | undefined
  /** Sequences of ids that are never generated. */
  badWordsIds?: readonly (readonly number[])[] | undefined
  /** Ids that are never generated. */
  suppressTokens?: readonly number[] | undefined
  /** Fewest new tokens before a stop; default 0. */
  minNewTokens?: number | undefined
  /** Most new tokens, the stop included; default: as many as fit into the model's positions. */
  maxNewTokens?: number | undefined
  /** As minNewTokens, but includes the prompt as transformers counts it. Default 0. */
  minLength?: number | undefined
  /** As maxNewTokens, but includes the prompt as transformers counts it. */
  maxLength?: number | undefined
  /** Rows per text; more than one needs doSample or beams. Default 1. */
  numReturnSequences?: number | undefined
  /** Beams of a beam search, 1 (default, none) to 256. */
  numBeams?: number | undefined
  /** With beams: a row's score is divided by its length to this power; -2 to 10, default 1. */
  lengthPenalty?: number | undefined
  /**
   * With beams: stop as soon as enough rows have ended (true), when no other row is likely to beat them (false, the
   * default), or when no other row can beat them ('never').
   */
  earlyStopping?: EarlyStopping | undefined
  /** The id or ids that end a row; default: the decoder's. */
  eosTokenId?: number | readonly number[] | undefined
  /** Pads shorter rows; default: the first eosTokenId. */
  padTokenId?: number | undefined
}

export const warperNames = ['temperature', 'topK', 'topP', 'minP', 'typicalP'] as const

export const beamNames = ['lengthPenalty', 'earlyStopping'] as const

export const settingNames = [
  'doSample',
  ...warperNames,
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

/** The values of these names, which are snake_case in the file. null counts as absent. */
function settingsOf(
  config: Readonly<Record<string, unknown>>,
  names: readonly string[],
): Record<string, unknown> {
  const entries = names.map((name) => [
    name,
    config[name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)],
  ])
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined && value !== null))
}

/** The settings of the checkpoint's generation_config.json in a model file; empty if there was none. */
export function checkpointSettings(json: NativeHeld | undefined): GenerationSettings {
  if (typeof json !== 'string') return Object.freeze({})
  const bad = (reason: string, cause?: unknown) =>
    new ClvpError(
      'CLVP_MODEL_FORMAT',
      `The model file's generation_config ${reason}: fix it and convert again`,
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
  if (typeof config !== 'object' || config === null || Array.isArray(config)) throw bad('is not an object')
  const values = config as Readonly<Record<string, unknown>>
  for (const [name, rest] of Object.entries(foreign)) {
    if (values[name] === undefined || values[name] === null || rest.includes(values[name])) continue
    throw new ClvpError(
      'CLVP_UNSUPPORTED',
      `The model file's generation_config sets ${name}, which is not supported`,
    )
  }
  return Object.freeze(settingsOf(values, settingNames))
}

/**
 * tortoise's settings. A checkpoint whose generation_config.json has `do_sample: true` overrides them: a model that was
 * trained apart from tortoise needs settings of its own.
 */
export function checkpointSampling(values: Readonly<Record<string, NativeHeld>>): NativeSampling {
  const held = values['clvp.source.generation_config']
  if (typeof held !== 'string') return defaultSampling
  try {
    const config: unknown = JSON.parse(held)
    if (
      typeof config !== 'object' ||
      config === null ||
      !('do_sample' in config) ||
      config.do_sample !== true
    ) {
      return defaultSampling
    }
    const own = settingsOf(config as Readonly<Record<string, unknown>>, namesOf(samplingTable))
    return readSampling({ ...defaultSampling, ...own })
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new ClvpError(
      'CLVP_MODEL_FORMAT',
      `The model file's generation_config is invalid (${reason}): fix it and convert again`,
      { cause },
    )
  }
}
