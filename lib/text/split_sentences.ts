/** Splits a text at the ends of sentences. */
import { findMarkedPlaces } from './sentence_ends.js'
import { cutSentence } from './split_clauses.js'
import type { SplitLimits } from './split_options.js'
import {
  type Boundary,
  endingOf,
  endsSentence,
  hasWords,
  lengthOf,
  type Span,
  skipBlanks,
  spokenOf,
} from './split_part.js'

/** Sentences that are spoken together, a sentence, or a part of one that does not fit. */
interface Unit extends Span {
  boundary: Boundary
  length: number
  /** It has a letter or a digit. */
  isSpeakable: boolean
}

/** One line break is white space, as in a text with lines of equal length; an empty line ends a paragraph. */
const PARAGRAPH_BREAKS = /(?:\r\n|\n|\r(?!\n))[^\S\n\r]*(?:\r\n|\n|\r(?!\n))\s*|[\u2029\f]\s*/g

export function splitAtSentences(text: string, limits: SplitLimits): Array<Span & { boundary: Boundary }> {
  return new SentenceSplitter(text, limits).split()
}

class SentenceSplitter {
  readonly #text: string
  readonly #limits: SplitLimits

  constructor(text: string, limits: SplitLimits) {
    this.#text = text
    this.#limits = limits
  }

  split(): Unit[] {
    return this.#blocks().flatMap((units) => this.#joinShort(this.#pack(units)))
  }

  // --- units
  // ---------------------------------------------------------------------------------------------------------

  /** The units of each paragraph. A paragraph that would be too short shares a block with its neighbour. */
  #blocks(): Unit[][] {
    const blocks: Unit[][] = []
    let hasWords = false // the last block
    for (const paragraph of this.#paragraphs()) {
      const units = this.#units(paragraph)
      const isSpeakable = units.some((unit) => unit.isSpeakable)
      const before = blocks.at(-1)
      // What has no words, as "* * *", goes with its neighbour.
      if (before && (!hasWords || !isSpeakable || this.#shareBlock(before, units))) {
        before.push(...units)
        hasWords ||= isSpeakable
      } else {
        blocks.push(units)
        hasWords = isSpeakable
      }
    }
    return blocks
  }

  /**
   * A short paragraph goes with its neighbour where both end with a sentence: a heading would run into what
   * follows it.
   */
  #shareBlock(before: readonly Unit[], after: readonly Unit[]): boolean {
    const { shortest } = this.#limits
    if (!isShorter(before, shortest) && !isShorter(after, shortest)) return false
    return [before, after].every((units) => endsSentence(endingOf(spokenOf(this.#text, lastOf(units)))))
  }

  #paragraphs(): Span[] {
    const paragraphs: Span[] = []
    let start = 0
    const add = (end: number) => {
      const trimmed = this.#trimmed({ start, end })
      if (trimmed.start < trimmed.end) paragraphs.push(trimmed)
    }
    for (const { 0: gap, index } of this.#text.matchAll(PARAGRAPH_BREAKS)) {
      add(index)
      start = index + gap.length
    }
    add(this.#text.length)
    return paragraphs
  }

  #trimmed({ start, end }: Span): Span {
    const from = skipBlanks(this.#text, start, end)
    return { start: from, end: from + this.#text.slice(from, end).trimEnd().length }
  }

  #units({ start, end }: Span): Unit[] {
    const places = findMarkedPlaces(this.#text.slice(start, end)).map(({ at, kind }) => ({
      at: at + start,
      kind,
    }))
    const ends = [...places.filter(({ kind }) => kind === 'sentence').map(({ at }) => at), end]
    let next = 0
    let from = start
    const units = ends.flatMap((at) => {
      const sentence = { start: from, end: at }
      const first = next
      while (next < places.length && places[next]!.at <= at) next++
      from = skipBlanks(this.#text, at, end)
      return this.#fitted(sentence, () => places.slice(first, next))
    })
    lastOf(units).boundary = 'paragraph'
    return units
  }

  /** A sentence that fits, or its parts. */
  #fitted(sentence: Span, places: () => ReturnType<typeof findMarkedPlaces>): Unit[] {
    const unit = this.#unit({ ...sentence, boundary: 'sentence' })
    const { max, fits } = this.#limits
    if (unit.length <= max && fits(spokenOf(this.#text, unit))) return [unit]
    return cutSentence(this.#text, sentence, places(), this.#limits).map((piece) => this.#unit(piece))
  }

  #unit(span: Span & { boundary: Boundary }): Unit {
    const isSpeakable = hasWords(this.#text.slice(span.start, span.end))
    return { ...span, length: lengthOf(this.#text, span), isSpeakable }
  }

  // --- joining
  // -------------------------------------------------------------------------------------------------------

  /** Joins units up to the desired length. */
  #pack(units: readonly Unit[]): Unit[] {
    const packed: Unit[] = []
    for (let at = 0; at < units.length; ) {
      const parts = this.#packFrom(units, at)
      packed.push(lastOf(parts))
      at += parts.length
    }
    return packed
  }

  /** The first unit, the first two joined, and so on, as far as they fit. */
  #packFrom(units: readonly Unit[], first: number): Unit[] {
    const parts = [units[first]!]
    for (let at = first + 1; at < units.length; at++) {
      const unit = units[at]!
      const whole = join(lastOf(parts), unit)
      // What has no words of its own may not be left over.
      const areSpeakable = lastOf(parts).isSpeakable && unit.isSpeakable
      if (whole.length > (areSpeakable ? this.#limits.desired : this.#limits.max)) break
      parts.push(whole)
    }
    // `fits` may be slow: it is asked once where everything fits, otherwise as often as halving takes.
    let fitting = 1
    for (let tried = parts.length; fitting < parts.length; tried = Math.ceil((fitting + parts.length) / 2)) {
      if (this.#limits.fits(spokenOf(this.#text, parts[tried - 1]!))) fitting = tried
      else parts.length = tried - 1
    }
    return parts
  }

  /** Joins parts that are too short with a neighbour. */
  #joinShort(parts: readonly Unit[]): Unit[] {
    const joined: Unit[] = []
    for (const part of parts) {
      const before = joined.at(-1)
      if (before && (this.#isShort(before) || this.#isShort(part)) && this.#canJoin(before, part)) {
        joined[joined.length - 1] = join(before, part)
      } else joined.push(part)
    }
    return joined
  }

  #isShort({ length, isSpeakable }: Unit): boolean {
    return length < this.#limits.shortest || !isSpeakable
  }

  #canJoin(before: Unit, after: Unit): boolean {
    const whole = join(before, after)
    return whole.length <= this.#limits.max && this.#limits.fits(spokenOf(this.#text, whole))
  }
}

function join(before: Unit, after: Unit): Unit {
  const gap = after.start > before.end ? 1 : 0
  return {
    start: before.start,
    end: after.end,
    boundary: after.boundary,
    length: before.length + gap + after.length,
    isSpeakable: before.isSpeakable || after.isSpeakable,
  }
}

/** Whether units are shorter than a length altogether. */
function isShorter(units: readonly Unit[], length: number): boolean {
  let sum = -1
  for (const unit of units) {
    sum += unit.length + 1
    if (sum >= length) return false
  }
  return true
}

function lastOf<T>(list: readonly T[]): T {
  return list[list.length - 1]!
}
