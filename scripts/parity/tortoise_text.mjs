#!/usr/bin/env node
/**
 * Compares the normaliser 'tortoise' with tortoise-tts' VoiceBpeTokenizer, live, on thousands of texts: the normalised text
 * and the ids. Ends with 1 when anything differs that characters with another spelling do not explain; those are listed.
 *
 *   npm run build:lib
 *   node scripts/parity/tortoise_text.mjs --python PYTHON_WITH_TORTOISE [--count 2000] [--seed 1]
 *   node scripts/parity/tortoise_text.mjs --print 500 > texts.json      the texts alone, for the golden file
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { exit, stdout } from 'node:process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { spellAsTortoise } from '../../dist/lib/text/reading/transliteration.js'
import { ClvpTokenizer } from '../../dist/lib/text/tokenizer.js'
import { makeRandom, makeTexts } from './texts.mjs'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const LONGEST = 600
const DIFFERENCES_SHOWN = 10

/** Sentences as people write them; <n> is a number, <o> an ordinal, <y> a year, <w> a word with accents. */
const SENTENCES = [
  'She was born in <y>, on the <o> of May!',
  'Dr. <w> paid $<n> for <n> apples, and £<n> for the café.',
  '“<w>,” he said — ‘it’s <n> o’clock’…',
  'Mr. <w> & Mrs. <w> met Sgt. <w> at St. <w>’s, <n> ft. away.',
  'Chapter <n>: <w> et <w>, <y>–<y>',
  'It costs $<n>.<n>, or <n>.<n> % less than in <y>!',
  'The <o> time, <n>,<n> people (<w>) came; was it <y>?',
  '<w> ½ <w> ¼ cup, №<n>, <n>°C, <n>€ or ¥<n>',
  '«<w>» „<w>“ <w>/<w> [<n>] <w>_<n> #<n> <w>@<w>',
  '😀 <w> 👍🏽 <n> <w> ™ © <n>× • <w>',
  '<w>\u00a0<w>\u2003<n>\t<w>\n\n<w>',
]
const WORDS =
  'naïve Zoë François Łódź Århus smørrebrød straße Ægir piñata Dvořák São Ångström İstanbul Việt crème œuvre þing Đorđe résumé Ǆ ﬁne ｆｕｌｌ 東京 Москва Αθήνα 서울 hello World NASA'.split(
    ' ',
  )

/**
 * Texts whose characters are all spelled as the reference spells them: Latin letters, punctuation,
 * currencies, emoji.
 */
const PROMISED =
  /^[\p{ASCII}\u00a0-\u024f\u1e00-\u1e99\u2010-\u2027\p{Sc}\p{Emoji}\p{Emoji_Modifier}\ud800-\udfff№ﬁｆｕｌ]*$/u

/** Half of the tokenizer's texts, half of these sentences. */
export function makeTortoiseTexts(count, seed) {
  const random = makeRandom(seed)
  const upTo = (most) => Math.floor(random() * (most + 1))
  const pick = (list) => list[upTo(list.length - 1)]
  const fill = {
    n: () => String(upTo(10 ** (1 + upTo(8)))),
    o: () => `${upTo(2500)}${pick(['st', 'nd', 'rd', 'th'])}`,
    y: () => String(900 + upTo(2200)),
    w: () => pick(WORDS),
  }
  const texts = new Set(makeTexts(Math.ceil(count / 2), seed, LONGEST))
  while (texts.size < count) texts.add(pick(SENTENCES).replace(/<(\w)>/g, (_, kind) => fill[kind]()))
  return [...texts]
}

function askReference(python, texts) {
  const folder = mkdtempSync(join(tmpdir(), 'clvp-tortoise-'))
  try {
    const [asked, answered] = [join(folder, 'texts.json'), join(folder, 'answers.json')]
    writeFileSync(asked, JSON.stringify(texts))
    const script = join(ROOT, 'scripts/parity/tortoise_text_reference.py')
    const run = spawnSync(python, [script, '--texts', asked, '--out', answered], { encoding: 'utf8' })
    if (run.status !== 0) throw new Error(`The reference failed: ${run.stderr || run.error}`)
    return JSON.parse(readFileSync(answered, 'utf8'))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Characters that the reference spells in its own way, among those that were asked for. */
function spelledOtherwise(spellings) {
  return Object.entries(spellings)
    .filter(([character, spelling]) => spellAsTortoise(character).toLowerCase() !== spelling.toLowerCase())
    .map(([character]) => character)
}

function compare(python, count, seed) {
  const texts = makeTortoiseTexts(count, seed)
  const { vocab, merges, spellings, texts: answers } = askReference(python, texts)
  const tokenizer = new ClvpTokenizer({ vocab, merges, normalizer: 'tortoise' })
  const otherwise = new Set(spelledOtherwise(spellings))
  const row = { texts: texts.length, equal: 0, 'reference fails': 0, 'spelled otherwise': 0, differ: 0 }
  const differences = []
  for (const [at, text] of texts.entries()) {
    const { error, normalized, ids } = answers[at]
    const ours = tokenizer.encodeWithOffsets(text)
    if (error) row['reference fails']++
    else if (ours.normalized === normalized && `${ours.tokens.map(({ id }) => id)}` === `${ids}`) row.equal++
    else if (Array.from(text).some((character) => otherwise.has(character))) row['spelled otherwise']++
    else {
      row.differ++
      differences.push({ text, theirs: normalized, ours: ours.normalized })
    }
  }
  return { row, differences, otherwise }
}

if (fileURLToPath(import.meta.url) === process.argv[1]) {
  const { values } = parseArgs({
    options: {
      python: { type: 'string', default: join(ROOT, '.cache/tortoise-venv/bin/python') },
      count: { type: 'string', default: '2000' },
      seed: { type: 'string', default: '1' },
      print: { type: 'string' },
    },
  })
  if (values.print) {
    const texts = makeTortoiseTexts(2 * Number(values.print), Number(values.seed))
    stdout.write(JSON.stringify(texts.filter((text) => PROMISED.test(text)).slice(-Number(values.print))))
  } else {
    const { row, differences, otherwise } = compare(values.python, Number(values.count), Number(values.seed))
    console.table([row])
    console.log(`spelled otherwise: ${[...otherwise].join(' ')}`)
    for (const difference of differences.slice(0, DIFFERENCES_SHOWN)) console.log(JSON.stringify(difference))
    exit(differences.length > 0 ? 1 : 0)
  }
}
