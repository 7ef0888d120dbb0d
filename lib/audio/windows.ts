/** Which windows of a voice's clips the model hears. All positions are in samples. */
import { createHash } from 'node:crypto'

/** A stretch of a clip: from `start` up to `end`, which is not part of it. */
export interface Span {
  start: number
  end: number
}

/**
 * How many windows each clip gets: as many as its length needs, so that they leave nothing out. If that is
 * more than `most` in all, each clip gets one, and each further window goes to the clip with the most samples
 * for each of its windows.
 */
export function shareWindows(lengths: readonly number[], window: number, most: number): number[] {
  const wanted = lengths.map((length) => Math.max(1, Math.ceil(length / window)))
  const total = wanted.reduce((sum, count) => sum + count, 0)
  if (total <= most) return wanted
  const counts = lengths.map(() => 1)
  for (let left = most - counts.length; left > 0; left--) {
    let neediest = 0
    const need = (i: number) => lengths[i]! / counts[i]!
    for (const i of lengths.keys()) if (need(i) > need(neediest)) neediest = i
    counts[neediest]!++
  }
  return counts
}

/**
 * `count` windows of a span, evenly spaced from the first possible start to the last. A single window of a
 * longer span is its first one; a span shorter than a window is one shorter window, which is padded with
 * silence later.
 */
export function spreadWindows({ start, end }: Span, window: number, count: number): Span[] {
  const slack = Math.max(0, end - start - window)
  const step = count > 1 ? slack / (count - 1) : 0
  return Array.from({ length: count }, (_, i) => {
    const first = start + Math.round(i * step)
    return { start: first, end: Math.min(end, first + window) }
  })
}

/**
 * A window anywhere in a clip, all starts alike. The draw depends on the seed and on the clip's place among
 * the clips.
 */
export function randomWindow(length: number, window: number, seed: number, clip: number): Span {
  const bits = createHash('sha256').update(`${seed} ${clip}`).digest().readUIntBE(0, 6)
  const start = Math.floor((bits / 2 ** 48) * (Math.max(0, length - window) + 1))
  return { start, end: Math.min(length, start + window) }
}
