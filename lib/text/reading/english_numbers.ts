/** Numbers of the English reading: counted, measured, dated and numbered things all come down to these. */
import { cardinal, digitByDigit, MOST_DIGITS, ordinal, withoutLeadingZeros, year } from './number_words.js'
import { type Rule, rule } from './rules.js'

/**
 * A number with its commas and decimals, as part of a pattern. It begins with its first digit or its point.
 */
// `(?!\d)` keeps the pattern from trying each shorter run of digits, which would take quadratic time.
export const NUMBER = '(?:\\d{1,3}(?:,\\d{3})+(?!\\d)|\\d+(?!\\d))(?:\\.\\d+(?!\\d))?|\\.\\d+(?!\\d)'
/** Nothing that belongs to a number is in front. */
export const NOT_INSIDE = '(?<![\\d.,]|[A-Za-z]\\d*-)'

const DENOMINATORS: ReadonlyMap<string, readonly [string, string]> = new Map([
  ['2', ['half', 'halves']],
  ['4', ['quarter', 'quarters']],
])

/** A whole number by itself: "2005" is a year, "007" three digits. */
export function wholeNumber(digits: string): string {
  if (digits.length > MOST_DIGITS || /^0\d/.test(digits)) return digitByDigit(digits)
  const value = Number(digits)
  return digits.length === 4 && value > 1009 && value < 3000 ? year(value) : cardinal(digits)
}

/** A whole number of things: "1500" is "fifteen hundred", "1,500" is "one thousand, five hundred". */
function wholeQuantity(digits: string): string {
  const plain = digits.replaceAll(',', '')
  if (plain.length > MOST_DIGITS) return digitByDigit(plain)
  const hundreds = /^([1-9][1-9])00$/.exec(digits)
  return hundreds ? `${cardinal(hundreds[1]!)} hundred` : cardinal(plain)
}

/** A number of things, such as "-1,234.56"; a point is followed by single digits. */
export function quantity(number: string): string {
  const [, sign, whole, fraction] = /^([-+]?)([\d,]*)(?:\.(\d+))?$/.exec(number)!
  const said = []
  if (sign) said.push(sign === '-' ? 'minus' : 'plus')
  if (whole) said.push(wholeQuantity(whole))
  if (fraction) said.push('point', digitByDigit(fraction))
  return said.join(' ')
}

export function isOne(number: string): boolean {
  return /^[-+]?0*1(?:\.0*)?$/.test(number)
}

export function ordinalNumber(digits: string): string {
  const plain = digits.replaceAll(',', '')
  return plain.length > MOST_DIGITS ? digitByDigit(plain) : ordinal(plain)
}

function fraction(top: string, bottom: string): string {
  const names = DENOMINATORS.get(bottom)
  const one = top === '1'
  const name = names ? names[one ? 0 : 1] : `${ordinalNumber(bottom)}${one ? '' : 's'}`
  return `${cardinal(top)} ${name}`
}

/** "two and a half", "three quarters" */
export function mixedNumber(whole: string | undefined, top: string, bottom: string): string {
  const part = fraction(top, bottom)
  return whole ? `${cardinal(whole)} and ${part.replace(/^one (?=half|quarter)/, 'a ')}` : part
}

/** "1990s" and "'90s". */
function decade(digits: string): string {
  const said = digits.length === 4 ? wholeNumber(digits) : cardinal(digits)
  return said.endsWith('y') ? `${said.slice(0, -1)}ies` : `${said}s`
}

/** What is read before units are: they would take the last number of a range for themselves. */
export const rangeRules: readonly Rule[] = [
  // A sum.
  rule(/(?<=\d) - (?=\d[\d.,]*\s*=)/g, ' minus '),
  rule(
    new RegExp(`${NOT_INSIDE}(?<![\\w/-])(${NUMBER}) ?- ?(?=(?:${NUMBER})(?![\\w/]*[-/]\\w))`, 'g'),
    (_, first) => `${/^\d+$/.test(first!) ? wholeNumber(first!) : quantity(first!)} to `,
  ),
]

/** What has digits and letters, or a stroke: before capitals and strokes are read. */
export const mixedRules: readonly Rule[] = [
  rule(/(?<![\d.,])(\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:st|nd|rd|th)(?![A-Za-z])/gi, (_, digits) =>
    ordinalNumber(digits!),
  ),
  rule(/(?<=\d0'?s) ?- ?(?='?(?:\d0|[12]\d\d0)'?s)/g, ' to '),
  rule(/(?<![\w'])'?(\d0|[12]\d\d0)'?s(?![A-Za-z])/g, (_, digits) => decade(digits!)),
  rule(/(?<![\w'])'(\d\d)(?![\w'])/g, (_, digits) => yearOfTwoDigits(digits!)),
  rule(/(?<![\w/])24\/7(?![\w/])/g, 'twenty-four seven'),
  rule(/(?<![\w/])50\/50(?![\w/])/g, 'fifty fifty'),
  rule(/(?<![\d/])([12]\d{3})\/(?=\d\d(?![\d/]))/g, (_, first) => `${wholeNumber(first!)} `),
  rule(/(?<![\w/])9\/11(?![\w/])/g, 'nine eleven'),
  rule(
    /(?<![\d/.,])(?:(\d{1,3}) )?([1-9]\d{0,2})\/([1-9]\d{0,2})(?![\d/]|[.,]\d)/g,
    (match, whole, top, bottom) => {
      // "5/1" is not a part of anything.
      return bottom === '1' ? match : mixedNumber(whole, top!, bottom!)
    },
  ),
]

export const numberRules: readonly Rule[] = [
  // Versions and addresses: more than one point.
  rule(/(?<![\w.])(?<=[vV]?)\d+(?:\.\d+){2,}(?![\w])/g, (parts) =>
    parts.split('.').map(short).join(' point '),
  ),
  rule(/(?<=\d)x(?=\d)/gi, ' by '),
  rule(/(?<=\d)x(?![A-Za-z])/gi, ' times'),
  // Digits inside of words are words of their own.
  rule(/(?<=\d)(?=[A-Za-z])|(?<=[A-Za-z])(?=\d)/g, ' '),
  rule(new RegExp(`(?<![\\w.,)-])-(?=(?:${NUMBER}))`, 'g'), 'minus '),
  rule(/(?<![\d.])(?:\d{1,3}(?:,\d{3})+(?![,\d])(?:\.\d+)?|\d*\.\d+)/g, quantity),
  rule(/\d+/g, wholeNumber),
]

/** The last two digits of a year: "oh five", "ninety-nine". */
export function yearOfTwoDigits(digits: string): string {
  if (digits === '00') return 'two thousand'
  return digits.startsWith('0') ? `oh ${cardinal(digits)}` : cardinal(digits)
}

function short(digits: string): string {
  return digits.length > 3 || /^0\d/.test(digits)
    ? digitByDigit(digits)
    : cardinal(withoutLeadingZeros(digits) || '0')
}
