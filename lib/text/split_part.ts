/** The parts of a long text, and what all ways of splitting share. */

/**
 * Where a part ends: with a paragraph (the end of the text counts as one), a sentence, a clause of a
 * sentence that was too long, or between two words.
 */
export type Boundary = 'paragraph' | 'sentence' | 'clause' | 'word'

/** A part of a long text, to be spoken in one piece. */
export interface TextPart {
  /** What is to be spoken: `text.slice(start, end)` with one blank for each run of white space. */
  text: string
  /** Where the part starts: an offset in UTF-16 units into the original text. */
  start: number
  /** Where it ends: the offset behind its last character. */
  end: number
  boundary: Boundary
  /**
   * The punctuation at its end, without quotes and brackets, such as `'.'`, `'?!'` or `','`; `''` if there
   * is none.
   */
  ending: string
}

/** A stretch of a text, in UTF-16 units. */
export interface Span {
  start: number
  end: number
}

/** What may stand between a mark and the blank after it: some languages close with what others open with. */
const CLOSERS = new Set(`"'”’“‘»«›‹)]}」』】*_`)

/** Longer endings are cut at their start. */
const LONGEST_ENDING = 40

export function isBlank(text: string, at: number): boolean {
  const code = text.charCodeAt(at)
  return code === 0x20 || (code >= 0x09 && code <= 0x0d) || (code > 0x7f && /\s/.test(text[at]!))
}

/** The first place from `at` on that is not blank, or the end of the text. */
export function skipBlanks(text: string, at: number, end = text.length): number {
  while (at < end && isBlank(text, at)) at++
  return at
}

/** The first place from `at` on that is no closing quote or bracket. */
export function skipClosers(text: string, at: number, end = text.length): number {
  while (at < end && CLOSERS.has(text[at]!)) at++
  return at
}

/**
 * The place of the last character in front of `at` that is no closing quote or bracket, but `start` at
 * least.
 */
export function beforeClosers(text: string, at: number, start: number): number {
  let last = at - 1
  while (last > start && CLOSERS.has(text[last]!)) last--
  return last
}

/** The width of the code point at a place, in UTF-16 units. */
export function widthAt(text: string, at: number): 1 | 2 {
  return text.codePointAt(at)! > 0xffff ? 2 : 1
}

/** The length of a stretch in code points, with each run of white space counted as one. */
export function lengthOf(text: string, { start, end }: Span): number {
  let length = 0
  for (let at = start; at < end; length++) {
    at = isBlank(text, at) ? skipBlanks(text, at, end) : at + widthAt(text, at)
  }
  return length
}

/** A stretch as it is spoken. */
export function spokenOf(text: string, { start, end }: Span): string {
  return text.slice(start, end).replace(/\s+/g, ' ')
}

/** Whether a text has anything to say: a letter or a digit. */
export function hasWords(text: string): boolean {
  return /[\p{L}\p{N}]/u.test(text)
}

/** The punctuation at the end of a text, without quotes and brackets. */
export function endingOf(text: string): string {
  const found = /([.!?…‽⁇⁈⁉。！？｡؟۔।॥,;:،؛、，；：—–-]+)["'”’“‘»«›‹)\]}」』】*_\s]*$/.exec(
    text.slice(-LONGEST_ENDING),
  )
  return found ? found[1]! : ''
}

/** Whether an ending is that of a sentence. */
export function endsSentence(ending: string): boolean {
  return /[.!?…‽⁇⁈⁉。！？｡؟۔।॥]/.test(ending)
}
