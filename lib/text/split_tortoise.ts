/** Splits a text as tortoise-tts 3.0.0 does, with its quirks: docs/long-texts.md lists them. */
import type { SplitLimits } from './split_options.js'
import type { Span } from './split_part.js'

// What Python's `\s` matches: JavaScript's has U+FEFF, and lacks U+0085 and the four separators \x1c to \x1f.
// biome-ignore lint/suspicious/noControlCharactersInRegex: those control characters are the point
const PYTHON_BLANK = /[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/

/** A text whose white space and quotes are tidied. It is counted in code points, as Python does. */
interface TidyText {
  characters: string[]
  /** Where each character starts in the original text, and where the last one ends. */
  starts: number[]
}

/** Splits a text; `text` of a part has straight quotes and single blanks. */
export function splitAsTortoise(text: string, limits: SplitLimits): Array<Span & { text: string }> {
  const { characters, starts } = tidied(text)
  return findParts(characters, limits)
    .map((part) => trimmed(characters, part))
    .map(({ start, end }) => ({
      text: characters.slice(start, end).join(''),
      start: starts[start]!,
      end: starts[end]!,
    }))
    .filter((part) => /[^ .,;:!?]/.test(part.text))
}

function tidied(text: string): TidyText {
  const characters: string[] = []
  const starts: number[] = []
  let at = 0
  let afterBlank = false
  for (const character of text) {
    const isBlank = PYTHON_BLANK.test(character)
    if (!(isBlank && afterBlank)) {
      characters.push(isBlank ? ' ' : character === '“' || character === '”' ? '"' : character)
      starts.push(at)
    }
    afterBlank = isBlank
    at += character.length
  }
  starts.push(at)
  return { characters, starts }
}

function trimmed(characters: readonly string[], { start, end }: Span): Span {
  let from = start
  let to = end
  while (from < to && characters[from] === ' ') from++
  while (to > from && characters[to - 1] === ' ') to--
  return { start: from, end: to }
}

/** The parts as stretches of characters. */
function findParts(characters: readonly string[], { desired, max }: SplitLimits): Span[] {
  const parts: Span[] = []
  const last = characters.length - 1
  let start = 0 // of the part
  let at = -1
  let inQuote = false
  let ends: number[] = [] // of sentences within the part

  const length = () => at + 1 - start
  /**
   * Going back counts the quotes that it arrives at, and not those that it leaves: a quirk that shifts
   * quotes.
   */
  const move = (to: number) => {
    while (at !== to) {
      at += at < to ? 1 : -1
      if (characters[at] === '"') inQuote = !inQuote
    }
  }
  const commit = () => {
    parts.push({ start, end: at + 1 })
    start = at + 1
    ends = []
  }
  /** The last character cannot be looked ahead to: a quirk, by which it counts as whatever is looked for. */
  const isAhead = (to: number, wanted: string) => to >= last || wanted.includes(characters[to]!)

  while (at < last) {
    move(at + 1)
    const character = characters[at]!
    if (length() >= max) {
      if (ends.length > 0 && length() > desired / 2) move(ends[ends.length - 1]!)
      else while (!'!?. '.includes(characters[at]!) && at > 0 && length() > desired) move(at - 1)
      commit()
    } else if (!inQuote && ('!?'.includes(character) || (character === '.' && isAhead(at + 1, ' ')))) {
      while (at < last && length() < max && isAhead(at + 1, '!?.')) move(at + 1)
      ends.push(at)
      if (length() >= desired) commit()
    } else if (inQuote && at + 1 < last && characters[at + 1] === '"' && isAhead(at + 2, ' ')) {
      move(at + 2)
      ends.push(at)
    }
  }
  commit()
  return parts
}
