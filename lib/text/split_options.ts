/** The options of splitText(). */
import { ClvpError, invalid } from '../base/errors.js'
import { callback, choice, integer } from '../base/kinds.js'
import { type OptionsOf, optionTable, readOptions } from '../base/options.js'

export type SplitMode = 'sentences' | 'tortoise'
const modes: readonly SplitMode[] = ['sentences', 'tortoise']

const LONGEST_PART = 10_000
const SHORTEST = 20

export const splitTable = optionTable({
  /**
   * 'sentences' (default): at the ends of sentences and paragraphs; a sentence that fits is never split.
   * 'tortoise': exactly as tortoise-tts does.
   */
  mode: { kind: choice(modes, 'HOW'), default: 'sentences', help: 'how a long text is split into parts' },
  /** Short sentences are joined up to this length in characters (code points), 1 to 10,000; default 200. */
  desired: {
    kind: integer(1, LONGEST_PART),
    default: 200,
    help: 'join sentences up to N characters',
  },
  /**
   * Longest part in characters, 1 to 10,000 and at least `desired`; default 300, or `desired` if that is
   * more.
   */
  max: {
    kind: integer(1, LONGEST_PART),
    defaultText: '300, or `desired` if that is more',
    help: 'longest part, in characters',
  },
  /**
   * A part of fewer characters is joined with a neighbour of its paragraph where `max` allows, 0 to half of
   * `max`; default 20, or a quarter of `max` if that is less. A paragraph of fewer characters is joined
   * with the one before or after it where both end with a sentence. So short a text tells the ranking
   * little. Only in mode 'sentences'.
   */
  shortest: {
    kind: integer(0, 'half of `max`'),
    defaultText: '20, or a quarter of `max` if that is less',
    help: 'join a part of fewer than N characters with its neighbour',
  },
  /**
   * Whether the model can speak a part, such as `(part) => clvp.explain(part).remaining >= 0`: a limit
   * beside `max`. What holds for a text must hold for its parts. Default: `max` alone decides. Only in mode
   * 'sentences'.
   */
  fits: { kind: callback<(part: string) => boolean>(), defaultText: '`max` alone decides' },
})

/** Options of splitText(). */
export interface SplitOptions extends OptionsOf<typeof splitTable> {}

/** The limits of a part. */
export interface SplitLimits {
  desired: number
  max: number
  shortest: number
  /** Whether a part fits, beside its length. */
  fits: (part: string) => boolean
}

export function readSplitOptions(value: unknown, name: string): SplitLimits & { mode: SplitMode } {
  const { mode, desired, max: most, shortest, fits } = readOptions(splitTable, value, name)
  if (mode === 'tortoise' && (shortest !== undefined || fits !== undefined)) {
    throw new ClvpError(
      'CLVP_INVALID_ARGUMENT',
      `Expected no ${fits ? 'fits' : 'shortest'} with mode 'tortoise' but received one: use mode 'sentences'`,
    )
  }
  const max = most ?? Math.max(desired, 300)
  if (max < desired) throw invalid(`at least desired (${desired})`, 'max', max)
  const half = Math.floor(max / 2)
  if (shortest !== undefined && shortest > half)
    throw invalid(`at most half of max (${half})`, 'shortest', shortest)
  return {
    mode,
    desired,
    max,
    shortest: shortest ?? Math.min(SHORTEST, Math.floor(max / 4)),
    fits: fits ? (part) => asked(fits, part) : () => true,
  }
}

function asked(fits: (part: string) => boolean, part: string): boolean {
  const answer: unknown = fits(part)
  if (typeof answer === 'boolean') return answer
  throw invalid('a function that returns a boolean', 'fits', answer)
}
