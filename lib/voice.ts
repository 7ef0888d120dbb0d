import { invalid } from './errors.js'

/** What the decoder knows of a voice: the mean of its clips' conditioning vectors, as tortoise makes it. */
export class Voice {
  /** [`info.decoder.width`]: goes with the model that made it. */
  readonly embedding: Float32Array
  /** How many clips it was made of. */
  readonly clips: number

  constructor(embedding: Float32Array, clips: number) {
    if (!(embedding instanceof Float32Array)) throw invalid('a Float32Array', 'embedding', embedding)
    this.embedding = embedding
    this.clips = clips
  }

  /** The mean of several clips' vectors, summed in double. */
  static mean(vectors: readonly Float32Array[]): Voice {
    const width = vectors[0]?.length ?? 0
    const mean = new Float32Array(width)
    for (let i = 0; i < width; i++) {
      let sum = 0
      for (const vector of vectors) sum += vector[i]!
      mean[i] = sum / vectors.length
    }
    return new Voice(mean, vectors.length)
  }
}
