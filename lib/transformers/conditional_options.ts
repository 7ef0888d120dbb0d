/** Arguments of the whole model's methods. */
import { abortSignal, flag } from '../base/check.js'
import type { Tensor } from '../base/tensor.js'
import type { Ids } from './arrays.js'
import type { GenerationOptions } from './generation_options.js'

/** The voice for forward, generate and getSpeechFeatures. */
interface Features {
  /** Log-mel features [clips, channels, frames]. A single clip applies to all texts, and a single text to all clips. */
  inputFeatures: Tensor<Float32Array>
}

/** Arguments of {@link ClvpModelForConditionalGeneration.forward}. */
export interface ForwardOptions extends Features {
  /** Text ids [texts, tokens], used unchanged; or both kinds of embeddings instead. */
  inputIds?: Ids | undefined
  /** [texts, tokens, width of the decoder] */
  conditioningEncoderInputsEmbeds?: Tensor<Float32Array> | undefined
  /** [texts, tokens, width of the text encoder] */
  textEncoderInputsEmbeds?: Tensor<Float32Array> | undefined
  /** `[texts, tokens]`: 0 masks a token. */
  attentionMask?: Ids | undefined
  /** Return the contrastive loss; needs as many texts as rows of speech. Default false. */
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
  /** `[texts, tokens]`: 0 masks a token. */
  attentionMask?: Ids | undefined
  /** Pads the rows to at least this many ids, bos included, before ranking; tortoise uses 500. */
  padToMaxMelTokens?: number | undefined
}

/** Arguments of {@link ClvpModelForConditionalGeneration.getTextFeatures}. */
export interface TextFeaturesOptions {
  inputIds?: Ids | undefined
  /** [texts, tokens, width of the text encoder] instead of ids. */
  textEncoderInputsEmbeds?: Tensor<Float32Array> | undefined
  attentionMask?: Ids | undefined
  outputHiddenStates?: boolean | undefined
  outputAttentions?: boolean | undefined
  signal?: AbortSignal | undefined
}

/** Arguments of {@link ClvpModelForConditionalGeneration.getSpeechFeatures}: codes, or a text and a voice. */
export interface SpeechFeaturesOptions extends GenerationOptions {
  /** Codes [rows, tokens], used unchanged. */
  speechIds?: Ids | undefined
  inputIds?: Ids | undefined
  conditioningEncoderInputsEmbeds?: Tensor<Float32Array> | undefined
  inputFeatures?: Tensor<Float32Array> | undefined
  /** The mask of `speechIds` if given, else of the text. */
  attentionMask?: Ids | undefined
}

/** What each part returns of its layers. */
export interface WantedOutputs {
  outputHiddenStates: boolean
  outputAttentions: boolean
  signal: AbortSignal | undefined
}

export const outputNames = ['outputHiddenStates', 'outputAttentions', 'signal'] as const
export const speechNames = [
  'speechIds',
  'inputIds',
  'conditioningEncoderInputsEmbeds',
  'inputFeatures',
  'attentionMask',
] as const
export const forwardNames = [
  'inputIds',
  'inputFeatures',
  'conditioningEncoderInputsEmbeds',
  'textEncoderInputsEmbeds',
  'attentionMask',
  'returnLoss',
  ...outputNames,
] as const

export function outputs(given: Readonly<Record<string, unknown>>): WantedOutputs {
  return {
    outputHiddenStates: flag(given, 'outputHiddenStates'),
    outputAttentions: flag(given, 'outputAttentions'),
    signal: abortSignal(given.signal, 'signal'),
  }
}
