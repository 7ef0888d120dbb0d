/** The text cleaners of transformers' CLVP and of tortoise-tts, rule by rule. */
import { invalid } from '../../base/errors.js'
import {
  belowThousand,
  cardinal,
  groupsInWords,
  MOST_DIGITS,
  ordinal,
  withoutLeadingZeros,
  year,
} from './number_words.js'
import { applyRules, dropRule, type Rule, rule } from './rules.js'
import { spellAsTortoise } from './transliteration.js'

/** Spoken forms of abbreviations, in the references' order: one replacement can enable a later one. */
const ABBREVIATIONS = [
  ['mrs', 'misess'],
  ['mr', 'mister'],
  ['dr', 'doctor'],
  ['st', 'saint'],
  ['co', 'company'],
  ['jr', 'junior'],
  ['maj', 'major'],
  ['gen', 'general'],
  ['drs', 'doctors'],
  ['rev', 'reverend'],
  ['lt', 'lieutenant'],
  ['hon', 'honorable'],
  ['sgt', 'sergeant'],
  ['capt', 'captain'],
  ['esq', 'esquire'],
  ['ltd', 'limited'],
  ['col', 'colonel'],
  ['ft', 'fort'],
] as const

/** transformers spells out numbers below 10^18; longer ones get one fixed phrase. */
const MOST_DIGITS_TRANSFORMERS = 18
const OUT_OF_RANGE = 'number out of range'

// Everything outside ASCII. Without the u flag this matches UTF-16 units, so lone surrogates match too.
const NOT_ASCII = /[\u0080-\uffff]+/g

// What Python's `\s` matches in ASCII: JavaScript's `\s` lacks the four separators \x1c to \x1f.
// biome-ignore lint/suspicious/noControlCharactersInRegex: those control characters are the point
const PYTHON_SPACE = /[\t-\r\x1c-\x20]+/g

// JavaScript has no possessive quantifiers. `(?<![0-9])` replaces them: a run of digits is tried only at its
// first digit, so a text of a million digits takes one pass rather than one pass per digit.
const GROUPED_DIGITS = /[0-9][0-9,]+[0-9]/g
const DOLLARS = /\$([0-9.,]*[0-9])/g
const DECIMAL = /(?<![0-9])([0-9]+)\.([0-9]+)/g
const ORDINAL = /(?<![0-9])([0-9]+)(?:st|nd|rd|th)/g
const DIGITS = /[0-9]+/g

/**
 * transformers' `EnglishNormalizer`: ASCII alone, numbers, money and abbreviations in words, one space, no
 * quotes.
 */
export const transformersRules: readonly Rule[] = cleaner(
  dropRule(NOT_ASCII, ''),
  (digits) => transformersCardinal(digits) + ordinalEnding(digits),
  transformersNumber,
)

/** tortoise-tts' `english_cleaners`: the same order of rules after a transliteration, and better numbers. */
export const tortoiseRules: readonly Rule[] = [
  dropRule(/[^\0-\x7f]/gu, (character) => (spellAsTortoise(character) === '' ? '' : character)),
  ...cleaner(rule(/[^\0-\x7f]/gu, spellAsTortoise), (digits) => within(digits, ordinal), tortoiseNumber),
]

/**
 * Both references' rules. Their rule for pounds is missing: its sign is gone by the time it could match.
 *
 * @param toAscii leaves ASCII alone
 * @param sayOrdinal says the digits of an ordinal
 * @param sayNumber says other digits
 */
function cleaner(
  toAscii: Rule,
  sayOrdinal: (digits: string) => string,
  sayNumber: (digits: string) => string,
): readonly Rule[] {
  return [
    toAscii,
    rule(/[A-Z]+/g, (letters) => letters.toLowerCase()),
    rule(GROUPED_DIGITS, (digits) => digits.replaceAll(',', '')),
    rule(DOLLARS, (_, amount) => sayDollars(amount!)),
    rule(DECIMAL, (_, whole, fraction) => `${whole} point ${fraction}`),
    rule(ORDINAL, (_, digits) => sayOrdinal(digits!)),
    rule(DIGITS, sayNumber),
    ...ABBREVIATIONS.map(([short, spoken]) => rule(new RegExp(`\\b${short}\\.`, 'g'), spoken)),
    rule(PYTHON_SPACE, ' '),
    // Quotes are removed last, as in the references: spaces on both sides of a quote stay two spaces.
    rule(/"/g, ''),
  ]
}

/**
 * Normalises a text as transformers' `EnglishNormalizer` does, on every text that it accepts, oddities included ("1st"
 * becomes "onest").
 *
 * Two inputs that raise an error in the reference are accepted here: a misplaced comma in an amount ("$,5") is
 * ignored, and a number of more than 4,300 digits becomes "number out of range", as every number from 10^18 does.
 *
 * Time and memory are linear in the length of the text.
 *
 * @param text any string, lone surrogates included
 * @throws ClvpError `CLVP_INVALID_ARGUMENT` when `text` is not a string
 */
export function normalizeEnglish(text: string): string {
  if (typeof text !== 'string') throw invalid('a string', 'text', text)
  return applyRules(text, transformersRules)
}

/** Adds the units to an amount; later rules spell out its digits. */
function sayDollars(amount: string): string {
  const parts = amount.split('.')
  if (parts.length > 2) return `${amount} dollars`
  const dollars = withoutLeadingZeros(parts[0]!.replaceAll(',', ''))
  const cents = withoutLeadingZeros((parts[1] ?? '').replaceAll(',', ''))
  const said = []
  if (dollars) said.push(`${dollars} ${dollars === '1' ? 'dollar' : 'dollars'}`)
  if (cents) said.push(`${cents} ${cents === '1' ? 'cent' : 'cents'}`)
  return said.join(', ') || 'zero dollars'
}

/** Some numbers from 1001 to 2999 are read as years ("nineteen hundred", "two thousand five"). */
function transformersNumber(digits: string): string {
  const value = fourDigits(digits)
  if (value > 2000 && value < 2010) return `two thousand ${belowThousand(value % 100)}`
  if (value > 1000 && value < 3000 && value !== 2000 && value % 100 === 0) {
    return `${belowThousand(value / 100)} hundred`
  }
  return transformersCardinal(digits)
}

/** Numbers from 1001 to 2999 are read as years ("nineteen ninety-nine"). */
function tortoiseNumber(digits: string): string {
  const value = fourDigits(digits)
  if (value > 1000 && value < 1010) return `ten oh ${belowThousand(value % 100)}`
  return value > 1000 && value < 3000 ? year(value) : within(digits, cardinal)
}

/** A number of four digits, leading zeros apart; 0 for any other. */
function fourDigits(digits: string): number {
  const significant = withoutLeadingZeros(digits)
  return significant.length === 4 ? Number(significant) : 0
}

function transformersCardinal(digits: string): string {
  if (withoutLeadingZeros(digits).length > MOST_DIGITS_TRANSFORMERS) return OUT_OF_RANGE
  return groupsInWords(digits).join(', ')
}

/** tortoise fails on longer numbers. */
function within(digits: string, say: (digits: string) => string): string {
  return withoutLeadingZeros(digits).length > MOST_DIGITS ? OUT_OF_RANGE : say(digits)
}

/** transformers adds only the ending to the cardinal. */
function ordinalEnding(digits: string): string {
  const lastTwo = Number(digits.slice(-2))
  if (lastTwo >= 10 && lastTwo <= 20) return 'th'
  return ['th', 'st', 'nd', 'rd'][lastTwo % 10] ?? 'th'
}
