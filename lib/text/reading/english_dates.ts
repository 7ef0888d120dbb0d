/** Dates, times of day and telephone numbers of the English reading. */
import { wholeNumber } from './english_numbers.js'
import { BELOW_TWENTY, cardinal, digitByDigit, ordinal, year } from './number_words.js'
import { type Rule, rule } from './rules.js'

const MONTHS = 'January February March April May June July August September October November December'.split(
  ' ',
)
/** Written in full or with three letters, or "Sept". */
const MONTH = `(${MONTHS.join('|')}|(?:Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\\b\\.?)`
const DAYS: Readonly<Record<string, string>> = {
  ...{ Mon: 'Monday', Tue: 'Tuesday', Tues: 'Tuesday', Wed: 'Wednesday', Thu: 'Thursday', Thur: 'Thursday' },
  ...{ Thurs: 'Thursday', Fri: 'Friday', Sat: 'Saturday', Sun: 'Sunday' },
}
const DAY = '(0?[1-9]|[12]\\d|3[01])'
const YEAR = '([12]\\d{3})'

/** Years of two digits up to this one belong to this century. */
const LAST_OF_THIS_CENTURY = 49

function monthOf(name: string): string {
  return MONTHS.find((month) => month.startsWith(name.slice(0, 3)))!
}

function dateOf(month: number, day: number, yearDigits: string): string {
  return `${MONTHS[month - 1]!} ${ordinal(String(day))}, ${yearOf(yearDigits)}`
}

function yearOf(digits: string): string {
  const value = Number(digits)
  if (digits.length === 4) return wholeNumber(digits)
  return year(value + (value > LAST_OF_THIS_CENTURY ? 1900 : 2000))
}

/** American order: the month first, unless only the other order is a date. */
function slashDate(match: string, first: string, second: string, yearDigits: string): string {
  const [a, b] = [Number(first), Number(second)]
  if (a >= 1 && a <= 12 && b >= 1 && b <= 31) return dateOf(a, b, yearDigits)
  return b >= 1 && b <= 12 && a >= 1 && a <= 31 ? dateOf(b, a, yearDigits) : match
}

const dateRules: readonly Rule[] = [
  rule(/(?<![\w/.-])([12]\d{3})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])(?![\d/-])/g, (_, y, month, day) => {
    return dateOf(Number(month), Number(day), y!)
  }),
  rule(/(?<![\w/.-])(\d{1,2})\/(\d{1,2})\/(\d{4}|\d{2})(?![\w/])/g, (match, a, b, y) =>
    slashDate(match, a!, b!, y!),
  ),
  rule(/\b(Mon|Tues?|Wed|Thu|Thurs?|Fri|Sat|Sun)\.?, (?=[A-Z\d])/g, (_, day) => `${DAYS[day!]!}, `),
  // "5 May 2021", "the 5th of May"
  rule(
    new RegExp(
      `\\b(the )?${DAY}(?:st|nd|rd|th)? (?:of )?${MONTH}(?![A-Za-z])(?:,? ${YEAR}(?![\\d-]))?`,
      'gi',
    ),
    (match, _, day, month, y) => {
      if (!/^[A-Z]/.test(month!)) return match
      return `the ${ordinal(day!)} of ${monthOf(month!)}${y ? `, ${yearOf(y)}` : ''}`
    },
  ),
  // "May 5-7": a range of days
  rule(new RegExp(`\\b${MONTH} ${DAY} ?- ?${DAY}(?![\\w/:])`, 'g'), (_, month, from, to) => {
    return `${monthOf(month!)} ${ordinal(from!)} to ${ordinal(to!)}`
  }),
  rule(
    new RegExp(`\\b${MONTH} ${DAY}(?:st|nd|rd|th)?(?![\\w:%/]|[.,]\\d)(?:,? ${YEAR}(?![\\d-]))?`, 'g'),
    (_, month, day, y) => {
      return `${monthOf(month!)} ${ordinal(day!)}${y ? `, ${yearOf(y)}` : ''}`
    },
  ),
  rule(
    new RegExp(`\\b${MONTH},? ${YEAR}(?![\\d-])`, 'g'),
    (_, month, y) => `${monthOf(month!)} ${yearOf(y!)}`,
  ),
]

/** "three thirty", "three oh five"; a full hour before noon or after it is told by itself. */
function clock(hours: string, minutes: string, half: string): string {
  const hour = Number(hours)
  const minute = Number(minutes)
  if (hour === 0 && minute === 0 && !half) return 'midnight'
  const said = BELOW_TWENTY[hour] ?? cardinal(hours)
  if (minute === 0) {
    if (half) return said
    return hour > 12 ? `${said} hundred` : `${said} o'clock`
  }
  return `${said} ${minute < 10 ? `oh ${BELOW_TWENTY[minute]!}` : cardinal(minutes)}`
}

/** Half of the day: "a m". A point at the end of a sentence stays. */
function halfOfDay(letter: string, isEnd: boolean): string {
  return ` ${letter.toLowerCase()} m${isEnd ? '.' : ''}`
}

const HALF = '([aApP])(?:[mM]\\b|\\.[mM]\\b(\\.(?= [A-Z]| ?$))?\\.?)'

const timeRules: readonly Rule[] = [
  // From one time to another.
  rule(/(?<=\d:[0-5]\d|\d ?[aApP]\.?[mM]\.?) ?- ?(?=\d{1,2}(?::[0-5]\d| ?[aApP]\.?[mM]))/g, ' to '),
  rule(
    new RegExp(`(?<![\\w:.,$])(0?\\d|1\\d|2[0-3])(?::([0-5]\\d))? ?${HALF}`, 'g'),
    (_, hours, minutes, letter, end) => {
      return clock(hours!, minutes ?? '00', letter!) + halfOfDay(letter!, end !== undefined)
    },
  ),
  rule(/(?<![\w:.,$])(0?\d|1\d|2[0-3]):([0-5]\d):([0-5]\d)(?![\w:])/g, (_, hours, minutes, seconds) => {
    const time = Number(minutes) === 0 ? `${cardinal(hours!)} hours` : clock(hours!, minutes!, '')
    return `${time} and ${cardinal(seconds!)} second${Number(seconds) === 1 ? '' : 's'}`
  }),
  rule(/(?<![\w:.,$])(0?\d|1\d|2[0-3]):([0-5]\d)(?![\w:])(?: o'clock)?/g, (_, hours, minutes) =>
    clock(hours!, minutes!, ''),
  ),
  // A verse, and then a proportion.
  rule(/(?<=[A-Z][a-z]+ )(\d{1,3}):(\d{1,3})(?![\w:])/g, (_, a, b) => `${cardinal(a!)} ${cardinal(b!)}`),
  rule(/(?<![\w:.,$])(\d{1,3}):(\d{1,3})(?![\w:])/g, (_, a, b) => `${cardinal(a!)} to ${cardinal(b!)}`),
]

/** Groups of digits, with a pause after each. */
function phone(number: string): string {
  const groups = number.match(/\d+/g)!
  return (number.startsWith('+') ? 'plus ' : '') + groups.map(digitByDigit).join(', ')
}

const phoneRules: readonly Rule[] = [
  rule(/(?<![\w+.,/-])\+\d{1,3}(?:[ .-]?\(?\d{1,5}\)?){1,6}(?![\w-]|[.,]\d)/g, (number) => {
    return (number.match(/\d/g) ?? []).length < 8 ? number : phone(number)
  }),
  rule(/(?<![\w+.,/-])(?:1[ .-])?(?:\(\d{3}\) ?|\d{3}[ .-])\d{3}[ .-]\d{4}(?![\w-]|[.,]\d)/g, phone),
  rule(/(?<![\w+.,/-])(?:1-)?\d{3}-\d{4}(?![\w-]|[.,]\d)/g, phone),
]

export const calendarRules: readonly Rule[] = [...dateRules, ...timeRules, ...phoneRules]
