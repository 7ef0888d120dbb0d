/** How a text is read: what of it is spoken, what was changed for that, and what is not spoken. */
import { invalid } from '../../base/errors.js'
import { englishRules, tidyRules } from './english.js'
import { tortoiseRules, transformersRules } from './reference_rules.js'
import { applyRules, dropRule, type Rule, rule } from './rules.js'
import { type DroppedText, type TextChange, TracedText } from './traced_text.js'

/**
 * How a text is read before it becomes tokens:
 *
 * - `'english'`: as an English speaker reads what people write: numbers, money, dates, times, units, addresses,
 *   abbreviations, accents
 * - `'tortoise'`: as tortoise-tts 3.0.0 does
 * - `'transformers'`: as transformers' `ClvpTokenizer` does
 * - `'basic'`: lower case and single spaces; for other languages, with a vocabulary that has their letters
 * - `'none'`: unchanged
 * - a function from the text to what is spoken
 *
 * With all but the two exact copies, characters that the vocabulary lacks are dropped, and reported.
 */
export type Normalizer = NormalizerName | ((text: string) => string)
export type NormalizerName = 'english' | 'tortoise' | 'transformers' | 'basic' | 'none'

export const normalizerNames: readonly NormalizerName[] = [
  'english',
  'tortoise',
  'transformers',
  'basic',
  'none',
]

/** A text as it is read. */
export interface Reading {
  /** What is spoken. */
  text: string
  /** What was changed, in the order of the text. Differences of case and white space alone are left out. */
  changes: TextChange[]
  /** What is not spoken, in the order of the text. */
  dropped: DroppedText[]
}

export function readNormalizer(value: unknown, name = 'normalizer'): Normalizer {
  if (typeof value === 'function' || normalizerNames.includes(value as NormalizerName))
    return value as Normalizer
  throw invalid(`one of ${normalizerNames.map((each) => `'${each}'`).join(', ')}, or a function`, name, value)
}

/** Whether a text that was read has anything to say: a letter or a digit. */
export function isSpeakable(normalized: string): boolean {
  return /[\p{L}\p{N}]/u.test(normalized)
}

/** The two exact copies run once, and hand characters without a token to the model as unknown ones. */
const EXACT: Readonly<Partial<Record<NormalizerName, readonly Rule[]>>> = {
  tortoise: tortoiseRules,
  transformers: transformersRules,
}
const BASIC: readonly Rule[] = [
  rule(/\s+/g, ' '),
  rule(/^ | $/g, ''),
  rule(/\p{Lu}/gu, (letter) => letter.toLowerCase()),
]

/**
 * Rounds of rules until nothing changes, so that reading a text that was read changes nothing. Two mostly
 * do.
 */
const MOST_ROUNDS = 8

/** Reads texts with one normaliser, for one vocabulary. */
export class TextReader {
  readonly #once: readonly Rule[]
  /** Repeated until nothing changes. */
  readonly #rounds: readonly Rule[]

  /** @param characters those for which the vocabulary has a token */
  constructor(normalizer: Normalizer, characters: ReadonlySet<string>) {
    const exact = typeof normalizer === 'string' ? EXACT[normalizer] : undefined
    this.#once =
      exact ?? (typeof normalizer === 'function' ? [rule(/^.+$/gs, (text) => called(normalizer, text))] : [])
    const drop = dropUnknown(characters)
    if (exact) this.#rounds = []
    else if (normalizer === 'english') this.#rounds = [...englishRules, drop, ...tidyRules]
    else if (normalizer === 'basic') this.#rounds = [...BASIC, drop]
    else this.#rounds = [drop]
  }

  /** What is spoken. */
  normalize(text: string): string {
    let result = applyRules(text, this.#once)
    for (let round = 0, before: string | undefined; result !== before && round < MOST_ROUNDS; round++) {
      before = result
      result = applyRules(result, this.#rounds)
    }
    return result
  }

  /** What is spoken, and what became of the rest. */
  read(text: string): Reading {
    const traced = new TracedText(text)
    for (const each of this.#once) traced.apply(each)
    for (let round = 0, before: string | undefined; traced.text !== before && round < MOST_ROUNDS; round++) {
      before = traced.text
      for (const each of this.#rounds) traced.apply(each)
    }
    return { text: traced.text, changes: traced.changes, dropped: traced.dropped }
  }
}

/** Runs a caller's normaliser. */
function called(normalizer: (text: string) => string, text: string): string {
  const result: unknown = normalizer(text)
  if (typeof result === 'string') return result
  throw invalid('a function that returns a string', 'normalizer', result)
}

/**
 * Drops the characters for which there is no token. A blank takes their place, unless they are parts of a
 * word.
 */
function dropUnknown(characters: ReadonlySet<string>): Rule {
  const known = Array.from(characters, (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`).join(
    '',
  )
  return dropRule(new RegExp(`[^ ${known}]+`, 'gu'), (run) => {
    return /^[\p{Script=Latin}\p{M}\p{Cf}]+$/u.test(run) ? '' : ' '
  })
}
