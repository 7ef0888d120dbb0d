#!/usr/bin/env node
/**
 * What the defaults of long texts rest on, measured on the demo model: how well CLVP ranks short texts
 * (`shortest` of splitText), and how far drawn candidates are from the limits of the quality gates. Takes
 * half a minute and needs nothing else.
 *
 *   npm run build:lib
 *   node scripts/demo-model/short_texts.mjs [--candidates 16] [--seed 1]
 */
import { parseArgs } from 'node:util'
import { Clvp } from '../../dist/lib/index.js'
import { longestRepeat } from '../../dist/lib/speech/repeats.js'

const TEXTS = [
  ...[
    'Yes.',
    'No.',
    'Hello.',
    'Thank you.',
    'It is cold.',
    'Good morning.',
    'Good evening.',
    'No, thank you.',
  ],
  ...[
    'Open the door.',
    'Close the window.',
    'It is cold today.',
    'Where is the dog?',
    'The old man is here.',
  ],
  ...[
    'Please open the door.',
    'Where is the small dog?',
    'The children are happy.',
    'We like the blue house.',
  ],
  ...[
    'The old man has a blue car.',
    'We see the river and the mountain.',
    'I like the yellow house near the sea.',
  ],
  ...['He drinks black coffee in the morning.', 'The teacher reads a long letter to the class.'],
  ...[
    'My brother is in the garden with a green book.',
    'Good morning Anna, the red apple is in the kitchen.',
  ],
  ...[
    'Good evening Peter, the cold water is on the table.',
    'She has seven brown cats, and he has two white dogs.',
  ],
]
const LENGTHS = [
  [1, 14],
  [15, 29],
  [30, 99],
]
/** Texts of about the same length that each row of codes is ranked against. */
const OTHERS = 5
/** The demo model's code of silence. */
const SILENCE = 0

const { values } = parseArgs({
  options: { candidates: { type: 'string', default: '16' }, seed: { type: 'string', default: '1' } },
})

const clvp = await Clvp.load(Clvp.demo)
const voice = await clvp.voice(Clvp.demoVoice)
const draws = []
for (const text of TEXTS) {
  const options = { voice, candidates: Number(values.candidates), seed: Number(values.seed), scores: 'rank' }
  draws.push({ text, ...(await clvp.generate(text, options)) })
}

async function scoresOf(text, rows) {
  const scores = []
  for (const { index, score } of await clvp.rank(text, rows)) scores[index] = score
  return scores
}

/** For how many of a text's candidates the text scores higher than the others. */
async function rightFirst({ text, candidates }) {
  const distance = (other) => Math.abs(other.length - text.length)
  const others = TEXTS.filter((other) => other !== text).sort((a, b) => distance(a) - distance(b))
  const rows = candidates.map(({ codes }) => codes)
  const own = await scoresOf(text, rows)
  const rest = []
  for (const other of others.slice(0, OTHERS)) rest.push(await scoresOf(other, rows))
  return own.filter((score, i) => rest.every((scores) => scores[i] < score)).length
}

const ranked = []
for (const [least, most] of LENGTHS) {
  const those = draws.filter(({ text }) => text.length >= least && text.length <= most)
  let right = 0
  for (const draw of those) right += await rightFirst(draw)
  const rows = those.length * Number(values.candidates)
  ranked.push({
    characters: `${least} to ${most}`,
    rows,
    'right text first': right,
    share: (right / rows).toFixed(2),
  })
}
console.table(ranked)

const at = (sorted, share) => Number(sorted[Math.floor(share * (sorted.length - 1))].toFixed(2))
function quantiles(measure, of) {
  const sorted = draws
    .flatMap((draw) => draw.candidates.map((candidate) => of(candidate, draw)))
    .sort((a, b) => a - b)
  return {
    measure,
    least: at(sorted, 0),
    '1 %': at(sorted, 0.01),
    median: at(sorted, 0.5),
    '99 %': at(sorted, 0.99),
    most: at(sorted, 1),
  }
}
const { secondsPerCode } = clvp.info
console.table([
  quantiles(
    'seconds repeated',
    ({ drawnCodes }) => longestRepeat(drawnCodes, SILENCE).length * secondsPerCode,
  ),
  quantiles('longest silence', ({ longestSilence }) => longestSilence),
  quantiles('characters a second', ({ seconds }, { normalized }) => normalized.length / seconds),
])
await clvp.dispose()
