/**
 * How an English speaker reads what people write. Rules in order: each expects what the ones before it have
 * done.
 */
import { characterRules } from './english_characters.js'
import { calendarRules } from './english_dates.js'
import { moneyAndUnitRules } from './english_measures.js'
import { mixedRules, numberRules, rangeRules } from './english_numbers.js'
import { romanRules } from './english_romans.js'
import { webRules } from './english_web.js'
import { wordRules } from './english_words.js'
import { type Rule, rule } from './rules.js'

/** Signs that are left when everything that gives them another meaning has been read. */
const signRules: readonly Rule[] = [
  rule(/(?<=[A-Za-z)])²/g, ' squared'),
  rule(/(?<=[A-Za-z)])³/g, ' cubed'),
  rule(/(?<![\w/])(?:s?he\/s?he|his\/hers?|hers?\/his|him\/her|s\/he)(?![\w/])/gi, (pair) => {
    return pair.toLowerCase() === 's/he' ? 'he or she' : pair.replace('/', ' or ')
  }),
  rule(/(?<=[A-Za-z)'])\/(?=[A-Za-z('])/g, ' '),
  rule(/(?<=\w)\/(?=\w)/g, ' slash '),
  rule(/&/g, ' and '),
  rule(/@/g, ' at '),
  rule(/ ?\+ ?(?=\w)|(?<=\d)\+/g, ' plus '),
  rule(/ ?=+ ?/g, ' equals '),
  rule(/%/g, ' percent '),
  rule(/(?<=\w) ?> ?(?=\d)/g, ' is greater than '),
  rule(/(?<=\w) ?< ?(?=\d)/g, ' is less than '),
  rule(/(?<=\d) ?\* ?(?=\d)/g, ' times '),
  rule(/(?<=[A-Za-z\d])\^(?=\d)/g, ' to the power of '),
  rule(/(?<=\w)\\(?=\w)/g, ' backslash '),
  rule(/_/g, ' '),
  rule(/°/g, ' degrees '),
]

const lastRules: readonly Rule[] = [rule(/"/g, ''), rule(/[A-Z]+/g, (letters) => letters.toLowerCase())]

/** Blanks as they stand in running text. */
export const tidyRules: readonly Rule[] = [
  rule(/ {2,}/g, ' '),
  rule(/ (?=[,.;:!?)])/g, ''),
  rule(/(?<=\() /g, ''),
  rule(/^ | $/g, ''),
]

export const englishRules: readonly Rule[] = [
  ...characterRules,
  ...webRules,
  ...wordRules.abbreviations,
  ...romanRules,
  ...calendarRules,
  ...moneyAndUnitRules.money,
  ...rangeRules,
  ...moneyAndUnitRules.units,
  ...mixedRules,
  ...wordRules.initials,
  ...signRules,
  ...numberRules,
  ...lastRules,
]
