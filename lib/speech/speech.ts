/** Spoken text: what speak() makes. */

import { speechRate } from '../addon/contract/speech.js'
import type { PartSpan } from '../audio/join.js'
import type { SoundMetadata } from '../audio/output/tags.js'
import { Sound } from '../audio/sound.js'
import type { Candidate, GenerateResult } from '../clvp/result.js'
import type { TextPart } from '../text/split_part.js'
import type { Failure } from './gates.js'
import type { SpeechKind } from './speak_options.js'

/** Times of a call in milliseconds, over all parts and attempts. Stages that did not run have 0. */
export interface SpeechTimings {
  /** Drawing and ranking. */
  drawMs: number
  latentsMs: number
  hifiganMs: number
  diffusionMs: number
  vocoderMs: number
  /** From the start of the call to its first samples. */
  firstSoundMs: number
  totalMs: number
}

/** A part of the text as it was spoken. */
export interface SpeechPart {
  /** The text, and its place in the whole. */
  text: TextPart
  /** Where it is in the sound, in seconds. */
  span: PartSpan
  /** The candidate that is heard. */
  candidate: Candidate
  /** What generate() made of the part, by the attempt that was kept. */
  result: GenerateResult
  /** What is wrong with the candidate; empty if it passes all gates. */
  failures: Failure[]
  /** How often the part was drawn. */
  attempts: number
}

/** What has been spoken, without the samples. */
export interface SpokenText {
  /** 'hifigan' or 'diffusion'. */
  speech: SpeechKind
  /** The seed of the call: with the same options it gives the same sound. */
  seed: number
  timings: SpeechTimings
  parts: SpeechPart[]
  /** Parts of the text that have nothing to say, such as a row of stars. */
  skipped: TextPart[]
  /** The tags of files: with the index of the candidate that is heard in the first part, once that is drawn. */
  metadata: SoundMetadata
}

/**
 * Speech: a sound with what it was made of.
 *
 * @example
 * ```js
 * const speech = await clvp.speak('Hello world.', { voice, seed: 1 })
 * console.log(speech.seconds, speech.best.score, speech.parts.length)
 * await speech.save('hello.wav')
 * ```
 */
export class Speech extends Sound implements SpokenText {
  readonly speech: SpeechKind
  /** The candidate that is heard in the first part. */
  readonly best: Candidate
  /** All candidates of the first part, best first. */
  readonly candidates: Candidate[]
  readonly seed: number
  readonly timings: SpeechTimings
  readonly parts: SpeechPart[]
  readonly skipped: TextPart[]

  /** @internal */
  constructor(samples: Float32Array, spoken: SpokenText) {
    super(samples, speechRate, spoken.metadata)
    const [first] = spoken.parts
    this.speech = spoken.speech
    this.best = first!.candidate
    this.candidates = first!.result.candidates
    this.seed = spoken.seed
    this.timings = spoken.timings
    this.parts = spoken.parts
    this.skipped = spoken.skipped
  }

  override toJSON(): Record<string, unknown> {
    const { speech, seed, timings, parts, skipped } = this
    return { ...super.toJSON(), speech, seed, timings, parts, skipped }
  }
}
