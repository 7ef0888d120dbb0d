/** The speech decoder with its head. */
import { pick } from '../base/check.js'
import { Tensor } from '../base/tensor.js'
import type { ClvpDecoderConfig } from '../config/config.js'
import type { GenerationSettings } from '../config/generation_config.js'
import type { Session } from '../session/session.js'
import { type Ids, readBeside } from './arrays.js'
import { ClvpModel, type DecoderForwardOptions, decode, decoderNames, type PastKeyValues } from './decoder.js'
import { type GeneratedSequences, generateSequences } from './generate.js'
import {
  type GenerationOptions,
  type GenerationPlan,
  generationNames,
  readGenerationOptions,
} from './generation_options.js'
import { ignoredLabel, nextTokenLoss } from './loss.js'
import { type PromptOptions, promptNames, readPrompts } from './prompts.js'
import type { TowerOutput } from './tower_rows.js'

/** Arguments of {@link ClvpForCausalLM.forward}. */
export interface CausalLMForwardOptions extends DecoderForwardOptions {
  /** `[rows, tokens]`: the target id at each position, or -100 to ignore it. The first column is never used. */
  labels?: Ids | undefined
}

/** transformers' `CausalLMOutputWithCrossAttentions`, without cross attentions, which CLVP does not have. */
export interface CausalLMOutput extends TowerOutput {
  /** With labels: a single number, the mean cross entropy of each next id; NaN if all are ignored. */
  loss?: Tensor<Float32Array>
  /** [rows, tokens, vocab] */
  logits: Tensor<Float32Array>
  pastKeyValues?: PastKeyValues
}

/** Arguments of {@link ClvpForCausalLM.generate}. */
export interface CausalLMGenerateOptions extends PromptOptions, GenerationOptions {}

/**
 * transformers' `ClvpForCausalLM`: `model.speechDecoderModel`.
 *
 * @example
 * ```js
 * const model = await ClvpModelForConditionalGeneration.fromPretrained('clvp.gguf')
 * const { sequences } = await model.speechDecoderModel.generate({ inputIds: [[5, 6, 7]], maxNewTokens: 20 })
 * ```
 */
export class ClvpForCausalLM {
  readonly config: ClvpDecoderConfig
  readonly model: ClvpModel
  /** Default settings of generate: those of the checkpoint. */
  readonly generationConfig: GenerationSettings
  readonly #session: Session

  /** @internal */
  constructor(session: Session, config: ClvpDecoderConfig, generationConfig: GenerationSettings) {
    this.#session = session
    this.config = config
    this.generationConfig = generationConfig
    this.model = new ClvpModel(session, config)
  }

  /**
   * Runs rows of tokens through the decoder and its head.
   *
   * @throws ClvpError as {@link ClvpModel.forward}
   */
  async forward(options: CausalLMForwardOptions): Promise<CausalLMOutput> {
    const { labels, ...given } = pick(options, [...decoderNames, 'labels'], 'options')
    const { input, output, shared } = await decode(this.#session, this.config, given, true)
    const { rows, tokens } = input
    const last = this.config.vocabSize - 1
    const wanted = readBeside(labels, 'labels', { rows, columns: tokens }, { min: ignoredLabel, max: last })
    const logits = new Tensor(output.logits, [rows, tokens, this.config.vocabSize])
    const loss = wanted && new Tensor(Float32Array.of(nextTokenLoss(logits, wanted)), [])
    return { ...(loss && { loss }), logits, ...shared }
  }

  /**
   * Continues a prompt by greedy decoding, sampling or beam search.
   *
   * @throws ClvpError CLVP_INVALID_ARGUMENT for a bad argument or option, CLVP_MODEL_FORMAT if the weights are damaged,
   *   CLVP_OUT_OF_MEMORY, CLVP_ABORTED, CLVP_DISPOSED; and any error of a caller's function
   */
  async generate(options: CausalLMGenerateOptions = {}): Promise<GeneratedSequences> {
    const given = pick(options, [...promptNames, ...generationNames], 'options')
    const { info } = this.#session
    const plan = this.readOptions(given)
    const prompts = readPrompts(given, info, plan.positions)
    return this.#session.call(() => generateSequences(this.#session, prompts, plan, false))
  }

  /** @internal Merges a call's options with the checkpoint's settings. */
  readOptions(given: Readonly<Record<string, unknown>>): GenerationPlan {
    return readGenerationOptions(given, this.generationConfig, this.#session.info)
  }

  /** @internal generate() from the conditioning encoder's output, with checked options, for the speech encoder. */
  generateConditioned(
    conditioningEmbeds: Tensor<Float32Array>,
    plan: GenerationPlan,
  ): Promise<GeneratedSequences> {
    const prompts = readPrompts({ conditioningEmbeds }, this.#session.info, plan.positions)
    return generateSequences(this.#session, prompts, plan, true)
  }
}
