/** Where the sentences of a paragraph end. */
import * as english from './reading/english_abbreviations.js'
import { skipBlanks, skipClosers } from './split_part.js'

/**
 * A place behind a mark such as '.' or '?!' and the quotes and brackets that close with it.
 *
 * - `'sentence'`: a sentence ends here
 * - `'doubtful'`: one may end here, but a small letter follows, as in `"No!" he said`
 * - `'abbreviation'`: the point belongs to a word, as in `Dr. No`
 */
export interface MarkedPlace {
  at: number
  kind: 'sentence' | 'doubtful' | 'abbreviation'
}

const MARKS = /[.!?…‽⁇⁈⁉。！？｡؟۔।॥]+/g
/** No blank has to follow these. */
const WIDE = /[。！？｡]/
const OPENERS = new Set('"\'“‘”’„‚«‹»›([{「『【¿¡*_-–—')

/** No sentence starts with these: what is before them goes on, as in ". . ." */
const CONTINUES = /[.!?…)\]},;:]/

/** Longer words are no abbreviations. */
const LONGEST_WORD = 24

const starter = new RegExp(`^${english.STARTERS}`)
/** A name, a number or a word follows these at once. */
const NEVER_LAST = new Set([
  ...Object.keys(english.ANYWHERE),
  ...['e.g', 'i.e', 'a.k.a', 'mx', 'adm', 'brig', 'pvt', 'esp', 'resp', 'eds'],
])
/** A sentence may end with these: then a word follows that begins sentences. */
const MAY_BE_LAST = new Set([...Object.keys(english.ENDING), 'al', 'co', 'ph.d'])
const BEFORE_NUMBERS = new Set([
  ...Object.keys(english.NUMBERED),
  ...['jan', 'feb', 'mar', 'apr', 'jun', 'jul', 'aug', 'sep', 'sept', 'oct', 'nov', 'dec'],
])

/** The marked places of a paragraph, but for its end. It takes time linear in the paragraph's length. */
export function findMarkedPlaces(paragraph: string): MarkedPlace[] {
  const places: MarkedPlace[] = []
  let start = 0 // of the sentence
  for (const { 0: mark, index } of paragraph.matchAll(MARKS)) {
    const at = skipClosers(paragraph, index + mark.length)
    const next = skipBlanks(paragraph, at)
    if (next === paragraph.length) break
    if ((next === at && !WIDE.test(mark)) || CONTINUES.test(paragraph[next]!)) continue
    const first = skipOpeners(paragraph, next)
    const following = paragraph.slice(first, first + LONGEST_WORD)
    const kind = kindOf(mark, wordBefore(paragraph, start, index), following)
    places.push({ at, kind })
    if (kind === 'sentence') start = next
  }
  return places
}

/** A word in front of a point. */
interface Word {
  text: string
  /** It is all of its sentence so far: "1. Apples", "(b) Pears". */
  isFirst: boolean
}

function wordBefore(paragraph: string, start: number, end: number): Word {
  let at = end
  while (at > start && end - at < LONGEST_WORD && !/[\s"'“”‘’«»([{—–/]/.test(paragraph[at - 1]!)) at--
  return { text: paragraph.slice(at, end), isFirst: at - start < 3 && skipOpeners(paragraph, start) >= at }
}

function skipOpeners(text: string, at: number): number {
  while (at < text.length && OPENERS.has(text[at]!)) at++
  return at
}

/** @param following the first word that follows */
function kindOf(mark: string, word: Word, following: string): MarkedPlace['kind'] {
  if (mark === '.' && isAbbreviation(word, following)) return 'abbreviation'
  if (/^\p{Ll}/u.test(following)) return 'doubtful'
  // A date, as in German: "3. Mai".
  const isOrdinal = mark === '.' && /^\d\d?$/.test(word.text)
  return isOrdinal && /^\p{Lu}/u.test(following) && !starter.test(following) ? 'doubtful' : 'sentence'
}

function isAbbreviation({ text, isFirst }: Word, following: string): boolean {
  const small = text.toLowerCase()
  if (isFirst && /^(?:\d{1,3}|[a-z]|x{0,3}(?:i[xv]|v?i{0,3}))$/i.test(text) && text !== '') return true
  if (NEVER_LAST.has(small)) return true
  if (/^[\p{Lu}\p{Ll}]$|^(?:\p{L}\.)+\p{L}$/u.test(text) || MAY_BE_LAST.has(small)) {
    return /^\p{L}\./u.test(following) || !starter.test(following)
  }
  if (text === 'St' || text === 'Dr' || Object.hasOwn(english.TITLES, text)) return /^\p{L}/u.test(following)
  if (Object.hasOwn(english.STREETS, text)) return !starter.test(following)
  return BEFORE_NUMBERS.has(small) && /^[#\d]/.test(following)
}
