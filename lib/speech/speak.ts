/** Speaks a text: draws, ranks and checks its parts one by one, and turns each into sound. */
import { randomInt } from 'node:crypto'
import { speechRate } from '../addon/contract/speech.js'
import { concat } from '../audio/concat.js'
import { SoundJoiner } from '../audio/join.js'
import { soundMetadata } from '../audio/output/provenance.js'
import { onAbort } from '../base/abort.js'
import { string } from '../base/check.js'
import { invalid } from '../base/errors.js'
import type { PlannedSound } from '../clvp/memory_plan.js'
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
import { drawPart, type PartRequest, type Speaker, seedOf } from './part_draw.js'
import { PartFolder } from './part_folder.js'
import { pauseAfter } from './pauses.js'
import { readBrackets } from './redaction.js'
import { settingsKey } from './settings_key.js'
import {
  kindOf,
  readSpeakOptions,
  type SpeakPlan,
  type SpeakProgress,
  type SpeechKind,
} from './speak_options.js'
import type { SpeechPart, SpeechTimings, SpokenText } from './speech.js'

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
  readonly #folder: PartFolder | undefined
  #seed: number
  readonly #spoken: SpeechPart[] = []
  /** The one that is heard in the first part: a single one before it is complete. */
  #candidate: number | undefined
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
    this.#kind = kindOf(this.#plan.speech, speaker.info)
    this.#text = readBrackets(string(text, 'text'), this.#plan.brackets)
    this.#seed = this.#plan.draw.seed ?? randomInt(2 ** 47)
    const { draw } = this.#plan
    this.#candidate = this.#plan.isLive ? 0 : undefined
    const { parts, skipped } = this.#split()
    this.#parts = parts
    this.#skipped = skipped
    speaker.prompt(parts[0]!.text, draw, this.#planned) // refuses a bad voice or option at once
    checkWay(this.#kind, speaker.session.info, draw.voice)
    this.#folder = this.#openFolder()
  }

  /** What has been spoken so far. */
  get spoken(): SpokenText {
    const { spans } = this.#joiner
    const parts = this.#spoken.flatMap((part, i) => (spans[i] ? [{ ...part, span: spans[i] }] : []))
    const candidate = this.#candidate
    return {
      speech: this.#kind,
      seed: this.#seed,
      parts,
      skipped: this.#skipped,
      timings: { ...this.#times, totalMs: performance.now() - this.#started },
      metadata: soundMetadata({ text: this.#text, model: this.#speaker.info, seed: this.#seed, candidate }),
    }
  }

  /** The parts of the text. */
  get texts(): readonly TextPart[] {
    return this.#parts
  }

  /** Ends the work that is being done. */
  leave(): void {
    this.#leave.abort()
  }

  /** The sound, piece by piece. Leaving the loop stops the work. */
  async *pieces(): AsyncGenerator<SpeechEvent> {
    const { signal } = this.#plan
    const forget = signal && onAbort(signal, () => this.#leave.abort(signal.reason))
    if (signal?.aborted) this.#leave.abort(signal.reason)
    try {
      await this.#folder?.make()
      if (this.#plan.draw.seed === undefined) this.#seed = (await this.#folder?.seed()) ?? this.#seed
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

  #openFolder(): PartFolder | undefined {
    const { draw, made, partsFolder } = this.#plan
    if (partsFolder === undefined) return undefined
    const { info, compat } = this.#speaker
    return new PartFolder(
      partsFolder,
      settingsKey(info, { ...made, compat: compat(draw) }, ['split', 'pauses']),
    )
  }

  /** Splits the text, and sets parts apart that have nothing to say. */
  #split(): { parts: TextPart[]; skipped: TextPart[] } {
    const { draw, split } = this.#plan
    const read = (text: string) => this.#speaker.read(text, draw)
    const fits = (text: string) => (read(text)?.remaining ?? 0) >= 0
    const all = splitText(this.#text, split.mode === 'tortoise' || split.fits ? split : { ...split, fits })
    const parts: TextPart[] = []
    const skipped: TextPart[] = []
    for (const each of all) (read(each.text) === undefined ? skipped : parts).push(each)
    if (parts.length === 0)
      throw invalid('letters or numbers that the vocabulary can write', 'text', this.#text)
    return { parts, skipped }
  }

  /** A part's sound, joined to what was before it. The first part is heard while it is made, the others once they are complete. */
  async *#joined(part: number, text: TextPart): AsyncGenerator<SoundPiece> {
    const pieces: SoundPiece[] = []
    let sent = 0
    for await (const piece of this.#keptSound(part, text)) {
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

  /** The sound of a part from the folder of parts, or else a new one, which is kept there. */
  async *#keptSound(part: number, text: TextPart): AsyncGenerator<SoundPiece> {
    const folder = this.#folder
    if (!folder) return yield* this.#sound(part, text)
    const { normalized } = this.#speaker.read(text.text, this.#plan.draw)!
    const kept = await folder.load(part, text, { normalized, seed: this.#seed })
    if (kept) {
      this.#candidate ??= kept.spoken.candidate.index
      this.#spoken.push(kept.spoken)
      return yield { samples: kept.samples, codes: kept.spoken.candidate.drawnCodes.length }
    }
    const pieces: Float32Array[] = []
    for await (const piece of this.#sound(part, text)) {
      pieces.push(piece.samples)
      yield piece
    }
    const made = { spoken: this.#spoken[part]!, samples: concat(pieces) }
    await folder.save(part, { normalized, seed: this.#seed }, made)
  }

  /** Draws a part and makes its sound; with one candidate at the same time. */
  async *#sound(part: number, text: TextPart): AsyncGenerator<SoundPiece> {
    const { draw, isLive } = this.#plan
    const source = isLive ? new CodeSource() : undefined
    const request = {
      part,
      text,
      seed: this.#seed,
      partScores: this.#spoken.map(({ candidate: { score } }) => score),
      sound: this.#planned,
      signal: this.#leave.signal,
      tell: this.#tell,
    }
    const drawing = this.#draw(request, source)
    source?.endsWith(drawing)
    drawing.catch(() => {}) // row() reports it
    if (!isLive) await drawing
    const seed = isLive ? seedOf(request, this.#plan, 0) : (await drawing).candidate.seed
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
      return heardCodes(candidate, this.#speaker.session.info, this.#speaker.compat(draw) === 'tortoise')
    }
    const isOverlapped = !job.session.swapsParts // else decoder and HiFi-GAN would take turns in memory
    if (this.#kind === 'hifigan') yield* hifiganSound(job, isOverlapped ? source : undefined, row)
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
    const { steps, sampler, guidance, guidanceFrom, ramp, diffusionTemperature } = this.#plan
    return { steps, sampler, guidance, guidanceFrom, ramp, diffusionTemperature }
  }

  async #draw(request: PartRequest, source: CodeSource | undefined): Promise<SpeechPart> {
    const begun = performance.now()
    const drawn = await drawPart(this.#speaker, this.#plan, request, source)
    this.#times.drawMs += performance.now() - begun
    this.#candidate ??= drawn.candidate.index
    return drawn
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

  readonly #tell = (part: number, stage: SpeakProgress['stage'], fraction: number): void => {
    this.#plan.onProgress?.({ part, parts: this.#parts.length, stage, fraction })
  }
}
