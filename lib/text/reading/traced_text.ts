/** A text that remembers, through any number of rules, which part of the original each change came from. */
import type { Rule } from './rules.js'

/** A part of a text that was changed. */
export interface TextChange {
  /** The part as the user wrote it. */
  from: string
  /** What it became. */
  to: string
  /** Where it starts: an index in UTF-16 units into the original text. */
  index: number
}

/** Characters that are not spoken. */
export interface DroppedText {
  /** The dropped characters, as in the original text. */
  text: string
  /** Where they start: an index in UTF-16 units into the original text. */
  index: number
}

/** The stretch [start, end) of the present text stands for [from, to) of the original. */
interface Edit {
  start: number
  end: number
  from: number
  to: number
}

/** The stretch [start, end) of the present text is to become `text`. */
interface Replacement {
  start: number
  end: number
  text: string
}

export class TracedText {
  readonly #original: string
  #text: string
  /** In order, without overlaps. */
  #edits: Edit[] = []
  readonly #dropped: DroppedText[] = []

  constructor(original: string) {
    this.#original = original
    this.#text = original
  }

  get text(): string {
    return this.#text
  }

  /** What was dropped, in the order of the original text. */
  get dropped(): DroppedText[] {
    return this.#dropped.toSorted((a, b) => a.index - b.index)
  }

  /** What was changed otherwise. Differences of case and white space alone are left out. */
  get changes(): TextChange[] {
    const dropped = this.dropped.map(({ index }) => index)
    let next = 0
    return this.#edits.flatMap(({ start, end, from, to }) => {
      while (dropped[next]! < from) next++
      const change = { from: this.#original.slice(from, to), to: this.#text.slice(start, end), index: from }
      const isDropped = plain(change.to) === '' && dropped[next]! < to
      return isDropped || plain(change.from) === plain(change.to) ? [] : [change]
    })
  }

  /** Does what `text.replace(pattern, say)` does. */
  apply({ pattern, say, drops }: Rule): void {
    if (this.#text.search(pattern) < 0) return // most rules match nothing, and matchAll() makes a new RegExp each time
    const replacements: Replacement[] = []
    for (const found of this.#text.matchAll(pattern)) {
      const [match] = found
      const text = say(...(found as unknown as [string, ...string[]]), String(found.index), this.#text)
      if (text === match) continue
      replacements.push({ start: found.index, end: found.index + match.length, text })
    }
    if (replacements.length === 0) return
    if (drops) this.#drop(replacements)
    this.#replace(replacements)
  }

  #drop(stretches: readonly Replacement[]): void {
    const edits = new Cursor(this.#edits)
    for (const { start, end } of stretches) {
      this.#dropped.push({ text: this.#text.slice(start, end), index: edits.originOf(start) })
    }
  }

  #replace(replacements: readonly Replacement[]): void {
    const edits: Edit[] = []
    const parts: string[] = []
    let copied = 0
    let shift = 0 // from the present text to the one after the replacements
    const old = new Cursor(this.#edits)
    for (let next = 0; next < replacements.length; ) {
      const first = replacements[next]!
      for (const edit of old.before(first.start)) edits.push(moved(edit, shift))
      // One edit for all replacements and earlier edits that overlap.
      const cluster = old.open(first.start, first.end)
      const shiftBefore = shift
      for (; next < replacements.length; next++) {
        const { start, end, text } = replacements[next]!
        if (start >= cluster.end && start !== first.start) break
        old.extend(cluster, end)
        parts.push(this.#text.slice(copied, start), text)
        copied = end
        shift += text.length - (end - start)
      }
      edits.push({
        start: cluster.start + shiftBefore,
        end: cluster.end + shift,
        from: cluster.from,
        to: cluster.to,
      })
    }
    for (const edit of old.before(Infinity)) edits.push(moved(edit, shift))
    parts.push(this.#text.slice(copied))
    this.#text = parts.join('')
    this.#edits = edits
  }
}

/** Walks through edits from left to right, and maps places of the present text to the original. */
class Cursor {
  readonly #edits: readonly Edit[]
  #at = 0
  /** What to add to a place behind the last passed edit to get its place in the original. */
  #offset = 0

  constructor(edits: readonly Edit[]) {
    this.#edits = edits
  }

  /** The edits that end at or before a place. */
  *before(place: number): Generator<Edit> {
    for (let edit = this.#edits[this.#at]; edit && edit.end <= place; edit = this.#edits[this.#at]) {
      this.#pass(edit)
      yield edit
    }
  }

  /** Where the character at a place comes from; places must not go down from call to call. */
  originOf(place: number): number {
    for (const _ of this.before(place));
    const edit = this.#edits[this.#at]
    return edit && edit.start <= place ? edit.from : place + this.#offset
  }

  /** A new edit over a stretch, and over every edit that it overlaps. */
  open(start: number, end: number): Edit {
    const edit = this.#edits[this.#at]
    const overlaps = edit !== undefined && edit.start < start
    const origin = start + this.#offset
    const cluster = overlaps
      ? { start: edit.start, end: start, from: edit.from, to: origin }
      : { start, end: start, from: origin, to: origin }
    this.extend(cluster, end)
    return cluster
  }

  extend(cluster: Edit, end: number): void {
    let last = Math.max(cluster.end, end)
    let edit = this.#edits[this.#at]
    while (edit && edit.start < last) {
      this.#pass(edit)
      last = Math.max(last, edit.end)
      edit = this.#edits[this.#at]
    }
    cluster.end = last
    cluster.to = last + this.#offset
  }

  #pass(edit: Edit): void {
    this.#offset = edit.to - edit.end
    this.#at++
  }
}

function moved(edit: Edit, shift: number): Edit {
  return { ...edit, start: edit.start + shift, end: edit.end + shift }
}

function plain(text: string): string {
  return text.toLowerCase().replace(/\s+/g, ' ').trim()
}
