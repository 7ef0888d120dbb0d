/** The common part of the configurations: transformers' PreTrainedConfig, as far as CLVP's checkpoints use it. */
import { ClvpError, describe } from '../base/errors.js'
import {
  count,
  Dictionary,
  type Fields,
  flag,
  type Options,
  orNull,
  readFields,
  type Values,
  word,
  words,
  writeFields,
} from '../base/fields.js'
import type { JsonObject } from '../base/json.js'

/** The transformers version whose format this is; transformers overwrites it with its own. */
const TRANSFORMERS_VERSION = '5.23.0'

/** Fields of every transformers configuration. None of them changes what CLVP computes. */
const commonFields = {
  architectures: words(),
  outputHiddenStates: flag(false),
  outputAttentions: flag(false),
  returnDict: flag(true),
  /** Type of the weights, for example `'float32'`. */
  dtype: orNull(word('float32')),
  chunkSizeFeedForward: count(0, 0),
  isEncoderDecoder: flag(false),
  problemType: orNull(word('regression')),
}
type CommonFields = typeof commonFields
export type CommonConfigOptions = Options<CommonFields>

/** Classes extend `(PretrainedConfig as ConfigClass<typeof fields>)` to have the fields as typed properties. */
export type ConfigClass<F extends Fields> = new (
  fields: F,
  modelType: string,
  given: object,
) => PretrainedConfig & Values<F> & Values<CommonFields>

export class PretrainedConfig {
  readonly #fields: Fields
  readonly #modelType: string
  readonly #extra: JsonObject

  constructor(fields: Fields, modelType: string, given: unknown) {
    this.#fields = fields
    this.#modelType = modelType
    const known = { ...fields, ...commonFields }
    const { values, extra } = readFields(known, withDtype(given), [
      'model_type',
      'transformers_version',
      '_name_or_path',
    ])
    if (given instanceof Dictionary) checkModelType(given.entries, modelType)
    this.#extra = extra
    Object.assign(this, values)
    Object.freeze(this)
  }

  get modelType(): string {
    return this.#modelType
  }

  /** All settings in snake_case: transformers' `to_dict`. */
  toDict(): Record<string, unknown> {
    return this.toDictionary({ defaults: true })
  }

  /** The contents of config.json in snake_case: transformers' `to_json_string`, which omits common defaults. */
  toJSON(): Record<string, unknown> {
    return this.toDictionary({})
  }

  /** @internal `tagged`: floats are marked, to be written as Python writes them; `nested`: part of a composite. */
  toDictionary({ defaults = false, tagged = false, nested = false }): Record<string, unknown> {
    const own = writeFields(this.#fields, this as unknown as Values<Fields>, tagged)
    for (const [key, value] of Object.entries(own)) {
      if (value instanceof PretrainedConfig) own[key] = value.toDictionary({ defaults, tagged, nested: true })
    }
    return {
      ...(nested ? {} : { transformers_version: TRANSFORMERS_VERSION }),
      ...(defaults ? { _name_or_path: '', ...labels() } : {}),
      ...this.#common(defaults),
      ...own,
      ...this.#extra,
      model_type: this.#modelType,
    }
  }

  #common(defaults: boolean): JsonObject {
    const given = this as unknown as Values<CommonFields>
    const written = Object.entries(writeFields(commonFields, given, false))
    const usual = writeFields(commonFields, readFields(commonFields, {}).values, false)
    return Object.fromEntries(written.filter(([key, value]) => defaults || value !== usual[key]))
  }
}

/** The two default classifier labels that every transformers configuration has. */
function labels(): JsonObject {
  return { id2label: { 0: 'LABEL_0', 1: 'LABEL_1' }, label2id: { LABEL_0: 0, LABEL_1: 1 } }
}

/** Earlier versions of transformers call it torch_dtype. */
function withDtype(given: unknown): unknown {
  if (!(given instanceof Dictionary)) return given
  const { torch_dtype: dtype, ...entries } = given.entries
  return new Dictionary(dtype ? { ...entries, dtype: entries.dtype ?? dtype } : entries)
}

function checkModelType(dictionary: JsonObject, modelType: string): void {
  const found = dictionary.model_type
  if (found === undefined || found === modelType) return
  throw new ClvpError(
    'CLVP_INVALID_ARGUMENT',
    `Expected a configuration of model_type '${modelType}' but received one of ${describe(found)}`,
  )
}
