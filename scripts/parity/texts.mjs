/**
 * Texts to compare the tokenizer with the reference on: hand-picked traps first, then endless variations of them.
 * The same count and seed always give the same texts.
 *
 *   node scripts/parity/texts.mjs [--count 2500] [--seed 1] [--longest 6000]     prints them as a JSON array
 */
import { argv, stdout } from 'node:process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const ABBREVIATIONS = 'mrs mr dr st co jr maj gen drs rev lt hon sgt capt esq ltd col ft'.split(' ')
const WORDS = (
  'the of and to in that was his he it with is for as had you not be her on at by which have or from this him but ' +
  'all she they were my are me one their so an said them we who would been will no when there if more out up into ' +
  "world hello reading voice thousand candles don't it's we're you've I'm she'll he'd can't o'clock rock'n'roll " +
  'Mississippi antidisestablishmentarianism zzz qqq xylophone rhythm NASA iPhone dr mr st'
).split(' ')
const FOREIGN = [
  ...'éüñßøåçœÆĐłžșıİſKÅΩжшщ漢字かなカナ한글العربيةעבריתไทยहिन्दी',
  ...'–—…‘’“”«»„‚•·×÷±°№™©®€¥£¢½¼¾²³¹①Ⅷ٣٧०५',
  ...'\u00a0\u00ad\u200b\u200d\u2028\u2029\u3000\ufeff\ufffd\u0301\u0085\u180e\u1680\u2003',
  '👍',
  '👩‍👩‍👧‍👦',
  '🇩🇪',
  '🏽',
  '𝟜𝟚',
  '𐐀',
  'e\u0301',
]
const LONE_SURROGATES = ['\ud800', '\udbff', '\udc00', '\udfff', '\ude00\ud83d', 'a\ud83db', '1\udc002']
const SPACES = [...' \t\n\r\v\f\x1c\x1d\x1e\x1f\u00a0', '  ', '\r\n', ' \n \t ']
const CONTROLS = ['\0', '\x01', '\x07', '\b', '\x0e', '\x1a', '\x1b[0m', '\x7f', '\x80', '\x9f']
const SPECIALS = '[STOP] [UNK] [SPACE] <|endoftext|> [stop] [space] [PAD] </s> Ġ Ċ ▁'.split(' ')
const PUNCTUATION = [...'.,;:!?-_()[]{}<>/\\|@#%^&*+=~`\'"$']

/** Traps without a blank inside, by what they try. */
const SINGLE = [
  `" "" ' '' 's 'S !'s s's't're've'm'll'd a A a"b Hello HELLO,World!`,
  '0 00 007 1 9 10 11 12 19 20 21 99 100 101 110 111 999 1000 1001 1010 1099 1100 1900 1999 2000 2001 2009 2010',
  '2100 2999 3000 3001 10000 01999 0002005 100000 999999 1000000 1000001 1001000 999999999 1000000000 1000000001',
  '1000000000000 1000000000000000 999999999999999999 1000000000000000000 000999999999999999999 18446744073709551616',
  '1, ,1 1,2 1,,2 ,, 12, 1,000 1,000,000 1,000, ,1,000 12,34,567, 1,a',
  '$ $$ $1 $0 $00 $1.00 $1.01 $2.50 $0.01 $0.00 $.5 $. $5. $, $1.2.3 $1.2.3.4 $1..2 $...1 $1,000 $1,000.50',
  '$1,000,000 $,5 $5, $5,.5 $.5,5 $1.5, $1.005 $01.05 $1.1 $1.10 $$5 $5$6 $-5 US$5 $5million $2000 $1,00,0.5,5',
  '£5 £1,000 £ £1.50 1£ €5 ¥100 5¢ $1e5',
  '1.5 1. .5 1.2.3 1.2.3.4 1..2 192.168.0.1 3.14159 0.0 00.10 1.5. 1.5st 1.2nd $1st',
  '1st 2nd 3rd 4th 10th 11th 12th 13th 20th 21st 22nd 23rd 100th 101st 111th 112th 121st 0th 1ST 2Nd 1nd 1rd 4st',
  '11st 1sts 5thing 1,000th 1000000000000000000th 2000th 2005th 1st. 3rd. 21stcentury',
  'mr. Dr.Smith xdr. _dr. 1dr. st.co. co.st. dr.dr. capt. ft.lt.col. gen.general drs. mr.s. -mr. émr.',
  "don’t “quoted” 'quoted' naïve ſt. Kelvin １２３ ٣ x² ½ 1½ ﬁne",
  '#1 50% a+b=c 12:30 1/2 2024-01-31 555-1234 1e10 0x1F v2.0.1 C3PO R2-D2 1_000 http://example.com/?q=1&r=2',
  'me@example.com snake_case CamelCase ... !!! ?! ---',
].flatMap((line) => line.split(' '))

const SPACED = [
  ...['', ' ', '  ', '\n', '\0', ' a', 'a ', '  a  b  ', 'Hello world', ' Hello world', 'HELLO, World!'],
  // The normaliser removes quotes last, so these keep blanks in a row.
  ...['" "', 'a " b', ' " " " x', 'b " a', 'b "" a "  " a', 'b " as " an " 1', `it " " 's " " , " " a " "`],
  ...['1, 2', '$ 5', '£ 5', '$5 million', '£1,000 pounds', '1 st', '1s t', '9'.repeat(40), '0'.repeat(40)],
  ...['Mr. X', 'MRS. SMITH', 'dr .', 'st. st', '1st. st.', 'Capt. Esq. Ltd.', 'naïve café', '-- --', " 's"],
  ...[
    '1\u00a0000',
    'a\u00a0b',
    'a\u2003b',
    'a\x1cb',
    'a\x1f \x1eb',
    'a\x85b',
    '\ufeffa',
    'a\u200bb',
    '1\u200b2',
  ],
  ...['line\u2028sep', '\v\f'],
]

const HAND_PICKED = [
  ...SPACED,
  ...SINGLE,
  ...SPECIALS,
  ...SPECIALS.map((special) => `a ${special}b ${special}`),
  ...LONE_SURROGATES,
  ...ABBREVIATIONS.flatMap((short) => [short, `${short}.`, `${short.toUpperCase()}. ${short}.x`]),
]

/** A small generator of random numbers (mulberry32); Math.random cannot be seeded. */
export function makeRandom(seed) {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

function makeTools(seed) {
  const random = makeRandom(seed)
  const upTo = (most) => Math.floor(random() * (most + 1))
  const pick = (list) => list[upTo(list.length - 1)]
  const times = (least, most, make) => Array.from({ length: least + upTo(most - least) }, make)
  const digits = (most) => times(1, most, () => upTo(9)).join('')
  return { random, upTo, pick, times, digits }
}

function grouped(digits) {
  return digits.replace(/\B(?=(?:\d{3})+$)/g, ',')
}

function anyCase({ pick }, word) {
  const capital = word.charAt(0).toUpperCase() + word.slice(1)
  return pick([word, word.toUpperCase(), capital, [...word].map((c) => pick([c, c.toUpperCase()])).join('')])
}

/** One kind of thing that may stand in a text each. */
const KINDS = {
  word: (tools) => anyCase(tools, tools.pick(WORDS)),
  number: ({ pick, digits }) => pick([digits(4), digits(4), digits(9), digits(20), grouped(digits(15))]),
  year: ({ upTo }) => String(900 + upTo(2300)),
  round: ({ upTo, pick }) => pick(['', '1', '20', String(upTo(999))]) + '0'.repeat(upTo(18)),
  commas: ({ pick, times }) => times(1, 12, () => pick([...'0123456789,,,,'])).join(''),
  money: ({ pick, digits, upTo }) =>
    `${pick(['$', '$', '£'])}${digits(6)}${pick(['', `.${digits(2)}`, `.0${upTo(9)}`])}`,
  oddMoney: ({ pick, times }) => `$${times(1, 9, () => pick([...'0123456789..,'])).join('')}`,
  decimal: ({ digits }) => `${digits(5)}.${digits(5)}`,
  dotted: ({ times, digits, pick }) => times(1, 5, () => digits(3)).join(pick(['.', '..', '.,'])),
  ordinal: (tools) =>
    tools.digits(tools.pick([2, 3, 6, 19])) + anyCase(tools, tools.pick(['st', 'nd', 'rd', 'th'])),
  abbreviation: (tools) =>
    anyCase(tools, tools.pick(ABBREVIATIONS)) + tools.pick(['.', '.', '. ', '', '..', '.s']),
  foreign: ({ pick, times }) => times(1, 4, () => pick(FOREIGN)).join(''),
  surrogate: ({ pick }) => pick(LONE_SURROGATES),
  space: ({ pick, times }) => times(1, 3, () => pick(SPACES)).join(''),
  control: ({ pick }) => pick(CONTROLS),
  special: (tools) => anyCase(tools, tools.pick(SPECIALS)),
  punctuation: ({ pick, times }) => times(1, 4, () => pick(PUNCTUATION)).join(''),
  quote: ({ pick }) => pick(['"', '" ', ' "', '""', "'", "'s", "'LL", "'Re"]),
  ascii: ({ times, upTo }) => times(1, 20, () => String.fromCharCode(upTo(127))).join(''),
  unicode: ({ times, upTo }) => times(1, 10, () => String.fromCharCode(upTo(0xffff))).join(''),
  letters: ({ times, upTo }) => times(1, 40, () => String.fromCharCode(97 + upTo(25))).join(''),
}

function sentence(tools) {
  const makers = Object.values(KINDS)
  const things = tools.times(1, 10, () => tools.pick([KINDS.word, tools.pick(makers)])(tools))
  return things.join(tools.pick([' ', ' ', ' ', '', tools.pick(SPACES)]))
}

/** Stays below 4,300 digits in a row, from where the reference raises an error. */
function long(tools, longest) {
  const unit = tools.pick([sentence(tools), ...Object.values(KINDS).map((make) => make(tools))]) || 'x'
  const separator = tools.pick(['', ' ', ', '])
  const text = (unit + separator).repeat(Math.ceil(longest / (unit.length + separator.length)))
  return text.slice(0, /^[\d,]+$/.test(text) ? Math.min(longest, 4000) : longest)
}

/**
 * Makes `n` different texts.
 *
 * @param {number} n how many; from about 400 on all hand-picked ones are among them
 * @param {number} [seed] another seed gives other variations
 * @param {number} [longest] length of the longest ones
 * @returns {string[]}
 */
export function makeTexts(n, seed = 1, longest = 6000) {
  const tools = makeTools(seed)
  const texts = new Set(HAND_PICKED.slice(0, n))
  const makers = Object.values(KINDS)
  for (let round = 0; texts.size < n; round++) {
    if (round % 50 === 49) texts.add(long(tools, longest))
    else if (round % 3 === 0) texts.add(makers[(round / 3) % makers.length](tools))
    else texts.add(sentence(tools))
  }
  return [...texts]
}

/**
 * Makes sequences of ids to decode, any ids of the vocabulary, so that broken UTF-8 is among them.
 *
 * @param {number} n how many
 * @param {number[]} ids what to draw from
 * @param {number} [seed]
 * @returns {number[][]}
 */
export function makeSequences(n, ids, seed = 1) {
  const { pick, times } = makeTools(seed)
  return Array.from({ length: n }, () => times(0, 24, () => pick(ids)))
}

if (fileURLToPath(import.meta.url) === argv[1]) {
  const text = (value) => ({ type: 'string', default: value })
  const options = { count: text('2500'), seed: text('1'), longest: text('6000') }
  const { values } = parseArgs({ options })
  stdout.write(JSON.stringify(makeTexts(Number(values.count), Number(values.seed), Number(values.longest))))
}
