/** Joins the sounds of parts: pauses between them, equal levels, no clicks. */
import { integer, number, pick } from '../base/check.js'
import { ClvpError, invalid } from '../base/errors.js'
import * as kinds from '../base/kinds.js'
import { type OptionsOf, optionTable, readOptions } from '../base/options.js'
import { concat } from './concat.js'
import { findSound, isAudible } from './levels.js'
import { checkSamples } from './output/pcm.js'

/** Length of the fade before and after a joint, in seconds. */
const fadeSeconds = 0.005
/** A part is made at most twice as loud, or half. */
const mostGain = 2
/** Longest pause, in seconds. */
const mostPause = 600

export const joinTable = optionTable({
  /** Whether the parts get the level of the first one that can be heard; default true. */
  matchLevels: { kind: kinds.boolean(), default: true },
})

export const joinerTable = optionTable({
  /** Samples a second, 1,000 to 384,000. */
  sampleRate: { kind: kinds.integer(1000, 384_000), required: true },
  ...joinTable,
})

/** Options of a SoundJoiner. */
export interface SoundJoinerOptions extends Omit<OptionsOf<typeof joinerTable>, 'sampleRate'> {
  /** Samples a second, 1,000 to 384,000. */
  sampleRate: number
}

/** Where a part is in the whole, in seconds. */
export interface PartSpan {
  start: number
  end: number
}

/**
 * Joins parts that come one by one. What add() and end() return, one after the other, is the whole;
 * joinSounds() gives the same.
 *
 * - Level: the root mean square of the frames that are sound, without the silence between words. Each part
 *   gets that of the first one that can be heard, by a gain from 1/2 to 2. A gain takes no sample beyond
 *   [-1, 1].
 * - Joints: the last 5 ms before and the first 5 ms after a joint fade as a raised cosine. The start and
 *   the end of the whole do not, so a single part stays as it is.
 *
 * @example
 * ```js
 * const joiner = new SoundJoiner({ sampleRate: 24000 })
 * for await (const part of parts) play(joiner.add(part, 0.3))
 * play(joiner.end())
 * ```
 */
export class SoundJoiner {
  readonly #rate: number
  readonly #matchLevels: boolean
  /** The level of the first audible part, as a mean square. */
  #level: number | undefined
  /** The end of the last part, which fades if another part follows. */
  #tail: Float32Array | undefined
  #count = 0
  #isEnded = false
  readonly #spans: PartSpan[] = []

  /** @throws ClvpError CLVP_INVALID_ARGUMENT */
  constructor(options: SoundJoinerOptions) {
    const { sampleRate, matchLevels } = readOptions(joinerTable, options, 'options')
    this.#rate = sampleRate
    this.#matchLevels = matchLevels
  }

  /** Where each part is in the whole. */
  get spans(): readonly PartSpan[] {
    return this.#spans
  }

  /**
   * Adds a part behind a pause.
   *
   * @param part at least one sample, all finite
   * @param pause silence before the part, in seconds, 0 (default) to 600. The first part has none.
   * @returns the samples that no later part changes: all but the last 5 ms
   * @throws ClvpError CLVP_INVALID_ARGUMENT, also after end()
   */
  add(part: Float32Array, pause = 0): Float32Array {
    this.#refuseEnded()
    checkPart(part, 'part')
    const seconds = number(pause, 'pause', 0, mostPause)
    const levelled = this.#levelled(part)
    const fade = Math.min(Math.round(fadeSeconds * this.#rate), Math.floor(levelled.length / 2))
    const before = this.#tail
    const silence = before ? Math.round(seconds * this.#rate) : 0
    if (before) {
      fadeOut(before)
      fadeIn(levelled.subarray(0, fade))
    }
    const start = this.#count + silence
    this.#count = start + levelled.length
    this.#spans.push({ start: start / this.#rate, end: this.#count / this.#rate })
    this.#tail = levelled.slice(levelled.length - fade)
    return concat([
      before ?? new Float32Array(),
      new Float32Array(silence),
      levelled.subarray(0, levelled.length - fade),
    ])
  }

  /**
   * The rest of the whole. No part can be added after it.
   *
   * @throws ClvpError CLVP_INVALID_ARGUMENT if it was called before
   */
  end(): Float32Array {
    this.#refuseEnded()
    this.#isEnded = true
    return this.#tail ?? new Float32Array()
  }

  #refuseEnded(): void {
    if (this.#isEnded)
      throw new ClvpError('CLVP_INVALID_ARGUMENT', 'Expected no call after end(): make another joiner')
  }

  /** A copy of a part at the level of all. */
  #levelled(part: Float32Array): Float32Array {
    const level = this.#matchLevels ? speakingLevel(part, this.#rate) : undefined
    this.#level ??= level
    const wanted = level === undefined ? 1 : Math.sqrt(this.#level! / level)
    const bounded = Math.max(1 / mostGain, Math.min(mostGain, wanted))
    const gain = bounded > 1 ? Math.max(1, Math.min(bounded, 1 / peakOf(part))) : bounded
    return gain === 1 ? part.slice() : part.map((sample) => gain * sample)
  }
}

/** Options of joinSounds(). */
export interface JoinOptions extends OptionsOf<typeof joinTable> {
  /**
   * Silence between the parts, in seconds, 0 to 600: one number for all joints, or one for each. Default 0.
   */
  pauses?: number | readonly number[] | undefined
}

/** What joinSounds() makes. */
export interface JoinedSound {
  samples: Float32Array
  /** Hz. */
  sampleRate: number
  /** Where each part is. */
  spans: readonly PartSpan[]
}

/**
 * Joins sounds of one rate, as a {@link SoundJoiner} does.
 *
 * @example
 * ```js
 * const { samples, sampleRate } = joinSounds([one, two], { pauses: 0.4 })
 * await writeWav('both.wav', samples, sampleRate)
 * ```
 *
 * @param sounds at least one
 * @throws ClvpError CLVP_INVALID_ARGUMENT
 */
export function joinSounds(
  sounds: readonly { readonly samples: Float32Array; readonly sampleRate: number }[],
  options: JoinOptions = {},
): JoinedSound {
  const { pauses = 0, ...others } = pick(options, ['pauses', 'matchLevels'], 'options')
  if (!Array.isArray(sounds) || sounds.length === 0) throw invalid('an array of sounds', 'sounds', sounds)
  const silences = readPauses(pauses, sounds.length - 1)
  const { sampleRate } = readSound(sounds[0], 0)
  const joiner = new SoundJoiner({ ...others, sampleRate } as SoundJoinerOptions)
  const pieces = Array.from(sounds, (each: unknown, i) => {
    const { samples, sampleRate: rate } = readSound(each, i)
    if (rate !== sampleRate) throw invalid(`${sampleRate} Hz, as the first sound has,`, `sounds[${i}]`, rate)
    return joiner.add(samples, silences[i - 1])
  })
  return { samples: concat([...pieces, joiner.end()]), sampleRate, spans: joiner.spans }
}

function readSound(value: unknown, i: number): { samples: Float32Array; sampleRate: number } {
  if (typeof value !== 'object' || value === null) throw invalid('a sound', `sounds[${i}]`, value)
  const { samples, sampleRate } = value as Record<string, unknown>
  return {
    samples: checkPart(samples, `sounds[${i}].samples`),
    sampleRate: integer(sampleRate, `sounds[${i}].sampleRate`, 1000, 384_000),
  }
}

function readPauses(value: unknown, joints: number): number[] {
  if (typeof value === 'number') return new Array<number>(joints).fill(number(value, 'pauses', 0, mostPause))
  if (!Array.isArray(value) || value.length !== joints) {
    throw invalid(`a number of seconds, or an array of ${joints},`, 'pauses', value)
  }
  return Array.from(value, (each, i) => number(each, `pauses[${i}]`, 0, mostPause))
}

function checkPart(value: unknown, name: string): Float32Array {
  const samples = checkSamples(value, name)
  if (samples.length === 0) throw invalid('at least one sample', name, samples)
  for (let i = 0; i < samples.length; i++) {
    if (!Number.isFinite(samples[i])) throw invalid('finite samples', `${name}[${i}]`, samples[i])
  }
  return samples
}

/** The mean square of the frames that are sound; undefined if there is none. */
function speakingLevel(part: Float32Array, rate: number): number | undefined {
  const sound = findSound(part, rate)
  const powers = sound.frames.filter((level) => level > sound.gate).map((level) => 10 ** (level / 10))
  return isAudible(sound) ? powers.reduce((sum, power) => sum + power, 0) / powers.length : undefined
}

function peakOf(part: Float32Array): number {
  let peak = 0
  for (let i = 0; i < part.length; i++) peak = Math.max(peak, Math.abs(part[i]!))
  return peak
}

function fadeIn(samples: Float32Array): void {
  for (let i = 0; i < samples.length; i++) samples[i]! *= rising(i, samples.length)
}

function fadeOut(samples: Float32Array): void {
  for (let i = 0; i < samples.length; i++) samples[i]! *= rising(samples.length - 1 - i, samples.length)
}

/** The raised cosine from 0 to 1, at the middle of step `i` of `count`. */
function rising(i: number, count: number): number {
  return (1 - Math.cos((Math.PI * (i + 0.5)) / count)) / 2
}
