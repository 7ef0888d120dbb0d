/** What the whole model's methods take. */
import type { Tensor } from '../base/tensor.js'
import type { Ids } from './arrays.js'
import type { GenerationOptions } from './generation_options.js'

/** The voice that forward, generate and getSpeechFeatures speak in. */
interface Features {
  /** Log-mel features [clips, channels, frames]; one clip goes with all texts and one text with all clips. */
  inputFeatures: Tensor<Float32Array>
}

/** Arguments of {@link ClvpModelForConditionalGeneration.forward}. */
export interface ForwardOptions extends Features {
  /** Text ids [texts, tokens], as they are; or both kinds of embeddings in their place. */
  inputIds?: Ids | undefined
  /** [texts, tokens, width of the decoder] */
  conditioningEncoderInputsEmbeds?: Tensor<Float32Array> | undefined
  /** [texts, tokens, width of the text encoder] */
  textEncoderInputsEmbeds?: Tensor<Float32Array> | undefined
  /** `[texts, tokens]`: 0 hides. */
  attentionMask?: Ids | undefined
  /** Give the contrastive loss back, for as many texts as rows of speech. Default false. */
  returnLoss?: boolean | undefined
  /** Default false. */
  outputHiddenStates?: boolean | undefined
  /** Default false. */
  outputAttentions?: boolean | undefined
  signal?: AbortSignal | undefined
}

/** Arguments of {@link ClvpModelForConditionalGeneration.generate}. */
export interface ConditionalGenerateOptions extends Features, GenerationOptions {
  /** Text ids [texts, tokens], without bos; at most `maxTextTokens` - 3. */
  inputIds: Ids
  /** `[texts, tokens]`: 0 hides. */
  attentionMask?: Ids | undefined
  /** Pads the rows to at least so many ids, bos included, before they are ranked: tortoise's own way is 500. */
  padToMaxMelTokens?: number | undefined
}

/** Arguments of {@link ClvpModelForConditionalGeneration.getTextFeatures}. */
export interface TextFeaturesOptions {
  inputIds?: Ids | undefined
  /** [texts, tokens, width of the text encoder] in place of ids. */
  textEncoderInputsEmbeds?: Tensor<Float32Array> | undefined
  attentionMask?: Ids | undefined
  outputHiddenStates?: boolean | undefined
  outputAttentions?: boolean | undefined
  signal?: AbortSignal | undefined
}

/** Arguments of {@link ClvpModelForConditionalGeneration.getSpeechFeatures}: codes, or a text and a voice to draw them for. */
export interface SpeechFeaturesOptions extends GenerationOptions {
  /** Codes [rows, tokens], as they are. */
  speechIds?: Ids | undefined
  inputIds?: Ids | undefined
  conditioningEncoderInputsEmbeds?: Tensor<Float32Array> | undefined
  inputFeatures?: Tensor<Float32Array> | undefined
  /** Of `speechIds`, or else of the text. */
  attentionMask?: Ids | undefined
}
