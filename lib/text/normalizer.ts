import { invalid } from '../base/errors.js'

/** A run of characters that the conversion to ASCII drops. */
export interface DroppedText {
  /** The dropped characters, as in the original text. */
  text: string
  /** Where they start: an index in UTF-16 units into the original text. */
  index: number
}

/** Spoken forms of abbreviations, in the reference's order: one replacement can enable a later one. */
const ABBREVIATIONS: ReadonlyArray<readonly [RegExp, string]> = (
  [
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
).map(([short, spoken]) => [new RegExp(`\\b${short}\\.`, 'g'), spoken] as const)

const BELOW_TWENTY = (
  'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen ' +
  'seventeen eighteen nineteen'
).split(' ')
const TENS = '- - twenty thirty forty fifty sixty seventy eighty ninety'.split(' ')
const SCALES = ['', ' thousand', ' million', ' billion', ' trillion', ' quadrillion']

/** The reference spells out numbers below 10^18; longer ones get one fixed phrase. */
const MOST_DIGITS = 18
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
 * Normalises a text for the tokenizer: ASCII, lower case, numbers, money and abbreviations in words, one space
 * for every run of white space, no double quotes. Equals transformers' `EnglishNormalizer` on every text that it
 * accepts, oddities included ("1st" becomes "onest").
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
  const plain = text.replace(NOT_ASCII, '').toLowerCase()
  const spoken = expandAbbreviations(expandNumbers(plain))
  // Quotes are removed last, as in the reference: spaces on both sides of a quote stay two spaces.
  return spoken.replace(PYTHON_SPACE, ' ').replaceAll('"', '')
}

/**
 * Lists what {@link normalizeEnglish} drops because it is not ASCII: one entry per run of characters.
 *
 * @param text the text as the user wrote it
 */
export function droppedText(text: string): DroppedText[] {
  return Array.from(text.matchAll(NOT_ASCII), (found) => ({ text: found[0], index: found.index }))
}

/** The reference also has a rule for pounds, but its ASCII step has already removed every pound sign. */
function expandNumbers(text: string): string {
  return text
    .replace(GROUPED_DIGITS, (digits) => digits.replaceAll(',', ''))
    .replace(DOLLARS, (_, amount: string) => sayDollars(amount))
    .replace(DECIMAL, '$1 point $2')
    .replace(ORDINAL, (_, digits: string) => sayNumber(digits) + ordinalEnding(digits))
    .replace(DIGITS, sayStandaloneNumber)
}

function expandAbbreviations(text: string): string {
  return ABBREVIATIONS.reduce((result, [short, spoken]) => result.replace(short, spoken), text)
}

/** Adds the units to an amount; later steps spell out its digits. */
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
function sayStandaloneNumber(digits: string): string {
  const significant = withoutLeadingZeros(digits)
  const value = significant.length === 4 ? Number(significant) : 0
  if (value > 2000 && value < 2010) return `two thousand ${sayBelowThousand(value % 100)}`
  if (value > 1000 && value < 3000 && value !== 2000 && value % 100 === 0) {
    return `${sayBelowThousand(value / 100)} hundred`
  }
  return sayNumber(significant)
}

/** Spells out a number given as digits. It never parses the whole number, which may be huge. */
function sayNumber(digits: string): string {
  const significant = withoutLeadingZeros(digits)
  if (significant === '') return BELOW_TWENTY[0]!
  if (significant.length > MOST_DIGITS) return OUT_OF_RANGE
  const said = []
  for (let scale = Math.ceil(significant.length / 3) - 1; scale >= 0; scale--) {
    const end = significant.length - 3 * scale
    const group = Number(significant.slice(Math.max(0, end - 3), end))
    if (group > 0) said.push(sayBelowThousand(group) + SCALES[scale]!)
  }
  return said.join(', ')
}

/** Spells out 1 to 999. */
function sayBelowThousand(value: number): string {
  if (value < 20) return BELOW_TWENTY[value]!
  if (value < 100) {
    const tens = TENS[Math.floor(value / 10)]!
    return value % 10 === 0 ? tens : `${tens}-${BELOW_TWENTY[value % 10]!}`
  }
  const hundreds = `${BELOW_TWENTY[Math.floor(value / 100)]!} hundred`
  return value % 100 === 0 ? hundreds : `${hundreds} ${sayBelowThousand(value % 100)}`
}

function ordinalEnding(digits: string): string {
  const lastTwo = Number(digits.slice(-2))
  if (lastTwo >= 10 && lastTwo <= 20) return 'th'
  return ['th', 'st', 'nd', 'rd'][lastTwo % 10] ?? 'th'
}

function withoutLeadingZeros(digits: string): string {
  return digits.replace(/^0+/, '')
}
