/** Speaks a text: draws, ranks and checks its parts one by one, and turns each into sound. */
import { randomInt } from 'node:crypto'
import type { NativePrompt } from '../addon/contract/drawing.js'
import { speechRate } from '../addon/contract/speech.js'
import { SoundJoiner } from '../audio/join.js'
import { onAbort } from '../base/abort.js'
import { string } from '../base/check.js'
import { ClvpError, invalid } from '../base/errors.js'
import type { Listener } from '../clvp/generate.js'
import type { GenerateOptions } from '../clvp/generate_options.js'
import type { ModelInfo } from '../clvp/info.js'
import type { PlannedSound } from '../clvp/memory_plan.js'
import type { GenerateResult } from '../clvp/result.js'
import type { Session } from '../session/session.js'
import { splitText } from '../text/split.js'
import type { TextPart } from '../text/split_part.js'
import {
  checkWay,
  diffusionSound,
  heardCodes,
  hifiganSound,
  type SoundJob,
  type SoundPiece,
  type SoundStage,
} from './code_sound.js'
import { CodeSource } from './code_source.js'
import { judge } from './gates.js'
import { pauseAfter } from './pauses.js'
import { readBrackets } from './redaction.js'
import { chooseBest, nextSeed } from './retries.js'
import { readSpeakOptions, type SpeakPlan, type SpeakProgress, type SpeechKind } from './speak_options.js'
import { Speech, type SpeechPart, type SpeechTimings } from './speech.js'

/** What speaking needs of a model. */
export interface Speaker {
  session: Session
  info: ModelInfo
  /** Clvp.generate, with a listener to the draw. */
  generate(
    text: string,
    options: GenerateOptions,
    sound: PlannedSound,
    listener?: Listener,
  ): Promise<GenerateResult>
  /** The prompt of a text, as generate() makes it. Refuses a call that exceeds its memory limit with its sound. */
  prompt(text: string, options: GenerateOptions, sound: PlannedSound): NativePrompt
  /** How many more tokens a text may have; negative for one that is too long. Undefined for one with nothing to say. */
  remaining(text: string, options: GenerateOptions): number | undefined
  /** Whether the options ask for tortoise's own results. */
  isTortoise(options: GenerateOptions): boolean
}

/** A piece of the sound of speakStream(). */
export interface SpeechEvent {
  /** At 24 kHz, in [-1, 1]. */
  samples: Float32Array
  /** The part of the text that these samples are of, from 0. */
  part: number
  /** How many codes of that part have been turned into sound so far. */
  codes: number
}

/** The last 5 ms of a part may still fade: SoundJoiner holds them back. */
const HELD = 0.005 * speechRate

/** One call of speak() or speakStream(). */
export class Speaking {
  readonly #speaker: Speaker
  readonly #plan: SpeakPlan
  readonly #text: string
  readonly #parts: TextPart[]
  readonly #skipped: TextPart[]
  readonly #kind: SpeechKind
  readonly #seed: number
  readonly #spoken: SpeechPart[] = []
  readonly #joiner = new SoundJoiner({ sampleRate: speechRate })
  readonly #leave = new AbortController()
  readonly #started = performance.now()
  readonly #times: SpeechTimings = {
    drawMs: 0,
    latentsMs: 0,
    hifiganMs: 0,
    diffusionMs: 0,
    vocoderMs: 0,
    firstSoundMs: 0,
    totalMs: 0,
  }

  /** Checks the arguments. */
  constructor(speaker: Speaker, text: unknown, options: unknown) {
    this.#speaker = speaker
    this.#plan = readSpeakOptions(options)
    this.#kind = kindOf(this.#plan, speaker.info)
    this.#text = readBrackets(string(text, 'text'), this.#plan.brackets)
    this.#seed = this.#plan.draw.seed ?? randomInt(2 ** 47)
    const { parts, skipped } = this.#split()
    this.#parts = parts
    this.#skipped = skipped
    speaker.prompt(parts[0]!.text, this.#plan.draw, this.#planned) // refuses a bad voice or option at once
    checkWay(this.#kind, speaker.session.info, this.#plan.draw.voice)
  }

  /** The whole, once pieces() has ended. */
  speech(pieces: readonly Float32Array[]): Speech {
    return new Speech(concat(pieces), {
      text: this.#text,
      model: this.#speaker.info,
      speech: this.#kind,
      seed: this.#seed,
      parts: this.#spoken.map((part, i) => ({ ...part, span: this.#joiner.spans[i]! })),
      skipped: this.#skipped,
      timings: { ...this.#times, totalMs: performance.now() - this.#started },
    })
  }

  /** The sound, piece by piece. Leaving the loop stops the work. */
  async *pieces(): AsyncGenerator<SpeechEvent> {
    const { signal } = this.#plan
    const forget = signal && onAbort(signal, () => this.#leave.abort(signal.reason))
    if (signal?.aborted) this.#leave.abort(signal.reason)
    try {
      for (const [part, text] of this.#parts.entries()) {
        for await (const { samples, codes } of this.#joined(part, text)) {
          if (samples.length === 0) continue
          this.#times.firstSoundMs ||= performance.now() - this.#started
          yield { samples, part, codes }
        }
      }
    } finally {
      forget?.()
      this.#leave.abort()
    }
  }

  /** Splits the text, and sets parts apart that have nothing to say. */
  #split(): { parts: TextPart[]; skipped: TextPart[] } {
    const { draw, split } = this.#plan
    const { remaining } = this.#speaker
    const fits = (text: string) => (remaining(text, draw) ?? 0) >= 0
    const all = splitText(this.#text, split.mode === 'tortoise' || split.fits ? split : { ...split, fits })
    const parts = all.filter(({ text }) => remaining(text, draw) !== undefined)
    if (parts.length === 0)
      throw invalid('letters or numbers that the vocabulary can write', 'text', this.#text)
    return { parts, skipped: all.filter((each) => !parts.includes(each)) }
  }

  /** A part's sound, joined to what was before it. The first part is heard while it is made, the others once they are complete. */
  async *#joined(part: number, text: TextPart): AsyncGenerator<SoundPiece> {
    const pieces: SoundPiece[] = []
    let sent = 0
    for await (const piece of this.#sound(part, text)) {
      pieces.push(piece)
      if (part > 0) continue
      const known = concat(pieces.map(({ samples }) => samples))
      const sure = Math.max(sent, known.length - HELD)
      yield { samples: known.slice(sent, sure), codes: piece.codes }
      sent = sure
    }
    const whole = concat(pieces.map(({ samples }) => samples))
    const { codes } = pieces.at(-1)!
    const pause = part === 0 ? 0 : this.#pauseBefore(part)
    yield { samples: this.#joiner.add(whole, pause).slice(sent), codes }
    if (part === this.#parts.length - 1) yield { samples: this.#joiner.end(), codes }
  }

  #pauseBefore(part: number): number {
    const [before, after] = [this.#parts[part - 1]!, this.#parts[part]!]
    return this.#plan.pauses ? this.#plan.pauses(before, after) : pauseAfter(before)
  }

  /** Draws a part and makes its sound; with one candidate at the same time. */
  async *#sound(part: number, text: TextPart): AsyncGenerator<SoundPiece> {
    const { draw, isLive } = this.#plan
    const source = isLive ? new CodeSource() : undefined
    const drawing = this.#draw(part, text, source)
    source?.endsWith(drawing)
    drawing.catch(() => {}) // row() reports it
    if (!isLive) await drawing
    const seed = isLive ? this.#seedOf(part, 0) : (await drawing).candidate.seed
    const job: SoundJob = {
      session: this.#speaker.session,
      prompt: this.#speaker.prompt(text.text, draw, this.#planned),
      voice: draw.voice,
      seed,
      signal: this.#leave.signal,
      track: (stage, run) => this.#track(part, stage, run),
    }
    const row = async () => {
      const { candidate } = await drawing
      return heardCodes(candidate, this.#speaker.session.info, this.#speaker.isTortoise(draw))
    }
    if (this.#kind === 'hifigan') yield* hifiganSound(job, source, row)
    else yield* diffusionSound(job, this.#diffusionSettings, row)
    this.#spoken.push(await drawing)
  }

  /** What the memory of the sound depends on. */
  get #planned(): PlannedSound {
    return this.#kind === 'hifigan'
      ? { speech: 'hifigan' }
      : { speech: 'diffusion', guidance: this.#plan.guidance }
  }

  get #diffusionSettings() {
    const { steps, sampler, guidance, ramp, diffusionTemperature } = this.#plan
    return { steps, sampler, guidance, ramp, diffusionTemperature }
  }

  /** The seed of an attempt at a part: the seeds of all attempts follow each other. */
  #seedOf(part: number, attempt: number): number {
    return nextSeed(this.#seed, part * (this.#plan.retries + 1) + attempt)
  }

  /** Draws a part until a candidate passes the gates. */
  async #draw(part: number, text: TextPart, source: CodeSource | undefined): Promise<SpeechPart> {
    const begun = performance.now()
    const attempts: SpeechPart[] = []
    do {
      const seed = this.#seedOf(part, attempts.length)
      attempts.push(this.#judged(text, await this.#attempt(part, text, seed, source), attempts.length + 1))
    } while (attempts.at(-1)!.failures.length > 0 && attempts.length <= this.#plan.retries)
    this.#times.drawMs += performance.now() - begun
    const best = chooseBest(attempts as [SpeechPart, ...SpeechPart[]])
    return { ...best, attempts: attempts.length }
  }

  #attempt(
    part: number,
    text: TextPart,
    seed: number,
    source: CodeSource | undefined,
  ): Promise<GenerateResult> {
    const { draw } = this.#plan
    const options: GenerateOptions = { ...draw, seed, signal: this.#leave.signal }
    if (draw.beams !== undefined && draw.temperature === undefined) delete options.seed // nothing is drawn
    if (this.#plan.onProgress) {
      options.onProgress = ({ stage, fraction }) =>
        this.#tell(part, stage as SpeakProgress['stage'], fraction)
    }
    const { stop } = this.#speaker.info.decoder
    const onStep = (pairs: Int32Array) => {
      for (let i = 1; i < pairs.length; i += 2) if (pairs[i] !== stop) source!.push(pairs[i]!)
    }
    return this.#speaker.generate(
      text.text,
      options,
      this.#planned,
      source && { onStep, onCandidate: () => {} },
    )
  }

  /** The best candidate that passes the gates, or else the best one with what is wrong with it. */
  #judged(text: TextPart, result: GenerateResult, attempts: number): SpeechPart {
    const { info, session } = this.#speaker
    const failuresOf = (candidate: GenerateResult['best']) =>
      judge(
        candidate,
        {
          normalized: result.normalized,
          secondsPerCode: info.secondsPerCode,
          silenceCode: session.info.fixingCodes[0],
          candidateScores: result.candidates.filter((each) => each !== candidate).map(({ score }) => score),
          partScores: this.#spoken.map(({ candidate: { score } }) => score),
        },
        this.#plan.gates,
      )
    const candidate = result.candidates.find((each) => failuresOf(each).length === 0) ?? result.best
    const span = { start: 0, end: 0 } // known when the parts are joined
    return { text, span, candidate, result, failures: failuresOf(candidate), attempts }
  }

  async #track<T>(
    part: number,
    stage: SoundStage,
    run: (tell: (fraction: number) => void) => Promise<T>,
  ): Promise<T> {
    const begun = performance.now()
    try {
      return await run((fraction) => this.#tell(part, stage, fraction))
    } finally {
      this.#times[`${stage}Ms`] += performance.now() - begun
    }
  }

  #tell(part: number, stage: SpeakProgress['stage'], fraction: number): void {
    this.#plan.onProgress?.({ part, parts: this.#parts.length, stage, fraction })
  }
}

/** Which way of making sound a call takes. */
function kindOf({ speech }: SpeakPlan, { name, speech: { ways } }: ModelInfo): SpeechKind {
  if (speech !== 'auto') return speech
  const [way] = ways
  if (way) return way
  throw new ClvpError(
    'CLVP_UNSUPPORTED',
    `Expected a model that can speak but ${name} has neither HiFi-GAN nor the diffusion model with its vocoder: convert it with tortoise's hifidecoder.pth beside its other files, or add it with clvp convert --add (docs/speech.md)`,
  )
}

function concat(pieces: readonly Float32Array[]): Float32Array {
  if (pieces.length === 1) return pieces[0]!
  const all = new Float32Array(pieces.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const piece of pieces) {
    all.set(piece, at)
    at += piece.length
  }
  return all
}
