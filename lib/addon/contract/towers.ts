/** The native contract: forward passes of the decoder and the encoders. clvp.h documents the meaning of these types. */

/** Rows of one length: ids, or embeddings in their place. */
export interface NativeRows {
  rows: number
  tokens: number
  /** [rows, tokens] */
  ids?: Int32Array | undefined
  /** [rows, tokens, width] */
  embeds?: Float32Array | undefined
  /** [rows, tokens], for a decoder with a past [rows, past + tokens]; 0 hides. */
  mask?: Int32Array | undefined
  /** [rows, tokens]; default: 0, 1, 2, ..., behind a past from its length on. */
  positions?: Int32Array | undefined
}

/** Rows of one length, and which outputs to return in full. */
export interface NativeForward extends NativeRows {
  hiddenStates: boolean
  attentions: boolean
}

export interface NativeDecoderForward extends NativeForward {
  /** Token type ids [rows, tokens], embedded as tokens and added. */
  types?: Int32Array | undefined
  past?: NativePast | undefined
  /** Return a past. */
  keep: boolean
  /** Return logits. */
  logits: boolean
}

/** Keys and values of rows of tokens. Immutable: a call that continues from a past returns a new one. */
export interface NativePast {
  readonly rows: number
  readonly tokens: number
  /** Frees the memory at once; otherwise garbage collection does. */
  dispose(): void
}

/** Embeddings, then each layer's output, of which the last is after the final norm. */
export interface NativeOutput {
  /** [rows, tokens, width] */
  lastHidden: Float32Array
  hiddenStates: Float32Array[]
  /** Each layer's [rows, heads, tokens, keys]. */
  attentions: Float32Array[]
}

export interface NativeEncoderOutput extends NativeOutput {
  /** [rows, width] */
  pooled: Float32Array
  /** [rows, projection], not normalised. */
  embeds: Float32Array
}

export interface NativeDecoderOutput extends NativeOutput {
  /** [rows, tokens, vocab]; empty unless `logits` is set. */
  logits: Float32Array
  past?: NativePast
}

export interface NativeSimilarity {
  /** [texts, width] and [rows, width], of length 1. */
  text: Float32Array
  speech: Float32Array
  /** [texts, rows]: cosine * exp(logit scale). */
  scores: Float32Array
}
