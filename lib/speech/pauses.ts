/** The pauses between the parts of a long text. */
import { invalid } from '../base/errors.js'
import type { Kind } from '../base/kinds.js'
import { endsSentence, type TextPart } from '../text/split_part.js'

/** Seconds of silence that are put between the sound of a part and that of the next one. */
export type PauseRule = (part: TextPart, next: TextPart) => number

/**
 * Seconds after each kind of part. Readers pause 0.4 to 1.8 s between paragraphs and 0.2 to 1.4 s between
 * sentences, longer the slower they read (Kazlauskienė and Kalašinskaitė 2020, eight readers of six texts):
 * ours are near the middle of their faster half. Within a sentence they pause for a fraction of that, and
 * below 0.2 s a listener hears no pause.
 */
const seconds = {
  paragraph: 0.9,
  /** Three points: the reader hesitates. */
  ellipsis: 0.7,
  sentence: 0.5,
  /** A semicolon or colon. */
  semicolon: 0.35,
  dash: 0.3,
  comma: 0.2,
  /** Between words of a clause that was too long: the gap of a stop consonant. */
  none: 0.1,
} as const

const LONGEST_PAUSE = 60
const MOST_SCALE = 10

/** The pause after a part, from where it ends and its punctuation. */
export function pauseAfter({ boundary, ending }: Pick<TextPart, 'boundary' | 'ending'>): number {
  if (boundary === 'paragraph') return seconds.paragraph
  if (/\.\.|…/.test(ending)) return seconds.ellipsis
  if (boundary === 'sentence' || endsSentence(ending)) return seconds.sentence
  if (/[;:؛；：]/.test(ending)) return seconds.semicolon
  if (/[—–]|--|^-$/.test(ending)) return seconds.dash
  return ending === '' ? seconds.none : seconds.comma
}

/** The pauses between parts, one fewer than there are parts. */
export function pausesBetween(parts: readonly TextPart[], rule: PauseRule = pauseAfter): number[] {
  return parts.slice(1).map((next, i) => rule(parts[i]!, next))
}

/** A factor of the pauses, 0 to 10, or a function that gives them, each 0 to 60 seconds. */
export const pausesKind: Kind<number | PauseRule, PauseRule> = {
  read: (value, name) => {
    if (typeof value === 'function') return checked(value as PauseRule, name)
    if (typeof value !== 'number' || !(value >= 0 && value <= MOST_SCALE)) {
      throw invalid(`a number from 0 to ${MOST_SCALE} or a function`, name, value)
    }
    return (part) => value * pauseAfter(part)
  },
  range: `0 to ${MOST_SCALE}`,
  text: { as: 'number', value: 'X' },
}

function checked(rule: PauseRule, name: string): PauseRule {
  return (part, next) => {
    const pause: unknown = rule(part, next)
    if (typeof pause === 'number' && pause >= 0 && pause <= LONGEST_PAUSE) return pause
    throw invalid(`a function that returns 0 to ${LONGEST_PAUSE} seconds`, name, pause)
  }
}
