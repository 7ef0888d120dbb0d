#!/usr/bin/env node
/**
 * Compares mode 'tortoise' of splitText() with tortoise-tts' split_and_recombine_text, live, on thousands
 * of texts. Ends with 1 when anything differs.
 *
 *   npm run build:lib
 *   node scripts/parity/split.mjs --python PYTHON_WITH_TORTOISE [--count 6000] [--seed 1]
 *   node scripts/parity/split.mjs --print 150 > cases.json      cases alone, for the golden file
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { exit, stdout } from 'node:process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { splitText } from '../../dist/lib/text/split.js'
import { makeRandom, makeTexts } from './texts.mjs'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const LONGEST = 1500
const DIFFERENCES_SHOWN = 5

const PROSE =
  'The wolf said to her, "Where are you going?" She answered; it was late: "I go to see my grandmother." And so they went on... ' +
  'Dr. Brown, who lived at No. 5, saw them!! Did he run?! “Yes,” he said. “No.” It cost $3.14 — too much. '

/** Where the reference does what one would not expect; each is tried with all sizes. */
const HAZARDS = [
  ...[
    '',
    ' ',
    '\n\n',
    '.',
    '...',
    '?!',
    '. . . .',
    ',;:',
    '"',
    '""',
    '" "',
    'a',
    'a.',
    'a. b',
    'a.b',
    'é',
    '😀',
    '\ufeff',
    '\x85',
  ],
  ...[
    'Hello there. General.',
    'No end',
    'One.Two.Three.',
    'What?!?! Yes!!!',
    'Wait..... go',
    'a.\r\nb.\r\n\r\nc.',
    'a\u00a0b.\u2003c',
  ],
  ...[
    'He said "Stop. Now." and left. Then.',
    '"Unclosed quote. It goes on. And on. And on.',
    '“Curly. Quotes.” He left. “Yes.”',
  ],
  ...[
    '"One." "Two." "Three." "Four."',
    'Say "a". Say "b"! Say "c"? Say "d".',
    `"${'long quote. '.repeat(12)}" he said.`,
  ],
  ...[
    'x'.repeat(700),
    `${'x'.repeat(250)}. ${'y'.repeat(250)}.`,
    'word '.repeat(150),
    'no,punctuation;here '.repeat(40),
  ],
  ...[
    '!'.repeat(400),
    '. '.repeat(300),
    'a.'.repeat(300),
    'a. '.repeat(300),
    'a! '.repeat(300),
    '😀 '.repeat(200),
    '😀'.repeat(400),
  ],
  ...[
    `${'A quite ordinary sentence of some words. '.repeat(12)}`,
    PROSE.repeat(4),
    PROSE.replaceAll('"', '').repeat(4),
  ],
  ...[
    '\ud800 a. \udc00 b.',
    'e\u0301. '.repeat(120),
    '漢字。かな。'.repeat(60),
    'Line one\nLine two\n\nLine three.',
    '.a',
    '." a',
    'a ".',
  ],
]
/** Desired and longest lengths; the first are the reference's own. */
const SIZES = [
  [200, 300],
  [20, 40],
  [30, 50],
  [5, 8],
  [1, 1],
  [10, 300],
  [100, 101],
]
/** What texts are made of. */
const PIECES = [
  ...[
    'word',
    'a',
    'Hello',
    'I',
    'antidisestablishmentarianism',
    'é',
    '😀',
    '5',
    '3.14',
    'Dr.',
    'e.g.',
    'x'.repeat(60),
  ],
  ...[' ', ' ', ' ', ' ', ' ', ' ', '  ', '\n', '\n\n', '\r\n', '\t', '\u00a0', ''],
  ...[
    '.',
    '.',
    '. ',
    '. ',
    '!',
    '?',
    '! ',
    '? ',
    '...',
    '?!',
    ', ',
    '; ',
    '" ',
    ' "',
    '"',
    '“',
    '”',
    '."',
    '?" ',
    '\u2019',
    '—',
    '\x1c',
  ],
]

/** Every hazard with every size, then texts at random. */
export function makeCases(count, seed) {
  const random = makeRandom(seed)
  const upTo = (most) => Math.floor(random() * (most + 1))
  const pick = (list) => list[upTo(list.length - 1)]
  const cases = HAZARDS.flatMap((text) => SIZES.map((size) => [text, ...size]))
  for (const text of makeTexts(Math.floor(count / 4), seed, LONGEST)) cases.push([text, ...pick(SIZES)])
  while (cases.length < count) {
    const text = Array.from({ length: 1 + upTo(pick([20, 100, 400])) }, () => pick(PIECES)).join('')
    cases.push([text, ...pick([SIZES[0], SIZES[0], pick(SIZES)])])
  }
  return cases
}

/**
 * Few enough for a file: all hazards with the reference's sizes, some with others, and some texts at
 * random.
 */
function goldenCases(count, seed) {
  const all = makeCases(HAZARDS.length * SIZES.length + 400, seed)
  const hazards = all.slice(0, HAZARDS.length * SIZES.length)
  const made = all.slice(hazards.length).filter(([text]) => text.length < LONGEST)
  const usual = hazards.filter(([, desired]) => desired === SIZES[0][0])
  const others = hazards.filter(
    ([, desired], i) => desired !== SIZES[0][0] && i % SIZES.length === 1 + (i % 6),
  )
  const random = made.slice(-Math.max(0, count - usual.length - others.length))
  return [...usual, ...others, ...random]
}

function askReference(python, cases) {
  const folder = mkdtempSync(join(tmpdir(), 'clvp-split-'))
  try {
    const [asked, answered] = [join(folder, 'cases.json'), join(folder, 'answers.json')]
    writeFileSync(asked, JSON.stringify(cases))
    const script = join(ROOT, 'scripts/parity/split_reference.py')
    const run = spawnSync(python, [script, '--cases', asked, '--out', answered], { encoding: 'utf8' })
    if (run.status !== 0) throw new Error(`The reference failed: ${run.stderr || run.error}`)
    return JSON.parse(readFileSync(answered, 'utf8'))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function compare(python, count, seed) {
  const cases = makeCases(count, seed)
  const answers = askReference(python, cases)
  const differences = cases.flatMap(([text, desired, max], at) => {
    const ours = splitText(text, { mode: 'tortoise', desired, max }).map((part) => part.text)
    const theirs = answers[at]
    const isEqual = ours.length === theirs.length && ours.every((part, i) => part === theirs[i])
    return isEqual ? [] : [{ text, desired, max, ours, theirs }]
  })
  const parts = answers.reduce((sum, { length }) => sum + length, 0)
  return { row: { texts: cases.length, parts, differ: differences.length }, differences }
}

if (fileURLToPath(import.meta.url) === process.argv[1]) {
  const { values } = parseArgs({
    options: {
      python: { type: 'string', default: join(ROOT, '.cache/tortoise-venv/bin/python') },
      count: { type: 'string', default: '6000' },
      seed: { type: 'string', default: '1' },
      print: { type: 'string' },
    },
  })
  if (values.print) stdout.write(JSON.stringify(goldenCases(Number(values.print), Number(values.seed))))
  else {
    const { row, differences } = compare(values.python, Number(values.count), Number(values.seed))
    console.table([row])
    for (const difference of differences.slice(0, DIFFERENCES_SHOWN)) console.log(JSON.stringify(difference))
    exit(differences.length > 0 ? 1 : 0)
  }
}
