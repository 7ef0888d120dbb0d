/** Runs two models on the same samples. Model A draws the candidates; both models score them. */
import { ClvpError } from '../base/errors.js'
import type { BehaviourComparison, CosineSummary } from './report.js'
import { pairs, type Samples } from './samples.js'
import {
  argmax,
  cosine,
  type Divergence,
  divergences,
  histogram,
  kendallTau,
  mean,
  quantile,
} from './statistics.js'
import type { Drawn, Subject } from './subject.js'

export interface BehaviourPlan {
  samples: Samples
  candidates: number
  /** How many candidates of each text the decoders are compared on. */
  rows: number
  maxTokens: number | undefined
  seed: number
  signal: AbortSignal | undefined
  onProgress: ((fraction: number) => void) | undefined
}

/** A model that produces NaN or infinite values. */
export class BrokenModel extends Error {
  readonly model: 'a' | 'b'

  constructor(model: 'a' | 'b', cause: ClvpError) {
    super(cause.message, { cause })
    this.model = model
  }
}

/** Both models' results for one call. */
interface Both<T> {
  a: T
  b: T
}

export class Behaviour {
  readonly #subjects: Both<Subject>
  readonly #plan: BehaviourPlan
  readonly #found: Divergence[] = []
  readonly #text: number[] = []
  readonly #speech: number[] = []
  readonly #taus: number[] = []
  #sameBest = 0

  constructor(a: Subject, b: Subject, plan: BehaviourPlan) {
    this.#subjects = { a, b }
    this.#plan = plan
  }

  /** @throws BrokenModel, and what the models' calls throw */
  async compare(): Promise<BehaviourComparison> {
    const { samples, onProgress } = this.#plan
    const voices: Both<Float32Array>[] = []
    for (const [i, clip] of samples.clips.entries()) {
      const name = `voices[${i}]`
      voices.push(await this.#both((subject) => subject.voice(clip, name, this.#plan.signal)))
    }
    const list = pairs(samples)
    for (const [i, { text, voice }] of list.entries()) {
      await this.#sample(samples.texts[text]!, voices[voice]!, i)
      onProgress?.((i + 1) / list.length)
    }
    return this.#report(list.length, voices)
  }

  async #sample(text: string, voices: Both<Float32Array>, index: number): Promise<void> {
    const { candidates, maxTokens, seed, rows, signal } = this.#plan
    const ids = this.#subjects.a.textIds(text)
    const settings = { candidates, maxTokens, seed: seed + index, signal }
    const drawn = await this.#try('a', () => this.#subjects.a.draw(ids, voices.a, settings))
    await this.#rank(ids, drawn)
    for (const codes of drawn.codes.slice(0, rows)) await this.#walk(ids, voices, codes)
  }

  async #rank(ids: Int32Array, drawn: Drawn): Promise<void> {
    const { signal } = this.#plan
    const found = await this.#both(async ({ session }) => {
      const text = await session.embedText(ids, signal)
      const speech = await session.embedSpeech(drawn.rows, signal)
      return session.similarity(text, speech)
    })
    this.#text.push(cosine(found.a.text, found.b.text))
    const width = this.#subjects.a.info.projection
    for (let at = 0; at < found.a.speech.length; at += width) {
      this.#speech.push(
        cosine(found.a.speech.subarray(at, at + width), found.b.speech.subarray(at, at + width)),
      )
    }
    const tau = kendallTau(found.a.scores, found.b.scores)
    if (tau !== null) this.#taus.push(tau)
    if (argmax(found.a.scores) === argmax(found.b.scores)) this.#sameBest++
  }

  /** Runs both decoders over one row, step by step with a KV cache, as generate() does. */
  async #walk(ids: Int32Array, voices: Both<Float32Array>, codes: Int32Array): Promise<void> {
    const { info } = this.#subjects.a
    const row = codes.subarray(0, info.maxTokens - 1) // the last code is not fed back
    const logits = await this.#both(({ session }, model) =>
      session.stepLogits(ids, voices[model], row, 'model', this.#plan.signal),
    )
    for (const each of divergences(logits.a, logits.b, info.decoderVocab)) this.#found.push(each)
  }

  async #both<T>(ask: (subject: Subject, model: 'a' | 'b') => Promise<T>): Promise<Both<T>> {
    const a = await this.#try('a', () => ask(this.#subjects.a, 'a'))
    return { a, b: await this.#try('b', () => ask(this.#subjects.b, 'b')) }
  }

  async #try<T>(model: 'a' | 'b', call: () => Promise<T>): Promise<T> {
    try {
      return await call()
    } catch (error) {
      if (error instanceof ClvpError && error.code === 'CLVP_MODEL_FORMAT')
        throw new BrokenModel(model, error)
      throw error
    }
  }

  #report(texts: number, voices: readonly Both<Float32Array>[]): BehaviourComparison {
    const kl = this.#found.map((each) => each.kl)
    return {
      decoder: {
        positions: kl.length,
        kl: {
          mean: mean(kl),
          p99: quantile(kl, 0.99),
          max: quantile(kl, 1),
          histogram: histogram(kl),
        },
        sameLikeliest: this.#found.filter(({ agree }) => agree).length / kl.length,
      },
      embeddings: {
        text: summary(this.#text),
        speech: summary(this.#speech),
        conditioning: summary(voices.map(({ a, b }) => cosine(a, b))),
      },
      ranking: {
        texts,
        kendallTau: this.#taus.length > 0 ? mean(this.#taus) : null,
        sameBest: this.#sameBest / texts,
      },
    }
  }
}

function summary(cosines: readonly number[]): CosineSummary {
  return { mean: mean(cosines), min: Math.min(...cosines), count: cosines.length }
}
