/**
 * Words in brackets, which tortoise speaks and then cuts from the sound: "[I am really sad,] Please feed
 * me."
 */
import { ClvpError } from '../base/errors.js'

/** A text with words in brackets. */
export interface BracketedText {
  /** What is spoken: the text without the brackets; escaped brackets stay, without their backslashes. */
  text: string
  /** Where the words in brackets are in `text`. */
  hidden: Array<{ start: number; end: number }>
}

const HINT = "write \\[ and \\] to have brackets read, or set brackets: 'read'"

/**
 * Finds the words in brackets. `\[` and `\]` are brackets of the text itself, as in "he said \[sic\]".
 *
 * @throws ClvpError CLVP_INVALID_ARGUMENT for brackets within brackets, and for one without its counterpart
 */
export function parseBrackets(source: string): BracketedText {
  const hidden: BracketedText['hidden'] = []
  let text = ''
  let copied = 0
  let opened: { at: number; start: number } | undefined
  for (const { 0: mark, index } of source.matchAll(/\\[[\]]|[[\]]/g)) {
    text += source.slice(copied, index)
    copied = index + mark.length
    if (mark.length === 2) text += mark[1]
    else if (mark === '[') {
      if (opened)
        throw malformed('no [ within brackets', `a second one at ${index}, after that at ${opened.at}`)
      opened = { at: index, start: text.length }
    } else {
      if (!opened) throw malformed('a [ before each ]', `a ] alone at ${index}`)
      hidden.push({ start: opened.start, end: text.length })
      opened = undefined
    }
  }
  if (opened) throw malformed('a ] after each [', `a [ alone at ${opened.at}`)
  return { text: text + source.slice(copied), hidden }
}

/**
 * The text as it is to be spoken, with `\[` and `\]` as brackets.
 *
 * The codes of a candidate do not tell where each word is, so words in brackets cannot be cut from the
 * sound reliably. To read them aloud would be worse: they are directions, not text.
 *
 * @throws ClvpError CLVP_UNSUPPORTED for words in brackets; as {@link parseBrackets} for others
 */
export function refuseRedaction(source: string): string {
  const { text, hidden } = parseBrackets(source)
  const first = hidden[0]
  if (!first) return text
  const words = text.slice(first.start, first.end)
  const shown = JSON.stringify(`[${words.length > 60 ? `${words.slice(0, 57)}...` : words}]`)
  throw new ClvpError(
    'CLVP_UNSUPPORTED',
    `Expected no words in brackets for text but received ${shown}: speech cannot be cut out reliably. Leave them out; ${HINT}`,
  )
}

/**
 * What is spoken of a text: with `'read'`, brackets are a part of it; with `'refuse'`, see {@link
 * refuseRedaction}.
 */
export function readBrackets(source: string, how: 'refuse' | 'read'): string {
  return how === 'refuse' ? refuseRedaction(source) : source.replace(/\\([[\]])/g, '$1')
}

function malformed(what: string, received: string): ClvpError {
  return new ClvpError(
    'CLVP_INVALID_ARGUMENT',
    `Expected ${what} for text but received ${received} (offsets in the text): ${HINT}`,
  )
}
