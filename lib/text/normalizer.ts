import { invalid } from '../base/errors.js'

/** A stretch of a text that the conversion to ASCII throws away. */
export interface DroppedText {
  /** The characters that are lost, as they stood in the text. */
  text: string
  /** Where they began: an index in UTF-16 units into the text as it was given. */
  index: number
}

/** Spoken forms of abbreviations. The order is the reference's: a replacement can make room for a later one. */
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

/** The reference can say numbers below 10^18; what is longer gets one fixed phrase. */
const MOST_DIGITS = 18
const OUT_OF_RANGE = 'number out of range'

// Everything outside ASCII. Lone surrogates are UTF-16 units of their own here, so they go as well.
const NOT_ASCII = /[\u0080-\uffff]+/g

// What Python's `\s` matches in ASCII: JavaScript's `\s` lacks the four separators \x1c to \x1f.
// biome-ignore lint/suspicious/noControlCharactersInRegex: those control characters are the point
const PYTHON_SPACE = /[\t-\r\x1c-\x20]+/g

// JavaScript has no possessive quantifiers. `(?<![0-9])` stands in for them: a run of digits is tried once, at
// its first digit, so that a text of a million digits costs one pass and not one pass per digit.
const GROUPED_DIGITS = /[0-9][0-9,]+[0-9]/g
const DOLLARS = /\$([0-9.,]*[0-9])/g
const DECIMAL = /(?<![0-9])([0-9]+)\.([0-9]+)/g
const ORDINAL = /(?<![0-9])([0-9]+)(?:st|nd|rd|th)/g
const DIGITS = /[0-9]+/g

/**
 * Turns a text into what the tokenizer reads: ASCII, lower case, numbers, money and abbreviations in words, one
 * blank for every stretch of white space, no double quotes. Equal to transformers' `EnglishNormalizer`, its
 * oddities included ("1st" becomes "onest"), on every text which that accepts.
 *
 * Where the reference raises an error we go on: a comma that is stuck in an amount ("$,5") is ignored, and a
 * number of more than 4,300 digits is, as every number from 10^18 on, "number out of range".
 *
 * Time and memory grow linearly with the text, whatever it holds.
 *
 * @param text any string, lone surrogates included
 * @throws ClvpError `CLVP_INVALID_ARGUMENT` when `text` is not a string
 */
export function normalizeEnglish(text: string): string {
  if (typeof text !== 'string') throw invalid('a string', 'text', text)
  const plain = text.replace(NOT_ASCII, '').toLowerCase()
  const spoken = expandAbbreviations(expandNumbers(plain))
  // Quotes go last, as in the reference: blanks on both sides of one stay two blanks.
  return spoken.replace(PYTHON_SPACE, ' ').replaceAll('"', '')
}

/**
 * Lists what {@link normalizeEnglish} loses because it is not ASCII: one entry for each unbroken stretch.
 *
 * @param text the text as the user wrote it
 */
export function droppedText(text: string): DroppedText[] {
  return Array.from(text.matchAll(NOT_ASCII), (found) => ({ text: found[0], index: found.index }))
}

/** The reference also has a rule for pounds, but its ASCII step has removed every pound sign by then. */
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

/** Names the units of an amount; its digits are said by the later steps. */
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

/** Years and the like: 1001 to 2999 have forms of their own ("nineteen hundred", "two thousand five"). */
function sayStandaloneNumber(digits: string): string {
  const significant = withoutLeadingZeros(digits)
  const value = significant.length === 4 ? Number(significant) : 0
  if (value > 2000 && value < 2010) return `two thousand ${sayBelowThousand(value % 100)}`
  if (value > 1000 && value < 3000 && value !== 2000 && value % 100 === 0) {
    return `${sayBelowThousand(value / 100)} hundred`
  }
  return sayNumber(significant)
}

/** Says a number given as digits; it works on the digits, so that a huge number is never parsed. */
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

/** Says 1 to 999. */
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
