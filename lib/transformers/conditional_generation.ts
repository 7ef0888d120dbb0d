/** The whole model with transformers' interface. */
import { abortSignal, flag, integer, pick } from '../base/check.js'
import { ClvpError, disposedError, invalid } from '../base/errors.js'
import { Tensor } from '../base/tensor.js'
import { type ClvpConfig, checkpointConfig } from '../config/config.js'
import { checkpointSettings, type GenerationSettings } from '../config/generation_config.js'
import { openModel } from '../loading/load.js'
import type { LoadOptions } from '../loading/load_options.js'
import type { Session } from '../session/session.js'
import { exactlyOne, type Ids, readIdRows } from './arrays.js'
import { ClvpForCausalLM } from './causal_lm.js'
import {
  type ConditionalGenerateOptions,
  type ForwardOptions,
  forwardNames,
  outputNames,
  outputs,
  type SpeechFeaturesOptions,
  speechNames,
  type TextFeaturesOptions,
  type WantedOutputs,
} from './conditional_options.js'
import { ClvpConditioningEncoder } from './conditioning_encoder.js'
import { ClvpEncoder, type ClvpEncoderOutput } from './encoder.js'
import { generationNames } from './generation_options.js'
import { likeliestIds, padRows, withStop } from './id_rows.js'
import {
  type ClvpGenerateOutput,
  type ClvpOutput,
  lossOf,
  type Similarities,
  similarities,
} from './similarity.js'

/**
 * transformers' `ClvpModelForConditionalGeneration`: all parts of CLVP, separately and together.
 *
 * @example
 * ```js
 * const model = await ClvpModelForConditionalGeneration.fromPretrained('clvp.gguf')
 * const { speechIds, logitsPerText } = await model.generate({ inputIds: [[5, 6, 7]], inputFeatures, maxNewTokens: 20 })
 * await model.dispose()
 * ```
 */
export class ClvpModelForConditionalGeneration {
  readonly config: ClvpConfig
  readonly conditioningEncoder: ClvpConditioningEncoder
  readonly speechDecoderModel: ClvpForCausalLM
  readonly textEncoderModel: ClvpEncoder
  readonly speechEncoderModel: ClvpEncoder
  /** Default settings of generate: those of the checkpoint. */
  readonly generationConfig: GenerationSettings
  /** The logarithm of the scale that multiplies cosines. */
  readonly logitScale: number
  readonly #session: Session
  readonly #textStop: number
  #disposed: Promise<void> | undefined

  private constructor(session: Session) {
    const { values } = session
    this.#session = session
    this.config = checkpointConfig(values['clvp.source.config'])
    this.generationConfig = checkpointSettings(values)
    this.logitScale = session.info.logitScale
    this.#textStop = values['clvp.text.eos_token_id'] as number // checked by the core
    this.conditioningEncoder = new ClvpConditioningEncoder(session, this.config)
    this.speechDecoderModel = new ClvpForCausalLM(session, this.config.decoderConfig, this.generationConfig)
    this.textEncoderModel = new ClvpEncoder(session, 'text', this.config.textConfig)
    this.speechEncoderModel = new ClvpEncoder(session, 'speech', this.config.speechConfig)
  }

  /**
   * Loads a model as Clvp.load does, except that a folder's default type is 'f32', to match the reference's numbers.
   *
   * @throws ClvpError as Clvp.load
   */
  static async fromPretrained(
    source: string,
    options: LoadOptions = {},
  ): Promise<ClvpModelForConditionalGeneration> {
    return openModel(source, options, 'f32', (session) => new ClvpModelForConditionalGeneration(session))
  }

  /**
   * One pass through all parts, without sampling: compares the text with the decoder's likeliest codes for text and voice.
   *
   * @throws ClvpError CLVP_INVALID_ARGUMENT for a bad argument, CLVP_MODEL_FORMAT if the weights are damaged,
   *   CLVP_OUT_OF_MEMORY, CLVP_ABORTED, CLVP_DISPOSED
   */
  async forward(options: ForwardOptions): Promise<ClvpOutput> {
    const given = pick(options, forwardNames, 'options')
    return this.#session.call(() => this.#forward(given))
  }

  async #forward(given: Readonly<Record<string, unknown>>): Promise<ClvpOutput> {
    const wanted = outputs(given)
    const conditioningEmbeds = await this.#condition(given, given.inputIds, given.attentionMask)
    const decoded = await this.speechDecoderModel.forward({
      inputsEmbeds: conditioningEmbeds,
      useCache: false,
      ...wanted,
    })
    const speechIds = this.fixSpeechDecoderOutput(likeliestIds(decoded.logits, this.#session.info))
    const similar = await this.#compare(
      given.inputIds,
      given.textEncoderInputsEmbeds,
      given.attentionMask,
      speechIds,
      wanted,
    )
    const { hiddenStates, attentions } = decoded
    return {
      ...(flag(given, 'returnLoss') && { loss: lossOf(similar.logitsPerText) }),
      speechIds,
      ...similar,
      ...(hiddenStates && { decoderHiddenStates: hiddenStates }),
      ...(attentions && { decoderAttentions: attentions }),
    }
  }

  /**
   * Generates codes for texts in a voice, and scores them against the texts.
   *
   * @throws ClvpError as {@link forward}; and any error of a caller's function
   */
  async generate(options: ConditionalGenerateOptions): Promise<ClvpGenerateOutput> {
    const names = [
      'inputIds',
      'inputFeatures',
      'attentionMask',
      'padToMaxMelTokens',
      ...generationNames,
    ] as const
    const given = pick(options, names, 'options')
    const plan = this.speechDecoderModel.readOptions(given)
    const padTo =
      given.padToMaxMelTokens === undefined
        ? 0
        : integer(given.padToMaxMelTokens, 'padToMaxMelTokens', 1, 4097)
    return this.#session.call(() => this.#generate(given, plan, padTo))
  }

  async #generate(
    given: Readonly<Record<string, unknown>>,
    plan: ReturnType<ClvpForCausalLM['readOptions']>,
    padTo: number,
  ): Promise<ClvpGenerateOutput> {
    const text = withStop(given, this.#textStop, this.#session.info)
    const conditioningEmbeds = await this.#condition(given, text.inputIds, text.attentionMask)
    const generated = await this.speechDecoderModel.generateConditioned(conditioningEmbeds, plan)
    const speechIds = this.fixSpeechDecoderOutput(padRows(generated.sequences, padTo, plan.stops[0]!))
    const wanted = {
      outputHiddenStates: plan.record.hiddenStates,
      outputAttentions: plan.record.attentions,
      signal: plan.signal,
    }
    const similar = await this.#compare(text.inputIds, undefined, text.attentionMask, speechIds, wanted)
    const { hiddenStates, attentions, ...rest } = generated
    return {
      speechIds,
      ...similar,
      ...rest,
      ...(hiddenStates && { decoderHiddenStates: hiddenStates }),
      ...(attentions && { decoderAttentions: attentions }),
    }
  }

  /** The text encoder's output; adds no special tokens. @throws ClvpError as {@link ClvpEncoder.forward} */
  async getTextFeatures(options: TextFeaturesOptions): Promise<ClvpEncoderOutput> {
    const names = ['inputIds', 'textEncoderInputsEmbeds', 'attentionMask', ...outputNames] as const
    const given = pick(options, names, 'options')
    exactlyOne(given, 'inputIds', 'textEncoderInputsEmbeds')
    return this.#encodeText(
      given.inputIds,
      given.textEncoderInputsEmbeds,
      given.attentionMask,
      outputs(given),
    )
  }

  /**
   * The speech encoder's embeddings [rows, projection], not normalised, of given codes, or of codes generated for a text
   * in a voice.
   *
   * @throws ClvpError as {@link forward}
   */
  async getSpeechFeatures(options: SpeechFeaturesOptions): Promise<Tensor<Float32Array>> {
    const given = pick(options, [...speechNames, ...generationNames], 'options')
    if (given.speechIds !== undefined) return this.#embedCodes(given)
    if (given.inputFeatures === undefined)
      throw invalid('speechIds, or a text and', 'inputFeatures', undefined)
    exactlyOne(given, 'inputIds', 'conditioningEncoderInputsEmbeds')
    const plan = this.speechDecoderModel.readOptions(given)
    return this.#session.call(async () => {
      const conditioningEmbeds = await this.#condition(given, given.inputIds, given.attentionMask)
      const { sequences } = await this.speechDecoderModel.generateConditioned(conditioningEmbeds, plan)
      const inputIds = this.fixSpeechDecoderOutput(sequences)
      return (await this.speechEncoderModel.forward({ inputIds, signal: plan.signal })).embeds
    })
  }

  /**
   * Converts rows that start with bos for the speech encoder: drops bos, and replaces everything from the first stop on by
   * the configuration's fixing codes. Rows without a stop are not changed otherwise.
   *
   * @param speechIds [rows, tokens]
   * @returns [rows, tokens - 1]
   */
  fixSpeechDecoderOutput(speechIds: Ids): Tensor<Int32Array> {
    this.#check()
    const { rows, columns, data } = readIdRows(speechIds, 'speechIds')
    if (columns < 2) throw invalid('rows of bos and at least one code', 'speechIds', speechIds)
    const each = Array.from({ length: rows }, (_, i) => data.slice(i * columns + 1, (i + 1) * columns))
    const fixed = new Int32Array(rows * (columns - 1))
    const found = this.#session.fixCodes(each, Array(rows).fill(false))
    for (const [i, row] of found.entries()) fixed.set(row, i * (columns - 1))
    return new Tensor(fixed, [rows, columns - 1])
  }

  /** Stops running calls, rejects waiting ones and frees the memory. Later calls reject with CLVP_DISPOSED. */
  dispose(): Promise<void> {
    this.#disposed ??= this.#session.dispose()
    return this.#disposed
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose()
  }

  #check(): void {
    if (this.#disposed) throw disposedError()
  }

  #condition(given: Readonly<Record<string, unknown>>, inputIds: unknown, attentionMask: unknown) {
    return this.conditioningEncoder.forward({
      inputFeatures: given.inputFeatures as Tensor<Float32Array>,
      inputIds: inputIds as Ids,
      inputsEmbeds: given.conditioningEncoderInputsEmbeds as Tensor<Float32Array>,
      attentionMask: attentionMask as Ids,
      signal: abortSignal(given.signal, 'signal'),
    })
  }

  #encodeText(inputIds: unknown, inputsEmbeds: unknown, attentionMask: unknown, wanted: WantedOutputs) {
    return this.textEncoderModel.forward({
      inputIds: inputIds as Ids,
      inputsEmbeds: inputsEmbeds as Tensor<Float32Array>,
      attentionMask: attentionMask as Ids,
      ...wanted,
    })
  }

  async #embedCodes(given: Readonly<Record<string, unknown>>): Promise<Tensor<Float32Array>> {
    const allowed = new Set(['speechIds', 'attentionMask', 'signal'])
    const other = Object.keys(given).find((name) => !allowed.has(name))
    if (other) {
      const hint = `Expected no ${other} with speechIds but received one: nothing is generated, so omit it`
      throw new ClvpError('CLVP_INVALID_ARGUMENT', hint)
    }
    const output = await this.speechEncoderModel.forward({
      inputIds: given.speechIds as Ids,
      attentionMask: given.attentionMask as Ids,
      signal: abortSignal(given.signal, 'signal'),
    })
    return output.embeds
  }

  async #compare(
    inputIds: unknown,
    inputsEmbeds: unknown,
    attentionMask: unknown,
    speechIds: Tensor<Int32Array>,
    wanted: WantedOutputs,
  ): Promise<Similarities> {
    const speech = await this.speechEncoderModel.forward({ inputIds: speechIds, ...wanted })
    const text = await this.#encodeText(inputIds, inputsEmbeds, attentionMask, wanted)
    const found = this.#session.similarity(text.embeds.data, speech.embeds.data)
    return similarities(found, text, speech)
  }
}
