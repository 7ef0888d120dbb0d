/** transformers' configurations: ClvpEncoderConfig, ClvpDecoderConfig, and ClvpConfig, which contains both. */
import { basename, join } from 'node:path'
import { oneOf, path, pick } from '../base/check.js'
import { ClvpError, invalid, reasonOf } from '../base/errors.js'
import {
  choice,
  codes,
  count,
  Dictionary,
  type Field,
  flag,
  type Options,
  orNull,
  real,
  share,
  tokenId,
  tokenIds,
  word,
} from '../base/fields.js'
import {
  fromFile,
  isObject,
  type JsonObject,
  makeFolder,
  parseJson,
  readJson,
  writeJson,
} from '../base/json.js'
import { type CommonConfigOptions, type ConfigClass, PretrainedConfig } from './pretrained_config.js'

const FILE = 'config.json'
const SUMMARIES = ['last', 'first', 'mean', 'cls_index', 'attn'] as const

// --- encoders ------------------------------------------------------------------------------------------------------

const encoderFields = {
  /** Number of tokens. */
  vocabSize: count(256),
  hiddenSize: count(768),
  /** Width of the feed-forward layers. */
  intermediateSize: count(1536),
  /** Width of the embeddings that are compared. It must be the same for text and speech. */
  projectionDim: count(768),
  numHiddenLayers: count(20, 0),
  /** Divides `hiddenSize`. */
  numAttentionHeads: count(12),
  /** Activation of the gate in the feed-forward layers. */
  hiddenAct: word('gelu'),
  layerNormEps: real(1e-5, 0),
  attentionDropout: share(0.1),
  dropout: share(0.1),
  useRotaryEmbedding: flag(true),
  /** Have q, k and v biases? */
  useAttentionBias: flag(false),
  /** How a sequence becomes one vector. */
  summaryType: choice<(typeof SUMMARIES)[number]>('mean', SUMMARIES),
  initializerFactor: real(1),
  bosTokenId: tokenId(255),
  eosTokenId: tokenIds(0),
  padTokenId: tokenId(null),
}
export type ClvpEncoderConfigOptions = Options<typeof encoderFields> & CommonConfigOptions

/** Which of a composite's two encoders {@link ClvpEncoderConfig.fromPretrained} takes. */
export type EncoderConfigType = 'text_config' | 'speech_config'

/**
 * The text encoder's or the speech encoder's sizes: transformers' `ClvpEncoderConfig`, with its defaults. Immutable.
 *
 * @example
 * ```js
 * const config = new ClvpEncoderConfig({ numHiddenLayers: 4 })
 * ```
 */
export class ClvpEncoderConfig extends (PretrainedConfig as ConfigClass<typeof encoderFields>) {
  static readonly modelType = 'clvp_encoder'

  /**
   * @param options values in place of the defaults
   * @throws ClvpError `CLVP_INVALID_ARGUMENT` for an unknown name, a value of a wrong type or out of range, or heads that
   *   do not divide the width
   */
  constructor(options: ClvpEncoderConfigOptions = {}) {
    super(encoderFields, ClvpEncoderConfig.modelType, options)
    checkHeads(this)
  }

  /**
   * Makes a configuration from a dictionary in the form of a config.json. Unknown names are kept and written back.
   *
   * @throws ClvpError as the constructor
   */
  static fromDict(dictionary: JsonObject): ClvpEncoderConfig {
    return new ClvpEncoderConfig(new Dictionary(dictionary) as ClvpEncoderConfigOptions)
  }

  /**
   * Reads a config.json; from a composite one, the part that `configType` names.
   *
   * @param source the file or its folder
   * @throws ClvpError `CLVP_IO` when it cannot be read, `CLVP_MODEL_FORMAT` for invalid contents
   */
  static async fromPretrained(
    source: string,
    options: { configType?: EncoderConfigType } = {},
  ): Promise<ClvpEncoderConfig> {
    const { configType = 'text_config' } = pick(options, ['configType'], 'options')
    const part = oneOf(configType, 'configType', ['text_config', 'speech_config'])
    return readConfig(source, ClvpEncoderConfig, part)
  }

  /** Writes config.json atomically; creates the folder if necessary. @throws ClvpError `CLVP_IO` */
  async savePretrained(folder: string): Promise<void> {
    await saveConfig(folder, this)
  }
}

// --- decoder -------------------------------------------------------------------------------------------------------

const decoderFields = {
  /** Number of speech codes, start and stop included. */
  vocabSize: count(8194),
  maxPositionEmbeddings: count(608),
  /** Positions of the conditioning encoder's text. */
  maxTextTokens: count(404),
  hiddenSize: count(1024),
  numHiddenLayers: count(30, 0),
  /** Divides `hiddenSize`. */
  numAttentionHeads: count(16),
  /** Width of the feed-forward layers; null for four times `hiddenSize`. */
  nInner: orNull(count(1)),
  /** Attention blocks of the conditioning encoder. */
  numMelAttnBlocks: count(6, 0),
  activationFunction: word('gelu_new'),
  residPdrop: share(0.1),
  embdPdrop: share(0.1),
  attentionDropout: share(0.1),
  layerNormEpsilon: real(1e-5, 0),
  initializerRange: real(0.02, 0),
  summaryType: choice<(typeof SUMMARIES)[number]>('cls_index', SUMMARIES),
  summaryUseProj: flag(true),
  summaryActivation: orNull(word('tanh')),
  summaryProjToLabels: flag(true),
  summaryFirstDropout: share(0.1),
  useCache: flag(true),
  bosTokenId: tokenId(8192),
  eosTokenId: tokenIds(8193),
  padTokenId: tokenId(null),
  /** Mel channels of the conditioning encoder's input. */
  featureSize: count(80),
  /** Have q, k and v biases? */
  useAttentionBias: flag(true),
  initializerFactor: real(1),
  /** Silence, then the codes that end a row. */
  decoderFixingCodes: codes(83, 45, 45, 248),
  addCrossAttention: flag(false),
}
export type ClvpDecoderConfigOptions = Options<typeof decoderFields> & CommonConfigOptions

/**
 * The speech decoder's sizes: transformers' `ClvpDecoderConfig`, with its defaults. Immutable.
 *
 * @example
 * ```js
 * const config = new ClvpDecoderConfig({ numHiddenLayers: 4 })
 * ```
 */
export class ClvpDecoderConfig extends (PretrainedConfig as ConfigClass<typeof decoderFields>) {
  static readonly modelType = 'clvp_decoder'

  /** @throws ClvpError as {@link ClvpEncoderConfig} */
  constructor(options: ClvpDecoderConfigOptions = {}) {
    super(decoderFields, ClvpDecoderConfig.modelType, options)
    checkHeads(this)
  }

  /** As {@link ClvpEncoderConfig.fromDict}. */
  static fromDict(dictionary: JsonObject): ClvpDecoderConfig {
    return new ClvpDecoderConfig(new Dictionary(dictionary) as ClvpDecoderConfigOptions)
  }

  /** Reads a config.json, or the decoder's part of a composite one. As {@link ClvpEncoderConfig.fromPretrained}. */
  static fromPretrained(source: string): Promise<ClvpDecoderConfig> {
    return readConfig(source, ClvpDecoderConfig, 'decoder_config')
  }

  /** As {@link ClvpEncoderConfig.savePretrained}. */
  async savePretrained(folder: string): Promise<void> {
    await saveConfig(folder, this)
  }
}

// --- the whole model -----------------------------------------------------------------------------------------------

const compositeFields = {
  textConfig: part(ClvpEncoderConfig),
  speechConfig: part(ClvpEncoderConfig),
  decoderConfig: part(ClvpDecoderConfig),
  projectionDim: count(768),
  /** Initial value of the logarithm of the scale that multiplies cosines. */
  logitScaleInitValue: real(2.6592),
  initializerFactor: real(1),
}
type CompositeOptions = Options<typeof compositeFields> & CommonConfigOptions

/** Each part may be a configuration, its options, its dictionary, or null for all defaults. */
export type ClvpConfigOptions = Omit<CompositeOptions, 'textConfig' | 'speechConfig' | 'decoderConfig'> & {
  readonly textConfig?: ClvpEncoderConfig | ClvpEncoderConfigOptions | JsonObject | null
  readonly speechConfig?: ClvpEncoderConfig | ClvpEncoderConfigOptions | JsonObject | null
  readonly decoderConfig?: ClvpDecoderConfig | ClvpDecoderConfigOptions | JsonObject | null
}

/**
 * The configuration of a whole model: transformers' `ClvpConfig`, with its defaults. Immutable.
 *
 * @example
 * ```js
 * const config = await ClvpConfig.fromPretrained('checkpoint')
 * console.log(config.decoderConfig.hiddenSize, config.textConfig.numHiddenLayers)
 * ```
 */
export class ClvpConfig extends (PretrainedConfig as ConfigClass<typeof compositeFields>) {
  static readonly modelType = 'clvp'

  /** @throws ClvpError as {@link ClvpEncoderConfig} */
  constructor(options: ClvpConfigOptions = {}) {
    super(compositeFields, ClvpConfig.modelType, options)
  }

  /**
   * Makes a configuration from its parts.
   *
   * @param rest the other options of the constructor
   */
  static fromSubModelConfigs(
    textConfig: ClvpEncoderConfig,
    speechConfig: ClvpEncoderConfig,
    decoderConfig: ClvpDecoderConfig,
    rest: Omit<ClvpConfigOptions, 'textConfig' | 'speechConfig' | 'decoderConfig'> = {},
  ): ClvpConfig {
    const parts = { textConfig, speechConfig, decoderConfig }
    for (const [name, config] of Object.entries(parts)) {
      if (!(config instanceof PretrainedConfig)) throw invalid('a configuration', name, config)
    }
    return new ClvpConfig({ ...rest, ...parts })
  }

  /** As {@link ClvpEncoderConfig.fromDict}. */
  static fromDict(dictionary: JsonObject): ClvpConfig {
    return new ClvpConfig(new Dictionary(dictionary) as ClvpConfigOptions)
  }

  /** As {@link ClvpEncoderConfig.fromPretrained}, for the whole. */
  static fromPretrained(source: string): Promise<ClvpConfig> {
    return readConfig(source, ClvpConfig)
  }

  /** As {@link ClvpEncoderConfig.savePretrained}. */
  async savePretrained(folder: string): Promise<void> {
    await saveConfig(folder, this)
  }
}

interface PartClass<T> {
  new (options?: object): T
  fromDict(dictionary: JsonObject): T
}

function part<T>(Class: PartClass<T>): Field<T> {
  const read = (value: unknown, name: string): T => {
    if (value === null) return new Class()
    if (value instanceof Class) return value
    if (!isObject(value) || value instanceof PretrainedConfig) {
      throw invalid(`a ${(Class as unknown as { name: string }).name}, an object or null`, name, value)
    }
    try {
      // Only dictionaries use snake_case names, and a part of a dictionary is a dictionary.
      const isDictionary = name.includes('_') || Object.keys(value).some((key) => key.includes('_'))
      return isDictionary ? Class.fromDict(value) : new Class(value)
    } catch (error) {
      if (!(error instanceof ClvpError)) throw error
      throw new ClvpError(error.code, `${name}: ${error.message}`, { cause: error })
    }
  }
  return { fallback: new Class(), read }
}

function checkHeads(config: { hiddenSize: number; numAttentionHeads: number }): void {
  const { hiddenSize, numAttentionHeads } = config
  if (hiddenSize % numAttentionHeads === 0) return
  throw invalid(`a divisor of the width, ${hiddenSize},`, 'the number of attention heads', numAttentionHeads)
}

// --- files ---------------------------------------------------------------------------------------------------------

async function readConfig<T>(source: string, Class: PartClass<T>, within?: string): Promise<T> {
  const given = path(source, 'source')
  const file = basename(given).endsWith('.json') ? given : join(given, FILE)
  const whole = await readJson(file)
  const dictionary =
    within !== undefined && whole.model_type === ClvpConfig.modelType ? (whole[within] ?? {}) : whole
  return fromFile(file, () => Class.fromDict(dictionary as JsonObject))
}

async function saveConfig(folder: string, config: PretrainedConfig): Promise<void> {
  await writeJson(join(await makeFolder(folder), FILE), config.toDictionary({ tagged: true }))
}

/** The configuration in a model file. */
export function checkpointConfig(json: unknown): ClvpConfig {
  if (typeof json !== 'string') {
    throw new ClvpError('CLVP_MODEL_FORMAT', 'The model file has no clvp.source.config: convert it again')
  }
  try {
    return ClvpConfig.fromDict(parseJson(json) as JsonObject)
  } catch (cause) {
    const reason = reasonOf(cause)
    throw new ClvpError('CLVP_MODEL_FORMAT', `The model file's configuration is invalid: ${reason}`, {
      cause,
    })
  }
}
