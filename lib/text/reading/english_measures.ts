/** Money, percentages and units of the English reading. */
import { isOne, mixedNumber, NOT_INSIDE, NUMBER, quantity } from './english_numbers.js'
import { cardinal } from './number_words.js'
import { type Rule, rule } from './rules.js'

interface Currency {
  one: string
  many: string
  /** The hundredth part, one and many. */
  cent?: readonly [string, string]
}

const DOLLAR: Currency = { one: 'dollar', many: 'dollars', cent: ['cent', 'cents'] }
const POUND: Currency = { one: 'pound', many: 'pounds', cent: ['penny', 'pence'] }
const EURO: Currency = { one: 'euro', many: 'euros', cent: ['cent', 'cents'] }
const YEN: Currency = { one: 'yen', many: 'yen' }
const CURRENCIES: Readonly<Record<string, Currency>> = {
  ...{ $: DOLLAR, '£': POUND, '€': EURO, '¥': YEN, '₹': { one: 'rupee', many: 'rupees' } },
  ...{ USD: DOLLAR, GBP: POUND, EUR: EURO, JPY: YEN },
}
const NATIONS: Readonly<Record<string, string>> = {
  US: 'u s ',
  CA: 'canadian ',
  C: 'canadian ',
  AU: 'australian ',
  A: 'australian ',
}
const MAGNITUDES: Readonly<Record<string, string>> = {
  ...{ k: 'thousand', K: 'thousand', m: 'million', M: 'million', mn: 'million', b: 'billion', B: 'billion' },
  ...{ bn: 'billion', T: 'trillion', tn: 'trillion' },
}
const MAGNITUDE = '(hundred|thousand|million|billion|trillion|mn|bn|tn|[kKmMbBT])'
/** What an amount describes rather than counts: "a ten dollar bill". */
const DESCRIBED =
  '(?= (?:bills?|notes?|coins?|fines?|fees?|tips?|prizes?|rewards?|bonus|discounts?|tickets?|deposits?)\\b)'

/** What an amount is for: "$5/month". */
const PERIOD =
  'hour|hr|day|week|month|mo|year|yr|person|night|minute|second|lb|kg|unit|user|seat|gallon|mile|page|piece'

function money(amount: string, currency: Currency, nation = '', described = false): string {
  const [whole = '', fraction] = amount.split('.')
  const { one, many, cent } = currency
  const name = (number: string) => nation + (isOne(number) || described ? one : many)
  if (!fraction || !cent || fraction.length !== 2) return `${quantity(amount)} ${name(amount)}`
  const cents = `${cardinal(fraction)} ${cent[isOne(fraction) ? 0 : 1]}`
  if (/^[0,]*$/.test(whole) && Number(fraction) > 0) return cents
  const wholes = `${quantity(whole || '0')} ${name(whole)}`
  return Number(fraction) > 0 ? `${wholes}, ${cents}` : wholes
}

const moneyRules: readonly Rule[] = [
  rule(new RegExp(`(?<=\\d ?[A-Za-z]{0,4}|[€£$¢%])\\/(?=(?:${PERIOD})\\b)`, 'g'), ' per '),
  rule(
    new RegExp(
      `(-?)(?:\\b(US|CA|AU|C|A))?([$£€¥₹]) ?(${NUMBER})(?: ?- ?[$£€¥₹]?(${NUMBER}))?(?:(?: |(?=[A-Za-z]))${MAGNITUDE}(?![\\w]))?(?:(${DESCRIBED})|)`,
      'g',
    ),
    (_, minus, nation, sign, amount, to, magnitude, described) => {
      const currency = CURRENCIES[sign!]!
      const of = nation ? NATIONS[nation] : ''
      const prefix = minus ? 'minus ' : ''
      const one = described !== undefined
      if (magnitude) {
        const many = one ? currency.one : currency.many
        const range = to ? ` to ${quantity(to)}` : ''
        return `${prefix}${quantity(amount!)}${range} ${MAGNITUDES[magnitude] ?? magnitude} ${of}${many}`
      }
      if (!to) return prefix + money(amount!, currency, of, one)
      return amount!.includes('.')
        ? `${prefix}${money(amount!, currency, of)} to ${money(to, currency, of)}`
        : `${prefix}${quantity(amount!)} to ${money(to, currency, of)}`
    },
  ),
  rule(
    new RegExp(`${NOT_INSIDE}(${NUMBER}) ?(?:([$£€¥₹])|(USD|GBP|EUR|JPY)\\b)`, 'g'),
    (_, amount, sign, code) => money(amount!, CURRENCIES[sign ?? code!]!),
  ),
  rule(new RegExp(`${NOT_INSIDE}(${NUMBER}) ?¢`, 'g'), (_, amount) => {
    return `${quantity(amount!)} ${isOne(amount!) ? 'cent' : 'cents'}`
  }),
]

/** Units that follow a number: the name of one; several have an s, unless both are given. */
const UNITS: Readonly<Record<string, string | readonly [string, string]>> = {
  ...{ km: 'kilometer', m: 'meter', cm: 'centimeter', mm: 'millimeter', µm: 'micrometer', nm: 'nanometer' },
  ...{ kg: 'kilogram', g: 'gram', mg: 'milligram', µg: 'microgram', lb: 'pound', lbs: 'pound', oz: 'ounce' },
  ...{ ft: ['foot', 'feet'], yd: 'yard', yds: 'yard', mi: 'mile', mph: ['mile per hour', 'miles per hour'] },
  ...{
    'km/h': ['kilometer per hour', 'kilometers per hour'],
    kph: ['kilometer per hour', 'kilometers per hour'],
  },
  ...{ 'm/s': ['meter per second', 'meters per second'], mpg: ['mile per gallon', 'miles per gallon'] },
  ...{ 'm²': 'square meter', 'km²': 'square kilometer', 'm³': 'cubic meter', 'cm³': 'cubic centimeter' },
  ...{
    'sq ft': ['square foot', 'square feet'],
    ha: 'hectare',
    l: 'liter',
    L: 'liter',
    ml: 'milliliter',
    mL: 'milliliter',
  },
  ...{ gal: 'gallon', qt: 'quart', pt: 'pint', tsp: 'teaspoon', tbsp: 'tablespoon' },
  ...{ KB: 'kilobyte', kB: 'kilobyte', MB: 'megabyte', GB: 'gigabyte', TB: 'terabyte', PB: 'petabyte' },
  ...{
    Mbps: ['megabit per second', 'megabits per second'],
    Gbps: ['gigabit per second', 'gigabits per second'],
  },
  ...{ Hz: ['hertz', 'hertz'], kHz: ['kilohertz', 'kilohertz'], MHz: ['megahertz', 'megahertz'] },
  ...{ GHz: ['gigahertz', 'gigahertz'], W: 'watt', kW: 'kilowatt', MW: 'megawatt', kWh: 'kilowatt hour' },
  ...{ V: 'volt', mV: 'millivolt', mA: 'milliamp', mAh: 'milliamp hour', dB: 'decibel', px: 'pixel' },
  ...{ cal: 'calorie', kcal: 'kilocalorie', psi: ['pound per square inch', 'pounds per square inch'] },
  ...{
    rpm: ['revolution per minute', 'revolutions per minute'],
    fps: ['frame per second', 'frames per second'],
  },
  ...{
    bpm: ['beat per minute', 'beats per minute'],
    s: 'second',
    sec: 'second',
    secs: 'second',
    ms: 'millisecond',
  },
  ...{
    µs: 'microsecond',
    ns: 'nanosecond',
    min: 'minute',
    mins: 'minute',
    h: 'hour',
    hr: 'hour',
    hrs: 'hour',
  },
  ...{ yr: 'year', yrs: 'year', mo: 'month', wk: 'week', wks: 'week' },
  ...{
    '°C': ['degree celsius', 'degrees celsius'],
    '°F': ['degree fahrenheit', 'degrees fahrenheit'],
    '°': 'degree',
  },
}
const UNIT = Object.keys(UNITS)
  .sort((a, b) => b.length - a.length)
  .join('|')

/** The names of one and of several. */
function namesOf(name: string): readonly [string, string] {
  const names = UNITS[name]!
  return typeof names === 'string' ? [names, `${names}s`] : names
}

function unit(number: string, name: string): string {
  const [one, many] = namesOf(name)
  return `${quantity(number)} ${isOne(number) ? one : many}`
}

const NUMBERED = `${NOT_INSIDE}((?:(?<![\\w)])[-+])?(?:${NUMBER}))`

const unitRules: readonly Rule[] = [
  // Feet and inches: 5'10"
  rule(/(?<![\w.'"])(\d{1,2})'(\d{1,2})"/g, (_, feet, inches) => {
    return `${cardinal(feet!)} ${feet === '1' ? 'foot' : 'feet'} ${cardinal(inches!)}`
  }),
  // "1/4 tsp": a part of one.
  rule(
    new RegExp(`(?<![\\d/.,])(?:(\\d{1,3}) )?([1-9]\\d?)/([2-9]|[1-9]\\d) ?(${UNIT})(?![\\w'²³/-])`, 'g'),
    (_, whole, top, bottom, name) => {
      const [one, many] = namesOf(name!)
      return `${mixedNumber(whole, top!, bottom!)} ${whole ? many : one}`
    },
  ),
  rule(new RegExp(`${NUMBERED} ?%`, 'g'), (_, number) => `${quantity(number!)} percent`),
  rule(/(?<=\d ?)° (?=[CF]\b)/g, '°'),
  // "5s" and "90s" are no seconds, "5 s" and "5.5s" are; a full stop after an abbreviation of letters
  // belongs to it.
  rule(
    new RegExp(
      `${NUMBERED}(?: ?(?!s\\b)| (?=s\\b)|(?<=\\.\\d+)(?=s\\b))(${UNIT})(?![\\w'²³/-])(?:(?<=[a-z])\\.(?= [a-z\\d]))?`,
      'g',
    ),
    (_, number, name) => {
      return unit(number!, name!)
    },
  ),
  // "5-km run": no plural before what is described.
  rule(new RegExp(`${NOT_INSIDE}(\\d+)-(${UNIT})(?![\\w'²³/])`, 'g'), (match, number, name) => {
    return name === 's' ? match : `${quantity(number!)}-${namesOf(name!)[0]}`
  }),
]

export const moneyAndUnitRules = { money: moneyRules, units: unitRules }
