/** First rules of the English reading: one way of writing each blank, quote, dash, letter and digit. */
import anyAscii from 'any-ascii'
import { type Rule, rule } from './rules.js'

const FULL_WIDTH = 0xfee0

/** Signs that are read as words, or written in another way before they are read. */
const SIGNS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    ...{ '…': '...', '。': '. ', '、': ', ', '¿': '', '¡': '', '⁄': '/', '℃': '°C', '℉': '°F', '№': 'No.' },
    ...{ º: '°', '˚': '°', μ: 'µ', '￡': '£', '￥': '¥', '￠': '¢' },
    ...{
      '×': ' times ',
      '÷': ' divided by ',
      '±': ' plus or minus ',
      '≈': ' about ',
      '≠': ' is not equal to ',
    },
    ...{ '≤': ' is at most ', '≥': ' is at least ', '∞': ' infinity ', '§': ' section ', '©': ' copyright ' },
    ...{ '•': ' ', '·': ' ', '[': '(', ']': ')', '{': '(', '}': ')' },
  }),
)

export const characterRules: readonly Rule[] = [
  // What is there to break or join words, and cannot be seen.
  rule(/[\u00ad\u061c\u200b\u200c\u2060\ufeff]+/g, ''),
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are blanks here
  rule(/[\s\0-\x1f\x7f-\x9f]+/g, ' '),
  rule(/[\uff01-\uff5e]/g, (wide) => String.fromCharCode(wide.charCodeAt(0) - FULL_WIDTH)),
  rule(/[\u2018\u2019\u201a\u201b\u02bc\u02b9\u2032\u00b4]/g, "'"),
  rule(/[\u201c\u201d\u201e\u201f\u00ab\u00bb\u2033`]/g, '"'),
  rule(/[\u2010-\u2013\u2212\ufe63]/g, '-'),
  rule(/[\u2014\u2015\u2e3a\u2e3b]/g, '--'),
  // "2½" is a number and a fraction.
  rule(/(\d?)([¼½¾⅐-⅞])/g, (_, whole, fraction) => {
    return `${whole}${whole && ' '}${fraction!.normalize('NFKD').replace('⁄', '/')}`
  }),
  rule(/[…。、¿¡⁄℃℉№º˚μ￡￥￠×÷±≈≠≤≥∞§©•·[\]{}]/g, (sign) => SIGNS.get(sign)!),
  rule(/\p{Script=Latin}\p{M}+/gu, anyAscii),
  rule(/[\p{Script=Latin}\p{Nd}]/gu, (character) => (character < '\x80' ? character : anyAscii(character))),
  rule(/\.{4,}/g, '...'),
]
