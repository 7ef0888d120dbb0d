/**
 * Compares the tokenizer with transformers', live, on thousands of texts: the normalised text, the tokens, the ids, and
 * what ids decode to. Ends with 1 when anything differs.
 *
 *   npm run build:lib
 *   node scripts/parity/tokenizer.mjs [--python .cache/parity-venv/bin/python] [--count 2500] [--seed 1]
 *
 * Vocabularies: the project's own small one; that one with its merges out of order, which tells whether merging goes in
 * the reference's order even where training would never lead; and the published one when it lies in ../shared/data.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { argv, exit } from 'node:process'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { makeRandom, makeSequences, makeTexts } from './texts.mjs'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const GOLDEN = join(ROOT, 'test/golden/tokenizer.json')
const PUBLISHED = resolve(ROOT, '../shared/data')
const DIFFERENCES_SHOWN = 5
const DECODE_WAYS = [
  {},
  { cleanUpTokenizationSpaces: true },
  { skipSpecialTokens: true },
  { skipSpecialTokens: true, cleanUpTokenizationSpaces: true },
]

function readArguments() {
  const text = (value) => ({ type: 'string', default: value })
  const { values } = parseArgs({
    args: argv.slice(2),
    options: {
      python: text(join(ROOT, '.cache/parity-venv/bin/python')),
      dist: text(join(ROOT, 'dist')),
      count: text('2500'),
      seed: text('1'),
    },
  })
  if (!existsSync(values.python)) {
    throw new Error(`No Python at ${values.python}: give one that has transformers with --python`)
  }
  return { ...values, count: Number(values.count), seed: Number(values.seed) }
}

function shuffled(list, seed) {
  const random = makeRandom(seed)
  const keys = new Map(list.map((item) => [item, random()]))
  return list.toSorted((a, b) => keys.get(a) - keys.get(b))
}

/** Writes the vocabularies that are compared into folders; the published one stays where it is. */
function vocabularies(folder, seed) {
  const { vocab, merges } = JSON.parse(readFileSync(GOLDEN, 'utf8'))
  const write = (name, lines) => {
    const path = join(folder, name)
    mkdirSync(path)
    writeFileSync(join(path, 'vocab.json'), JSON.stringify(vocab))
    writeFileSync(join(path, 'merges.txt'), `${['#version: 0.2', ...lines].join('\n')}\n`)
    return { name, path }
  }
  const all = [write('own', merges), write('own, merges shuffled', shuffled(merges, seed))]
  if (existsSync(join(PUBLISHED, 'vocab.json'))) all.push({ name: 'published', path: PUBLISHED })
  return all
}

function askReference(python, folder, vocabulary, questions) {
  const asked = join(folder, 'asked.json')
  const answered = join(folder, 'answered.json')
  writeFileSync(asked, JSON.stringify(questions))
  const script = join(ROOT, 'scripts/parity/tokenizer_reference.py')
  const run = spawnSync(python, [script, '--vocab', vocabulary, '--texts', asked, '--out', answered], {
    encoding: 'utf8',
  })
  if (run.status !== 0) throw new Error(`The reference failed: ${run.stderr || run.error}`)
  return JSON.parse(readFileSync(answered, 'utf8'))
}

/** One line of the table. Cases whose expected answer is an error of the reference are counted apart. */
function compare(what, cases) {
  const row = { what, texts: cases.length, equal: 0, differ: 0, 'reference fails': 0 }
  const differences = []
  for (const { asked, expected, actual } of cases) {
    if (expected === undefined) row['reference fails']++
    else if (JSON.stringify(expected) === JSON.stringify(actual)) row.equal++
    else {
      row.differ++
      differences.push({ what, asked, expected, actual })
    }
  }
  return { row, differences }
}

function compareVocabulary(tokenizer, normalizeEnglish, name, questions, answers) {
  const texts = (what, key, ours) =>
    compare(
      `${name}: ${what}`,
      questions.texts.map((asked, at) => ({ asked, expected: answers.texts[at][key], actual: ours(asked) })),
    )
  const sequences = questions.sequences.map((asked, at) => ({
    asked,
    expected: answers.sequences[at],
    actual: DECODE_WAYS.map((way) => tokenizer.decode(asked, way)),
  }))
  return [
    texts('normalised text', 'normalized', normalizeEnglish),
    texts('tokens', 'tokens', (text) => tokenizer.tokenize(text)),
    texts('ids', 'ids', (text) => Array.from(tokenizer.encode(text))),
    compare(`${name}: decoded, 4 ways`, sequences),
  ]
}

async function main() {
  const { python, dist, count, seed } = readArguments()
  const load = (file) => import(pathToFileURL(resolve(dist, 'lib', file)))
  const { ClvpTokenizer } = await load('text/tokenizer.js')
  const { normalizeEnglish } = await load('text/reading/reference_rules.js')
  const folder = mkdtempSync(join(tmpdir(), 'clvp-tokenizer-'))
  const results = []
  try {
    for (const { name, path } of vocabularies(folder, seed)) {
      const tokenizer = await ClvpTokenizer.fromFiles(join(path, 'vocab.json'), join(path, 'merges.txt'))
      const ids = Object.values(tokenizer.getVocab())
      const questions = { texts: makeTexts(count, seed), sequences: makeSequences(count, ids, seed) }
      const answers = askReference(python, folder, path, questions)
      results.push(...compareVocabulary(tokenizer, normalizeEnglish, name, questions, answers))
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  return results
}

const results = await main()
console.table(results.map(({ row }) => row))
const differences = results.flatMap((result) => result.differences)
for (const difference of differences.slice(0, DIFFERENCES_SHOWN)) console.log(JSON.stringify(difference))
exit(differences.length > 0 ? 1 : 0)
