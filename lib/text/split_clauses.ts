/** Cuts a sentence that does not fit. */
import type { MarkedPlace } from './sentence_ends.js'
import type { SplitLimits } from './split_options.js'
import {
  type Boundary,
  beforeClosers,
  isBlank,
  lengthOf,
  type Span,
  skipBlanks,
  spokenOf,
  widthAt,
} from './split_part.js'

/** A part of a sentence, and where it ends. */
export interface Piece extends Span {
  boundary: Boundary
}

/** How good a place is, from the best to the worst. */
const strengths = { doubtful: 6, semicolon: 5, comma: 4, conjunction: 3, blank: 2, joint: 1, grapheme: 0 }

/** A place where a sentence may be cut. Columns are lengths from the sentence's start. */
interface Place {
  /** The left part ends here. */
  at: number
  column: number
  /** The right part starts here. */
  next: number
  nextColumn: number
  strength: number
}

/** These do not separate what belongs together, as a number and its unit. */
const NO_BREAK = /^[\u00a0\u202f\u2007]+$/
const SEMICOLONS = new Set(';:؛；：')
const COMMAS = new Set(',،、，)]—–')
/** A part may end behind these without a blank. */
const TIGHT: ReadonlyMap<string, number> = new Map([
  ...Array.from('；：', (mark) => [mark, strengths.semicolon] as const),
  ...Array.from('、，—', (mark) => [mark, strengths.comma] as const),
  ...Array.from('-/_\u200b\u00ad', (mark) => [mark, strengths.joint] as const),
])
const CONJUNCTION =
  /(?:and|but|or|nor|so|yet|because|although|though|while|when|where|which|who|that|if|unless|until|since)(?![\p{L}\p{N}'’])/iuy

/**
 * Cuts a sentence into parts that fit, of about the same length: at a semicolon or colon, otherwise at a
 * comma, dash or bracket, before a conjunction, at a blank, and inside a word only where the word itself is
 * too long. A single grapheme is cut only where it does not fit by itself, and a single character stays even
 * then. It takes time linear in the sentence's length.
 *
 * @param marked the marked places within the sentence
 */
export function cutSentence(
  text: string,
  sentence: Span,
  marked: readonly MarkedPlace[],
  limits: SplitLimits,
): Piece[] {
  const places = placesOf(text, sentence, marked)
  const length = lengthOf(text, sentence)
  const pieces: Piece[] = []
  let { start } = sentence
  let column = 0
  for (let first = 0; ; ) {
    const rest = { start, end: sentence.end }
    if (length - column <= limits.max && limits.fits(spokenOf(text, rest))) {
      return [...pieces, { ...rest, boundary: 'sentence' }]
    }
    const place = chooseFitting(text, rest, { places, first, column, length: length - column }, limits)
    if (place.next >= sentence.end) return [...pieces, { ...rest, boundary: 'sentence' }]
    pieces.push({ start, end: place.at, boundary: boundaryOf(place.strength) })
    start = place.next
    column = place.nextColumn
    while (first < places.length && places[first]!.at <= start) first++
  }
}

function boundaryOf(strength: number): Boundary {
  if (strength === strengths.doubtful) return 'sentence'
  return strength >= strengths.conjunction ? 'clause' : 'word'
}

// --- places
// --------------------------------------------------------------------------------------------------------

function placesOf(text: string, { start, end }: Span, marked: readonly MarkedPlace[]): Place[] {
  const kinds = new Map(marked.map(({ at, kind }) => [at, kind]))
  const places: Place[] = []
  for (let at = start, column = 0; at < end; ) {
    if (isBlank(text, at)) {
      const next = skipBlanks(text, at, end)
      const strength = strengthOf(text, start, at, next, kinds.get(at))
      places.push({ at, column, next, nextColumn: column + 1, strength })
      at = next
    } else {
      const strength = tightStrength(text, start, at)
      at += widthAt(text, at)
      const isTight = strength !== undefined && at < end && !isBlank(text, at)
      if (isTight) places.push({ at, column: column + 1, next: at, nextColumn: column + 1, strength })
    }
    column++
  }
  return places
}

/** How good a cut at the blanks from `at` to `next` is. */
function strengthOf(
  text: string,
  start: number,
  at: number,
  next: number,
  kind: MarkedPlace['kind'] | undefined,
): number {
  if (kind === 'doubtful') return strengths.doubtful
  const last = text[beforeClosers(text, at, start)]!
  if (SEMICOLONS.has(last)) return strengths.semicolon
  if (COMMAS.has(last) || COMMAS.has(text[at - 1]!) || '(['.includes(text[next]!)) return strengths.comma
  if (text[at - 1] === '-' && (at - 2 < start || text[at - 2] === '-' || isBlank(text, at - 2))) {
    return strengths.comma // a dash of a typewriter
  }
  CONJUNCTION.lastIndex = next
  if (CONJUNCTION.test(text)) return strengths.conjunction
  const isJoint = kind === 'abbreviation' || NO_BREAK.test(text.slice(at, next))
  return isJoint ? strengths.joint : strengths.blank
}

/** How good a cut right behind a character is; undefined where there can be none. */
function tightStrength(text: string, start: number, at: number): number | undefined {
  const character = text[at]!
  if (character === '-' && at > start && text[at - 1] === '-') return strengths.comma
  return TIGHT.get(character)
}

// --- choice
// --------------------------------------------------------------------------------------------------------

interface Rest {
  places: readonly Place[]
  /** The first place behind the start of the rest. */
  first: number
  /** Where the rest starts. */
  column: number
  length: number
}

/** The best place to end a part that fits. */
function chooseFitting(text: string, { start, end }: Span, rest: Rest, limits: SplitLimits): Place {
  let limit = Math.min(limits.max, rest.length - 1)
  for (;;) {
    const most = Math.max(1, limit)
    const place =
      choose(rest, most, limits.shortest) ?? graphemeBefore(text, { start, end }, rest.column, most)
    const length = place.column - rest.column
    if (length <= 1 || limits.fits(spokenOf(text, { start, end: place.at }))) return place
    limit = Math.floor((Math.min(most, length) * 3) / 4)
  }
}

/**
 * The strongest place between a third of the limit and the limit that leaves enough for the last part; of
 * equals the one that divides the rest most evenly. Where there is none, the last place within the limit.
 */
function choose({ places, first, column, length }: Rest, limit: number, shortest: number): Place | undefined {
  const goal = length / Math.ceil(length / limit)
  let best: Place | undefined
  let last: Place | undefined
  for (let i = first; i < places.length && places[i]!.column - column <= limit; i++) {
    const place = places[i]!
    const size = place.column - column
    if (size > 0) last = place
    if (size < limit / 3 || size > length - shortest) continue
    const better = best && (place.strength - best.strength || distance(best) - distance(place))
    if (better === undefined || better > 0) best = place
  }
  return best ?? last

  function distance(place: Place): number {
    return Math.abs(place.column - column - goal)
  }
}

// --- words that do not fit
// -----------------------------------------------------------------------------------------

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' })

/** The last place between two graphemes within a limit; within the first one if that is longer. */
function graphemeBefore(text: string, { start, end }: Span, column: number, limit: number): Place {
  const bound = codePointsOn(text, start, end, limit)
  let size = 0
  // One grapheme behind the limit shows whether the one before it ends there.
  for (const { segment, index } of graphemes.segment(text.slice(start, Math.min(end, bound + 2 * limit)))) {
    const next = size + Array.from(segment).length
    if (start + index + segment.length > bound) break
    size = next
  }
  return size === 0 ? placeAt(bound, limit) : placeAt(codePointsOn(text, start, end, size), size)

  function placeAt(at: number, length: number): Place {
    return {
      at,
      next: at,
      column: column + length,
      nextColumn: column + length,
      strength: strengths.grapheme,
    }
  }
}

function codePointsOn(text: string, at: number, end: number, count: number): number {
  for (; count > 0 && at < end; count--) at += widthAt(text, at)
  return at
}
