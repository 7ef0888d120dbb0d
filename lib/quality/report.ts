/** What a comparison of two models says. */
import type { Histogram } from './statistics.js'

/** A tensor of both files. */
export interface TensorComparison {
  name: string
  types: { a: string; b: string }
  /** In GGML's order: the contiguous one first. */
  dims: number[]
  /** sqrt(sum((a - b)^2) / sum(a^2)); null where A is all zeros and B is not. */
  relativeError: number | null
  /** The largest |a - b|. */
  maxError: number
  /** Null where one of the two is all zeros. */
  cosine: number | null
}

/** How the decoder's distribution of the next code differs, along candidates that A drew. */
export interface DecoderComparison {
  /** Compared distributions: one for each code of a row, and one behind the last. */
  positions: number
  /** KL(A || B) in nats. */
  kl: { mean: number; p99: number; max: number; histogram: Histogram }
  /** The part of positions whose likeliest code is the same. */
  sameLikeliest: number
}

/** Cosines of what both models make of the same input. */
export interface CosineSummary {
  mean: number
  min: number
  count: number
}

/** How both models rank the same candidates of each text. */
export interface RankingComparison {
  /** Texts whose candidates were ranked. */
  texts: number
  /** Mean of Kendall's tau-b over them; null if no text has two candidates of different scores. */
  kendallTau: number | null
  /** The part of texts with the same best candidate. */
  sameBest: number
}

/** Both models at work on the same samples. */
export interface BehaviourComparison {
  decoder: DecoderComparison
  embeddings: { text: CosineSummary; speech: CosineSummary; conditioning: CosineSummary }
  ranking: RankingComparison
}

/** One of the two files. */
export interface ComparedModel {
  path: string
  type: string
  /** Of the file. */
  bytes: number
}

/** What compareModels() finds of model B against model A. */
export interface ModelComparison {
  a: ComparedModel
  b: ComparedModel
  /** In A's order. */
  tensors: TensorComparison[]
  /** Absent if one of the models gives no numbers: see `failure`. */
  behaviour?: BehaviourComparison
  /** The model whose numbers grow beyond all bounds while it runs, and its error's message. */
  failure?: { model: 'a' | 'b'; message: string }
  /** Bytes of both models' weights, which were in memory at the same time. */
  memoryBytes: number
  samples: { texts: number; voices: number; candidates: number; seed: number }
}
