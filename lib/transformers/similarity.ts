/** Similarities of texts and rows of speech, and the results of the whole model's methods. */
import type { NativeSimilarity } from '../addon/contract/towers.js'
import { ClvpError } from '../base/errors.js'
import { Tensor } from '../base/tensor.js'
import type { ClvpEncoderOutput } from './encoder.js'
import { contrastiveLoss } from './loss.js'

export type Layers = Tensor<Float32Array>[]

/** Similarities of texts and rows of speech. */
export interface Similarities {
  /** `[rows of speech, texts]`: cosine * exp(logitScale) */
  logitsPerSpeech: Tensor<Float32Array>
  /** [texts, rows of speech] */
  logitsPerText: Tensor<Float32Array>
  /** [texts, projection], of length 1. */
  textEmbeds: Tensor<Float32Array>
  /** [rows of speech, projection], of length 1. */
  speechEmbeds: Tensor<Float32Array>
  /** The text encoder's pooled output [texts, width]. */
  textModelOutput: Tensor<Float32Array>
  /** The speech encoder's pooled output [rows of speech, width]. */
  speechModelOutput: Tensor<Float32Array>
  textEncoderHiddenStates?: Layers
  speechEncoderHiddenStates?: Layers
  textEncoderAttentions?: Layers
  speechEncoderAttentions?: Layers
}

/** transformers' `ClvpOutput` of forward. */
export interface ClvpOutput extends Similarities {
  /** With `returnLoss`: a single number. */
  loss?: Tensor<Float32Array>
  /** The speech encoder's input [rows, tokens]: the likeliest code after each of the decoder's inputs, with fixing codes. */
  speechIds: Tensor<Int32Array>
  decoderHiddenStates?: Layers
  decoderAttentions?: Layers
}

/** transformers' `ClvpOutput` of generate, plus the outputs of the decoder's generate. */
export interface ClvpGenerateOutput extends Similarities {
  /** Codes [rows, tokens] with fixing codes, for the ranker and the diffusion stage. */
  speechIds: Tensor<Int32Array>
  /** As generated: bos, ids, stop and padding. */
  sequences: Tensor<Int32Array>
  sequencesScores?: Tensor<Float32Array>
  beamIndices?: Tensor<Int32Array>
  scores?: Layers
  logits?: Layers
  /** For each step; see StepOutputs. */
  decoderHiddenStates?: Layers[]
  decoderAttentions?: Layers[]
}

/** Combines two encoders' outputs with their similarities. */
export function similarities(
  found: NativeSimilarity,
  text: ClvpEncoderOutput,
  speech: ClvpEncoderOutput,
): Similarities {
  const texts = text.embeds.dims[0]!
  const rows = speech.embeds.dims[0]!
  const logitsPerText = new Tensor(found.scores, [texts, rows])
  return {
    logitsPerSpeech: transposed(logitsPerText),
    logitsPerText,
    textEmbeds: new Tensor(found.text, text.embeds.dims),
    speechEmbeds: new Tensor(found.speech, speech.embeds.dims),
    textModelOutput: text.poolerOutput,
    speechModelOutput: speech.poolerOutput,
    ...layers(text, speech),
  }
}

function layers(text: ClvpEncoderOutput, speech: ClvpEncoderOutput) {
  return {
    ...(text.hiddenStates && { textEncoderHiddenStates: text.hiddenStates }),
    ...(speech.hiddenStates && { speechEncoderHiddenStates: speech.hiddenStates }),
    ...(text.attentions && { textEncoderAttentions: text.attentions }),
    ...(speech.attentions && { speechEncoderAttentions: speech.attentions }),
  }
}

function transposed({ data, dims }: Tensor<Float32Array>): Tensor<Float32Array> {
  const [rows, columns] = dims as [number, number]
  const turned = Float32Array.from(data, (_, i) => data[(i % rows) * columns + Math.floor(i / rows)]!)
  return new Tensor(turned, [columns, rows])
}

/** The contrastive loss; needs as many texts as rows of speech. */
export function lossOf(logitsPerText: Tensor<Float32Array>): Tensor<Float32Array> {
  const [texts, rows] = logitsPerText.dims
  if (texts !== rows) {
    const hint = `Expected as many texts as rows of speech for returnLoss but received ${texts} and ${rows}`
    throw new ClvpError('CLVP_INVALID_ARGUMENT', hint)
  }
  return new Tensor(Float32Array.of(contrastiveLoss(logitsPerText)), [])
}
