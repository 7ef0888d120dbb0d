/** Splits long texts into parts that can be spoken one by one. */
import { string } from '../base/check.js'
import { ClvpError } from '../base/errors.js'
import { readSplitOptions, type SplitOptions } from './split_options.js'
import { type Boundary, endingOf, endsSentence, type Span, spokenOf, type TextPart } from './split_part.js'
import { splitAtSentences } from './split_sentences.js'
import { splitAsTortoise } from './split_tortoise.js'

/** A library of books; it bounds the time that the event loop is blocked. */
const LONGEST_TEXT = 10_000_000

/**
 * Splits a text of any length into parts that are spoken one by one. An empty text, or one of white space,
 * has no parts.
 *
 * In mode 'sentences' the parts hold every character of the text but white space, in order. A part without
 * any letter or digit occurs only where it could not be joined with its neighbours. In mode 'tortoise',
 * parts of punctuation alone are dropped, as there.
 *
 * @example
 * ```js
 * const parts = splitText(await readFile('book.txt', 'utf8'), { desired: 150 })
 * for (const { text, boundary } of parts) console.log(boundary, text)
 * ```
 *
 * @param text up to 10,000,000 UTF-16 units
 * @param options {@link SplitOptions}
 * @throws ClvpError CLVP_INVALID_ARGUMENT for a wrong option or a longer text
 */
export function splitText(text: string, options: SplitOptions = {}): TextPart[] {
  const { mode, ...limits } = readSplitOptions(options, 'options')
  const whole = string(text, 'text')
  if (whole.length > LONGEST_TEXT) {
    throw new ClvpError(
      'CLVP_INVALID_ARGUMENT',
      `Expected a text of at most ${LONGEST_TEXT} characters but received one of ${whole.length}: split it into chapters`,
    )
  }
  if (mode === 'tortoise') {
    const parts = splitAsTortoise(whole, limits)
    return parts.map((part, i) => ({ ...part, ...endOf(whole, part, parts[i + 1]?.start) }))
  }
  return splitAtSentences(whole, limits).map(({ start, end, boundary }) => {
    const spoken = spokenOf(whole, { start, end })
    return { text: spoken, start, end, boundary, ending: endingOf(spoken) }
  })
}

/** What a part ends with, from its punctuation and what follows it. */
function endOf(text: string, part: Span, next: number | undefined): { boundary: Boundary; ending: string } {
  const ending = endingOf(text.slice(part.start, part.end))
  if (next === undefined || /[\n\r]\s*[\n\r]/.test(text.slice(part.end, next).replaceAll('\r\n', '\n'))) {
    return { boundary: 'paragraph', ending }
  }
  if (endsSentence(ending)) return { boundary: 'sentence', ending }
  return { boundary: ending === '' ? 'word' : 'clause', ending }
}
