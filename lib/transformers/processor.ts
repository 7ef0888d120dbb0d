/** transformers' ClvpProcessor: a feature extractor and a tokenizer. */
import { join } from 'node:path'
import { FEATURE_OPTIONS, type FeatureCallOptions } from '../audio/feature_call.js'
import { type Clips, ClvpFeatureExtractor } from '../audio/feature_extractor.js'
import { Callable, type CallableClass } from '../base/callable.js'
import { pick } from '../base/check.js'
import { ClvpError, invalid } from '../base/errors.js'
import { writeJson } from '../base/json.js'
import type { Tensor } from '../base/tensor.js'
import { ClvpTokenizer, type DecodeOptions, type TokenizerCallOptions } from '../text/tokenizer.js'
import { CALL_OPTIONS } from '../text/tokenizer_call.js'

const FILE = 'processor_config.json'
const CLASS = 'ClvpProcessor'

/**
 * Options of both parts; an option that both know applies to both. `textKwargs` and `audioKwargs` apply to one part and take
 * precedence.
 */
export interface ProcessorCallOptions
  extends Omit<TokenizerCallOptions, 'truncation'>,
    Omit<FeatureCallOptions, 'truncation'> {
  /** One text or several. */
  text?: string | readonly string[] | null
  /** One clip or several, mono. */
  audio?: Clips | null
  /** The former name of `audio`. */
  rawSpeech?: Clips | null
  truncation?: boolean
  textKwargs?: TokenizerCallOptions
  audioKwargs?: FeatureCallOptions
}

/** Only the results for the given inputs are present. */
export interface ProcessorOutput {
  /** [texts, length] */
  inputIds?: Tensor<Int32Array>
  /** The text's mask; without a text, the samples' mask. */
  attentionMask?: Tensor<Int32Array>
  specialTokensMask?: Tensor<Int32Array>
  /** [clips, featureSize, frames] */
  inputFeatures?: Tensor<Float32Array>
}

/**
 * A tokenizer and a feature extractor together. An instance is also a function: `processor(options)` is {@link ClvpProcessor.call}.
 * Immutable.
 *
 * @example
 * ```js
 * const processor = await ClvpProcessor.fromPretrained('checkpoint')
 * const { inputIds, inputFeatures } = await processor({ text: 'Hello world.', audio: samples, samplingRate: 22050 })
 * ```
 */
export class ClvpProcessor extends (Callable as CallableClass<
  (options: ProcessorCallOptions) => Promise<ProcessorOutput>
>) {
  readonly featureExtractor: ClvpFeatureExtractor
  readonly tokenizer: ClvpTokenizer

  /** @throws ClvpError `CLVP_INVALID_ARGUMENT` for anything else */
  constructor(featureExtractor: ClvpFeatureExtractor, tokenizer: ClvpTokenizer) {
    super()
    if (!(featureExtractor instanceof ClvpFeatureExtractor)) {
      throw invalid('a ClvpFeatureExtractor', 'featureExtractor', featureExtractor)
    }
    if (!(tokenizer instanceof ClvpTokenizer)) throw invalid('a ClvpTokenizer', 'tokenizer', tokenizer)
    this.featureExtractor = featureExtractor
    this.tokenizer = tokenizer
    Object.freeze(this)
  }

  /**
   * Reads a folder: see {@link ClvpFeatureExtractor.fromPretrained} and {@link ClvpTokenizer.fromPretrained}.
   *
   * @throws ClvpError as both of these
   */
  static async fromPretrained(folder: string): Promise<ClvpProcessor> {
    const [featureExtractor, tokenizer] = await Promise.all([
      ClvpFeatureExtractor.fromPretrained(folder),
      ClvpTokenizer.fromPretrained(folder),
    ])
    return new ClvpProcessor(featureExtractor, tokenizer)
  }

  /**
   * Writes the tokenizer's files, and the feature extractor's files for transformers 5 and for earlier versions.
   *
   * @throws ClvpError `CLVP_IO`
   */
  async savePretrained(folder: string): Promise<void> {
    await this.tokenizer.savePretrained(folder, CLASS)
    await this.featureExtractor.savePretrained(folder)
    const dictionary = { feature_extractor: this.featureExtractor.toDictionary(true), processor_class: CLASS }
    await writeJson(join(folder, FILE), dictionary)
  }

  /** The results of a call that are inputs of a model. */
  get modelInputNames(): string[] {
    return [...new Set([...ClvpFeatureExtractor.modelInputNames, ...ClvpTokenizer.modelInputNames])]
  }

  /**
   * Computes ids of texts and features of clips with the tokenizer and the feature extractor. `processor(options)` is the
   * same.
   *
   * @throws ClvpError `CLVP_INVALID_ARGUMENT` when there is neither text nor audio, otherwise as
   *   {@link ClvpTokenizer.call} and {@link ClvpFeatureExtractor.call}
   */
  override async call(options: ProcessorCallOptions): Promise<ProcessorOutput> {
    const { text, audio, textOptions, audioOptions } = readCall(options)
    // There is only one attentionMask, and models need the text's.
    if (text !== undefined && audio !== undefined) audioOptions.returnAttentionMask = false
    const encoding = text === undefined ? {} : this.tokenizer.call(text, textOptions)
    const features = audio === undefined ? {} : await this.featureExtractor.call(audio, audioOptions)
    return { ...encoding, ...features }
  }

  /** {@link ClvpTokenizer.decode} */
  decode(ids: number | ArrayLike<number>, options: DecodeOptions = {}): string {
    return this.tokenizer.decode(ids, options)
  }

  /** {@link ClvpTokenizer.batchDecode} */
  batchDecode(
    sequences: Tensor | ReadonlyArray<number | ArrayLike<number>>,
    options: DecodeOptions = {},
  ): string[] {
    return this.tokenizer.batchDecode(sequences, options)
  }
}

const INPUTS = ['text', 'audio', 'rawSpeech', 'textKwargs', 'audioKwargs'] as const

function readCall(options: unknown) {
  const given: Partial<Record<string, unknown>> = pick(
    options,
    [...new Set([...INPUTS, ...CALL_OPTIONS, ...FEATURE_OPTIONS])],
    'options',
  )
  const text = given.text ?? undefined
  const audio = given.rawSpeech ?? given.audio ?? undefined
  if (text === undefined && audio === undefined) {
    throw new ClvpError(
      'CLVP_INVALID_ARGUMENT',
      'Expected text, audio or both for the processor but received neither',
    )
  }
  const optionsOf = (known: readonly string[], nested: 'textKwargs' | 'audioKwargs') => {
    const shared = Object.entries(given).filter(([name]) => known.includes(name))
    return { ...Object.fromEntries(shared), ...pick(given[nested], known, nested) }
  }
  return {
    text: text as string | readonly string[] | undefined,
    audio: audio as Clips | undefined,
    textOptions: optionsOf(CALL_OPTIONS, 'textKwargs') as TokenizerCallOptions,
    audioOptions: optionsOf(FEATURE_OPTIONS, 'audioKwargs') as FeatureCallOptions,
  }
}
