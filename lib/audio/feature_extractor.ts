/** Computes log-mel features from samples as transformers' ClvpFeatureExtractor does. */
import { basename, join } from 'node:path'
import { binding, native } from '../addon/binding.js'
import type { NativeMelParams } from '../addon/contract/sound.js'
import { Callable, type CallableClass } from '../base/callable.js'
import { path } from '../base/check.js'
import { invalid } from '../base/errors.js'
import {
  choice,
  count,
  Dictionary,
  type Field,
  type Fields,
  flag,
  type Options,
  readFields,
  real,
  type Values,
  writeFields,
} from '../base/fields.js'
import {
  fromFile,
  isObject,
  type JsonObject,
  makeFolder,
  readJson,
  readJsonIfThere,
  writeJson,
} from '../base/json.js'
import { stackRows, Tensor } from '../base/tensor.js'
import { type FeatureCallOptions, padClips, readClips, readFeatureCall } from './feature_call.js'

const FILE = 'preprocessor_config.json'
const PROCESSOR_FILE = 'processor_config.json'
const TYPE = 'ClvpFeatureExtractor'

/** The bounds are those of the native code (native/src/audio/mel.cpp). */
const featureExtractorFields = {
  /** Mel channels. */
  featureSize: count(80, 1, 1024),
  /** Hz. */
  samplingRate: count(22050, 1000, 384_000),
  /** Seconds that clips are padded or truncated to by default. */
  defaultAudioLength: count(6, 1, 600),
  /** Samples between frames. */
  hopLength: count(256, 1, 2 ** 16),
  /** Seconds. Kept for configurations that have it; no effect. */
  chunkLength: count(30),
  /** Samples per frame. */
  nFft: count(1024, 2, 2 ** 16),
  /** The sample that clips are padded with. */
  paddingValue: real(0),
  paddingSide: choice<'left' | 'right'>('right', ['left', 'right']),
  /** One divisor for each mel channel, or null for none. */
  melNorms: norms(),
  /** Kept for configurations that have it; only the option of a call has an effect, as in the reference. */
  returnAttentionMask: flag(false),
} satisfies Fields
type FieldTable = typeof featureExtractorFields
export type ClvpFeatureExtractorOptions = Options<FieldTable>

/** A clip or several, mono, in [-1, 1], at the extractor's rate. */
export type Clips = Float32Array | readonly number[] | readonly (Float32Array | readonly number[])[]

export interface Features {
  /** [clips, featureSize, frames] */
  inputFeatures: Tensor<Float32Array>
  /** `[clips, samples]`: 1 for a sample of the clip, 0 for padding. Only with `returnAttentionMask`. */
  attentionMask?: Tensor<Int32Array>
}

type Call = (rawSpeech: Clips, options?: FeatureCallOptions) => Promise<Features>

/**
 * transformers' `ClvpFeatureExtractor`, with its defaults. An instance is also a function: `extractor(clips, options)` is
 * {@link ClvpFeatureExtractor.call}. Immutable.
 *
 * @example
 * ```js
 * const extractor = new ClvpFeatureExtractor()
 * const { inputFeatures } = await extractor(new Float32Array(22050), { samplingRate: 22050 })
 * ```
 */
export class ClvpFeatureExtractor extends (Callable as CallableClass<Call, Values<FieldTable>>) {
  /** The results of a call that can be inputs of a model. */
  static readonly modelInputNames: readonly string[] = Object.freeze(['inputFeatures', 'attentionMask'])
  readonly #extra: JsonObject

  /**
   * @param options values in place of the defaults
   * @throws ClvpError `CLVP_INVALID_ARGUMENT` for an unknown name, a value of a wrong type or out of range, or a
   *   number of norms other than the number of channels
   */
  constructor(options: ClvpFeatureExtractorOptions = {}) {
    super()
    const derived = ['feature_extractor_type', 'n_samples', 'nb_max_frames']
    const { values, extra } = readFields(featureExtractorFields, options, derived)
    if (values.melNorms && values.melNorms.length !== values.featureSize) {
      throw invalid(`${values.featureSize} numbers, one for each channel,`, 'the mel norms', values.melNorms)
    }
    Object.assign(this, values)
    this.#extra = extra
    Object.freeze(this)
  }

  /**
   * Makes an extractor from a dictionary in the form of a preprocessor_config.json. Unknown names are kept and written
   * back.
   *
   * @throws ClvpError as the constructor
   */
  static fromDict(dictionary: JsonObject): ClvpFeatureExtractor {
    return new ClvpFeatureExtractor(new Dictionary(dictionary) as ClvpFeatureExtractorOptions)
  }

  /**
   * Reads a preprocessor_config.json, or the feature extractor's part of a processor_config.json.
   *
   * @param source the file or its folder; a processor_config.json takes precedence, as in transformers
   * @throws ClvpError `CLVP_IO` when it cannot be read, `CLVP_MODEL_FORMAT` for invalid contents
   */
  static async fromPretrained(source: string): Promise<ClvpFeatureExtractor> {
    const { file, dictionary } = await readDictionary(path(source, 'source'))
    return fromFile(file, () => ClvpFeatureExtractor.fromDict(dictionary))
  }

  /** Writes preprocessor_config.json atomically; creates the folder if necessary. @throws ClvpError `CLVP_IO` */
  async savePretrained(folder: string): Promise<void> {
    await writeJson(join(await makeFolder(folder), FILE), this.toDictionary(true))
  }

  /** The contents of preprocessor_config.json: transformers' `to_dict`. */
  toJSON(): Record<string, unknown> {
    return this.toDictionary(false)
  }

  /** @internal `tagged`: floats are marked, to be written as Python writes them. */
  toDictionary(tagged: boolean): Record<string, unknown> {
    const samples = this.chunkLength * this.samplingRate
    return {
      ...this.#extra,
      ...writeFields(featureExtractorFields, this, tagged),
      feature_extractor_type: TYPE,
      n_samples: samples,
      nb_max_frames: Math.floor(samples / this.hopLength),
    }
  }

  /**
   * Log-mel features of clips, truncated and padded. `extractor(clips, options)` is the same.
   *
   * @param rawSpeech one clip or several; an array of arrays is several mono clips, never the channels of one
   * @throws ClvpError `CLVP_INVALID_ARGUMENT` for a wrong or unknown option, another sampling rate, or clips that differ in
   *   length when neither padding nor truncation makes them equal; `CLVP_AUDIO` for clips without samples or with NaN
   *   or infinite samples
   */
  override async call(rawSpeech: Clips, options: FeatureCallOptions = {}): Promise<Features> {
    const plan = readFeatureCall(options, this)
    const { clips, mask } = padClips(readClips(rawSpeech), plan)
    const params: NativeMelParams = {
      sampleRate: this.samplingRate,
      fftLength: this.nFft,
      hopLength: this.hopLength,
      channels: this.featureSize,
      norms: Float32Array.from(this.melNorms ?? []),
    }
    const mels = await Promise.all(
      clips.map((clip) => native(() => binding.melFeatures(clip, params, clip.length))),
    )
    const { data } = stackRows(
      mels.map((mel) => mel.data),
      new Float32Array(),
    )
    const inputFeatures = new Tensor(data, [mels.length, this.featureSize, mels[0]!.frames])
    return mask ? { inputFeatures, attentionMask: mask } : { inputFeatures }
  }
}

async function readDictionary(source: string): Promise<{ file: string; dictionary: JsonObject }> {
  const isFile = basename(source).endsWith('.json')
  const processor = isFile ? source : join(source, PROCESSOR_FILE)
  const nested = (isFile ? await readJson(source) : await readJsonIfThere(processor))?.feature_extractor
  if (isObject(nested)) return { file: processor, dictionary: nested }
  const file = isFile ? source : join(source, FILE)
  return { file, dictionary: await readJson(file) }
}

function norms(): Field<readonly number[] | null> {
  const read = (value: unknown, name: string) => {
    if (value === null) return null
    // Norms are stored as float32 and must be neither 0 nor infinite in that type.
    const isDivisor = (norm: unknown) =>
      typeof norm === 'number' && ![0, Infinity].includes(Math.abs(Math.fround(norm)))
    if (!Array.isArray(value) || !value.every((norm) => isDivisor(norm) && !Number.isNaN(norm))) {
      throw invalid('an array of finite numbers other than 0, or null,', name, value)
    }
    return Object.freeze([...value]) as readonly number[]
  }
  return { fallback: null, read, isFloat: true }
}
