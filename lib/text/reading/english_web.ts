/** Addresses of the web, e-mail addresses, paths and names of the English reading. */
import { digitByDigit } from './number_words.js'
import { type Rule, rule } from './rules.js'

const NAMES: Readonly<Record<string, string>> = {
  ...{
    '.': 'dot',
    '/': 'slash',
    '@': 'at',
    '-': 'dash',
    _: 'underscore',
    ':': 'colon',
    '?': 'question mark',
  },
  ...{ '=': 'equals', '&': 'and', '#': 'hash', '%': 'percent', '~': 'tilde', '+': 'plus' },
}
const TOP_LEVEL = 'com|org|net|edu|gov|io|ai|dev|app|info|biz|co|uk|de|fr|eu|tv|me|us|ca|au'
/** Endings of files that are spelled; others are words. */
const SPELLED = new Set(
  'js ts py md html htm css xml csv png jpg jpeg gif svg pdf txt exe cpp rs sh uk us eu de fr ca au io ai tv'.split(
    ' ',
  ),
)
const FILE_ENDINGS = `js|ts|py|md|html?|css|xml|csv|png|jpe?g|gif|svg|pdf|txt|exe|cpp|rs|sh|json|zip|wav|doc|bat`

/** Each part and each sign between parts. Long numbers are said digit by digit. */
function address(text: string): string {
  return Array.from(text.matchAll(/[A-Za-z]+|\d+|[^A-Za-z\d]/g), ([part]) => {
    if (/^\d/.test(part)) return part.length > 3 ? digitByDigit(part) : part
    if (SPELLED.has(part)) return Array.from(part).join(' ')
    return NAMES[part] ?? part
  }).join(' ')
}

/** One word of the text, which reads as an address or stays. */
function web(word: string): string {
  const [, open, inside, close] = /^(["'(<]*)(.*?)([.,;:!?"')>]*)$/s.exec(word)!
  const said = spokenAddress(inside!)
  return said === undefined ? word : open + said + close
}

const WITH_SCHEME = /^(?:https?|ftp):\/\/(?:www\.)?([^\s/]+.*?)\/?$/i
const MAIL = /^(?:mailto:)?[\w.+-]+@[A-Za-z\d-]+(?:\.[A-Za-z\d-]+)+$/
const BARE = new RegExp(`^(?:www\\.)?((?:[A-Za-z\\d-]+\\.)+(?:${TOP_LEVEL})(?::\\d+)?(?:[/?#].*)?)$`)
const WWW = /^www\.([^\s/]+\.[a-z]{2,}(?:\/.*)?)$/i
const PATH = /^(?:~|\.{1,2})?(?:\/[\w.-]+){2,}\/?$|^~\/[\w./-]+$/
const FILE = new RegExp(`^[\\w-]+\\.(?:${FILE_ENDINGS})$`)

function spokenAddress(word: string): string | undefined {
  if (!/[./@]/.test(word)) return undefined
  if (MAIL.test(word)) return address(word.replace(/^mailto:/, ''))
  const web = WITH_SCHEME.exec(word) ?? BARE.exec(word) ?? WWW.exec(word)
  if (web) return address(web[1]!.replace(/\/$/, ''))
  return PATH.test(word) || FILE.test(word) ? address(word) : undefined
}

export const webRules: readonly Rule[] = [
  rule(/\S+/g, web),
  rule(/~ ?(?=[\d$£€])/g, 'about '),
  rule(/\bC\+\+(?!\w)/g, 'c plus plus'),
  rule(/\b([CF])#(?!\w)/g, (_, letter) => `${letter!.toLowerCase()} sharp`),
  rule(/(?<![\w@])@(?=\w)/g, 'at '),
  rule(/(?<![\w#])#(?=\d)/g, 'number '),
  rule(/(?<![\w#])#(?=[A-Za-z])/g, 'hashtag '),
]
