/** Abbreviations, initials and acronyms of the English reading. */
import { ANYWHERE, DOTTED, ENDING, NUMBERED, STARTERS, STREETS, TITLES } from './english_abbreviations.js'
import { type Rule, rule } from './rules.js'

/** Capitals said letter by letter although a vowel is among them. */
const INITIALISMS = new Set(
  (
    'ABI ACL ADHD AI AKA API APIS ATM BA BBC BMI CAD CEO CFO CIA CIO COO CPU CTO CIA DIY DNA EKG ECG EMT EPA ER ESL ETA ' +
    'EU EV FAQ FBI FDA GPU GUI GOP HIV IBM ICU ID IDE IMF IOU IP IPO IQ IRA IRS ISBN ISP ISS IUD IVF KO LED LEDS MIT ' +
    'MRI NBA NGO NSA NYU OCR OS PDA PIA PTA QA QI RIP RNA RSVP SAT SEO SUV TBA UAE UAV UCLA UFC UFO UHD UI UK UN UPS URL ' +
    'USA USB USC USSR UV UX VAT VIP EST EDT UTC CET EOD IIT IO IT US LA OK AOL'
  ).split(' '),
)
/** Those that are words as well: not in a line of capitals. */
const DOUBTFUL = new Set([
  'IT',
  'US',
  'LA',
  'ER',
  'OS',
  'BA',
  'IO',
  'SAT',
  'VAT',
  'CAD',
  'LED',
  'RIP',
  'UPS',
  'ID',
  'KO',
])
/** Words without a vowel. */
const VOWELLESS_WORDS = new Set(
  (
    'BY CRY CRYPT DRY FLY FLYBY FRY GYM GYPSY HMM HMMM HYMN LYNCH LYNX MM MMM MY MYTH NTH NYMPH PFFT PLY PRY PST PSST PYGMY ' +
    'RHYTHM SH SHH SHHH SHY SKY SLY SPRY SPY STY SYNC THY TRY TRYST TSK WHY WRY WRYLY BRR BRRR GRR GRRR ZZZ ZZZZ XX XXX XXXX'
  ).split(' '),
)
const SPOKEN_CAPITALS: ReadonlyMap<string, string> = new Map([
  ['OK', 'okay'],
  ['MR', 'mister'],
  ['MRS', 'misess'],
  ['DR', 'doctor'],
  ['MS', 'miz'],
])

/** Where a sentence ends: at the end of the text, or before a word that begins one. */
const END = `(?=\\s*$|["')]*\\s+${STARTERS})`

function spell(letters: string): string {
  return Array.from(letters.toLowerCase()).join(' ')
}

/** {@link words} in small letters, with a capital, and in capitals. */
function inAnyCase(table: Readonly<Record<string, string>>): string {
  const small = words(table)
  return `${small}|${small.replace(/\b[a-z]/g, (letter) => letter.toUpperCase())}|${small.toUpperCase()}`
}

function words(table: Readonly<Record<string, string>>): string {
  return Object.keys(table)
    .sort((a, b) => b.length - a.length)
    .join('|')
    .replaceAll('.', '\\.')
}

const abbreviationRules: readonly Rule[] = [
  rule(new RegExp(`(?<![\\w.])(${words(DOTTED)})(?:,(?= ))?`, 'gi'), (match, short) => {
    const said = DOTTED[short!.toLowerCase()]!
    return match.endsWith(',') ? `${said},` : said
  }),
  rule(/(?<![\w.])[eE]\.?g\.(?= |,)/g, 'for example'),
  rule(/(?<![\w.])[iI]\.?e\.(?= |,)/g, 'that is'),
  rule(/(?<![\w/])w\/o(?!\w)/gi, 'without'),
  rule(/(?<![\w/])w\/(?= ?[A-Za-z])/gi, 'with '),
  rule(
    new RegExp(`(?<![\\w.])(${words(NUMBERED)})\\. ?(?=#?\\d)`, 'gi'),
    (_, short) => `${NUMBERED[short!.toLowerCase()]!} `,
  ),
  rule(
    new RegExp(`(?<![\\w.])(${words(ANYWHERE)})\\.(?=[ ,:;)"'-]|$)`, 'gi'),
    (_, short) => ANYWHERE[short!.toLowerCase()]!,
  ),
  rule(/\b(Vol|Ch|Fig|Sec|Art|Vols)\. ?(?=[IVXL]+\b)/gi, (_, short) => `${NUMBERED[short!.toLowerCase()]!} `),
  rule(/\bvs\b/g, 'versus'),
  rule(new RegExp(`(?<![\\w.])(${inAnyCase(ENDING)})(?:\\.(${END})|\\.)`, 'g'), (_, short, end) => {
    return `${ENDING[short!.toLowerCase()]!}${end === undefined ? '' : '.'}`
  }),
  rule(new RegExp(`\\b(${words(TITLES)})\\.(?= [A-Z])`, 'g'), (_, short) => TITLES[short!]!),
  // "Main St." but "in St. Louis" and "Dr. Smith": the name of a street stands in front, and no other name
  // behind.
  rule(
    new RegExp(
      `\\b((?:\\d+ (?:[NSEW]\\.? )?)?(?:[A-Z][a-z]+|\\d+(?:st|nd|rd|th)) )(${words(STREETS)})\\.(?:(${END})|(?! [A-Z]))`,
      'g',
    ),
    (_, before, name, end) => `${before}${STREETS[name!]!}${end === undefined ? '' : '.'}`,
  ),
  rule(
    new RegExp(`\\b(\\d+ (?:[A-Z][a-z]+ ){1,3})(${words(STREETS)})\\.`, 'g'),
    (_, before, name) => `${before}${STREETS[name!]!}`,
  ),
  rule(/\b(St|Dr)\.(?= ?["'A-Z])/gi, (_, name) => (name!.toLowerCase() === 'st' ? 'saint' : 'doctor')),
  rule(new RegExp(`\\bCo\\.(?:(${END})|(?=[ ,]))`, 'g'), (_, end) =>
    end === undefined ? 'company' : 'company.',
  ),
]

/** "U.S." and "J. R. R. Tolkien"; the last point stays where a sentence ends. */
const initialRules: readonly Rule[] = [
  rule(new RegExp(`(?<![\\w.])((?:[A-Za-z]\\.){1,9}[A-Za-z])\\.(?:(${END})|)`, 'g'), (_, letters, end) => {
    return spell(letters!.replaceAll('.', '')) + (end === undefined ? '' : '.')
  }),
  rule(
    /(?<![\w.])(?:[A-Z]\. ?){2,9}(?=[A-Z][a-z])/g,
    (initials) => `${spell(initials.replace(/[^A-Z]/g, ''))} `,
  ),
  rule(
    new RegExp(
      `(?<=(?:^|["'(]|[A-Z][a-z]+ |(?:mister|misess|miz|doctor|professor) ))([A-Z])\\. (?!${STARTERS})(?=[A-Z][a-z])`,
      'g',
    ),
    (_, letter) => `${letter} `,
  ),
]

/** "AT&T", "FBI", "CDs". */
const acronymRules: readonly Rule[] = [
  rule(/\b([A-Z]{1,3})&([A-Z]{1,3})\b/g, (_, a, b) => `${spell(a!)} and ${spell(b!)}`),
  rule(/\b(?:AD|BCE?|CE)(?= ?\d)|(?<=\d )(?:AD|BCE?|CE)\b/g, spell),
  rule(/\bWW(II?)\b/g, (_, number) => `world war ${number === 'I' ? 'one' : 'two'}`),
  rule(/\bPh\.?D\b\.?/g, 'p h d'),
  rule(/(?<![A-Za-z'])([A-Z]{2,6})(?:'?(s))?(?![A-Za-z])/g, (match, letters, s) => {
    const spoken = SPOKEN_CAPITALS.get(letters!)
    if (spoken) return spoken + (s ? "'s" : '')
    const isSpelled = INITIALISMS.has(letters!) ? !DOUBTFUL.has(letters!) : isVowelless(letters!)
    return isSpelled ? spell(letters!) + (s ? "'s" : '') : match
  }),
  rule(
    /(?<![A-Za-z']|[A-Z]{2} )(?:IT|US|LA|ER|OS|BA|IO|SAT|VAT|CAD|LED|RIP|UPS|ID|KO)(?![A-Za-z]| [A-Z]{2})(?='s|[^']|$)/g,
    spell,
  ),
]

function isVowelless(letters: string): boolean {
  return !/[AEIOU]/.test(letters) && !VOWELLESS_WORDS.has(letters)
}

export const wordRules = {
  /** Before numbers are read: "No. 5". */
  abbreviations: abbreviationRules,
  /** Not before dates, times and units are read: "5 p.m.", "10 MB". */
  initials: [...initialRules, ...acronymRules],
}
