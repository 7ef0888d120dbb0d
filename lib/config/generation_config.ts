/** A checkpoint's generation_config.json: what transformers' classes and the upper layer take from it. */
import type { EarlyStopping, NativeHeld, NativeSampling } from '../addon/contract.js'
import { ClvpError } from '../base/errors.js'
import { defaultSampling, readSampling, samplingNames } from './sampling.js'

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

/** The values of these names, which the file spells in snake_case. null counts as absent. */
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
  return Object.freeze(settingsOf(values, settingNames))
}

/**
 * tortoise's settings, but where a checkpoint whose generation_config.json says `do_sample: true` names its own: a model that
 * was trained apart from tortoise knows better what suits it.
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
    const own = settingsOf(config as Readonly<Record<string, unknown>>, samplingNames)
    return readSampling({ ...defaultSampling, ...own })
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new ClvpError(
      'CLVP_MODEL_FORMAT',
      `The model file's generation_config is damaged (${reason}): mend it and convert again`,
      { cause },
    )
  }
}
