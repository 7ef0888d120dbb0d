/** Where a clip has sound: the levels of short frames, and a gate that tells sound from silence. */

/** Length of a frame in seconds: shorter than any speech sound. */
const frameSeconds = 0.01
/** Least sound that a clip must have, in seconds. A click is shorter, a syllable longer. */
export const leastSound = 0.1
/** Frames at or below this level count as silence in any clip, in dBFS: about ten quantisation steps of 16-bit audio. */
export const silentLevel = -70
/** Fewest frames in a row that begin or end the sound. The click of a recorder's button is shorter. */
const runFrames = 3
/** Frames kept before and after the sound, since speech fades in and out. */
const marginFrames = 5

/** Levels are in dBFS: decibels relative to a mean square of 1. Digital silence has -Infinity. */
export interface FoundSound {
  /** First sample of the sound, and one past its last. Silence before and after is left out. */
  start: number
  end: number
  /** Length of all frames above the gate, in seconds. */
  seconds: number
  /** The level that the loudest tenth of a second reaches: of speech, its loud vowels. */
  level: number
  /** The level that a tenth of all frames stay at or below. */
  noise: number
  gate: number
  /** Level of each frame. */
  frames: Float64Array
}

/**
 * Finds the sound in a clip. A frame is sound if its level is above the gate: 40 dB below `level`, or 6 dB
 * above `noise` if that is more, but at most 20 dB below `level` and never below -70 dBFS. A constant offset
 * does not count.
 */
export function findSound(samples: Float32Array, sampleRate: number): FoundSound {
  const size = Math.max(1, Math.round(frameSeconds * sampleRate))
  const frames = frameLevels(samples, size)
  const sorted = Float64Array.from(frames).sort()
  // Counted from the loudest, so that neither a click nor a long silence moves it.
  const level = sorted.at(-Math.round(leastSound / frameSeconds)) ?? Number.NEGATIVE_INFINITY
  const noise = sorted[Math.floor(sorted.length / 10)] ?? Number.NEGATIVE_INFINITY
  const gate = Math.max(silentLevel, Math.min(Math.max(level - 40, noise + 6), level - 20))
  const first = firstRun(frames, gate)
  const last = frames.length - firstRun(frames.toReversed(), gate)
  return {
    start: Math.max(0, first - marginFrames) * size,
    end: Math.min(samples.length, (last + marginFrames) * size),
    seconds: Math.min(samples.length, frames.filter((each) => each > gate).length * size) / sampleRate,
    level,
    noise,
    gate,
    frames,
  }
}

/** Does a clip have enough sound for a voice? */
export function isAudible({ level }: FoundSound): boolean {
  return level > silentLevel
}

/** The mean of samples. */
export function meanOf(samples: Float32Array): number {
  let sum = 0
  for (let i = 0; i < samples.length; i++) sum += samples[i]!
  return sum / Math.max(1, samples.length)
}

export function decibels(power: number): number {
  return 10 * Math.log10(power)
}

function frameLevels(samples: Float32Array, size: number): Float64Array {
  const offset = meanOf(samples)
  const levels = new Float64Array(Math.ceil(samples.length / size))
  for (let i = 0; i < levels.length; i++) {
    const end = Math.min(samples.length, (i + 1) * size)
    let sum = 0
    for (let at = i * size; at < end; at++) sum += (samples[at]! - offset) ** 2
    levels[i] = decibels(sum / (end - i * size))
  }
  return levels
}

/** Index of the first frame of a run above the gate; 0 if there is no such run. */
function firstRun(frames: Float64Array, gate: number): number {
  let run = 0
  for (const [i, level] of frames.entries()) {
    run = level > gate ? run + 1 : 0
    if (run === runFrames) return i + 1 - runFrames
  }
  return 0
}
