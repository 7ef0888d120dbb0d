/** Spoken text: what speak() makes. */

import { speechRate } from '../addon/contract/speech.js'
import type { PartSpan } from '../audio/join.js'
import { soundMetadata } from '../audio/output/provenance.js'
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

/** Speech: a sound with what it was made of. */
export class Speech extends Sound {
  /** 'hifigan' or 'diffusion'. */
  readonly speech: SpeechKind
  /** The candidate that is heard in the first part. */
  readonly best: Candidate
  /** All candidates of the first part, best first. */
  readonly candidates: Candidate[]
  /** The seed of the call: with the same options it gives the same sound. */
  readonly seed: number
  readonly timings: SpeechTimings
  readonly parts: SpeechPart[]
  /** Parts of the text that have nothing to say, such as a row of stars. */
  readonly skipped: TextPart[]

  /** @internal */
  constructor(samples: Float32Array, made: SpeechMade) {
    const { text, model, seed, parts } = made
    const [first] = parts
    super(samples, speechRate, soundMetadata({ text, model, seed, candidate: first!.candidate.index }))
    this.speech = made.speech
    this.best = first!.candidate
    this.candidates = first!.result.candidates
    this.seed = seed
    this.timings = made.timings
    this.parts = parts
    this.skipped = made.skipped
  }

  override toJSON(): Record<string, unknown> {
    const { speech, seed, timings, parts, skipped } = this
    return { ...super.toJSON(), speech, seed, timings, parts, skipped }
  }
}

/** What a sound was made of. */
export interface SpeechMade {
  text: string
  model: { name: string; id?: string | undefined }
  speech: SpeechKind
  seed: number
  parts: SpeechPart[]
  skipped: TextPart[]
  timings: SpeechTimings
}
