/** The result of a comparison of two models. */
import type { Histogram } from './statistics.js'

/** Differences of one tensor. */
export interface TensorComparison {
  name: string
  types: { a: string; b: string }
  /** In GGML's order: the contiguous dimension first. */
  dims: number[]
  /** sqrt(sum((a - b)^2) / sum(a^2)); null if A is all zeros and B is not. */
  relativeError: number | null
  /** The largest |a - b|. */
  maxError: number
  /** Null if exactly one of the two is all zeros. */
  cosine: number | null
}

/** Differences of the decoder's next-code distribution on candidates that A drew. */
export interface DecoderComparison {
  /** Number of compared distributions: one for each code of a row, and one after the last. */
  positions: number
  /** KL(A || B) in nats. */
  kl: { mean: number; p99: number; max: number; histogram: Histogram }
  /** Fraction of positions with the same likeliest code. */
  sameLikeliest: number
}

/** Cosines of both models' outputs for the same input. */
export interface CosineSummary {
  mean: number
  min: number
  count: number
}

/** How both models rank the same candidates of each text. */
export interface RankingComparison {
  /** Number of texts whose candidates were ranked. */
  texts: number
  /** Mean of Kendall's tau-b over the texts; null if no text has two candidates with different scores. */
  kendallTau: number | null
  /** Fraction of texts with the same best candidate. */
  sameBest: number
}

/** Differences of both models' outputs on the same samples. */
export interface BehaviourComparison {
  decoder: DecoderComparison
  embeddings: { text: CosineSummary; speech: CosineSummary; conditioning: CosineSummary }
  ranking: RankingComparison
}

/** One of the two files. */
export interface ComparedModel {
  path: string
  type: string
  /** Size of the file. */
  bytes: number
}

/** The result of compareModels() for model B against model A. */
export interface ModelComparison {
  a: ComparedModel
  b: ComparedModel
  /** In A's order. */
  tensors: TensorComparison[]
  /** Absent if one of the models produced NaN or infinite values: see `failure`. */
  behaviour?: BehaviourComparison
  /** The model that produced NaN or infinite values, and its error message. */
  failure?: { model: 'a' | 'b'; message: string }
  /** Bytes of both models' weights, which are in memory at the same time. */
  memoryBytes: number
  samples: { texts: number; voices: number; candidates: number; seed: number }
}
