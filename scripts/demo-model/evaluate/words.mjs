/** Whether recognisers that know nothing of the model hear what it should say. */
import { Sound } from '../../../dist/lib/index.js'
import { mean } from '../statistics.mjs'
import { percent } from './context.mjs'
import { counts } from './ranking.mjs'

const told = 32 // sentences of the grammar
const heard = 64 // sentences whose words are counted
const most = Math.max(...counts)

const wordsOf = (text) => text.toLowerCase().match(/[a-z']+/g) ?? []

/** The share of words that are wrong, over all files. @param pairs { file, text } */
export function errorRate(context, pairs) {
  const judged = context.judge('recogniser.py', ['judge', '--work', context.work, 'JOB'], pairs)
  const sum = (key) => judged.reduce((total, each) => total + each[key], 0)
  return sum('errors') / sum('words')
}

/** All candidates of some sentences, each made sound by HiFi-GAN, and as Griffin and Lim's preview. Kept as files. */
async function speakAll(context, sentences) {
  const { clvp, voice } = context
  const found = []
  for (const [i, { text }] of sentences.entries()) {
    const drawnAll = await clvp.generate(text, { voice, candidates: most, seed: i })
    const byIndex = drawnAll.candidates.toSorted((a, b) => a.index - b.index)
    const best = Object.fromEntries(counts.map((n) => [n, bestOf(byIndex.slice(0, n)).index]))
    const files = {}
    for (const index of new Set([...Object.values(best), ...counts.map((n) => n - 1)])) {
      const sound = await clvp.candidateSound(text, byIndex[index], { voice, seed: i })
      files[index] = await context.keep(`words-${i}-${index}`, sound)
    }
    const sketch = await clvp.preview(byIndex[best[16]].drawnCodes)
    const preview = await context.keep(`words-${i}-preview`, new Sound(sketch.samples, sketch.sampleRate))
    found.push({ text, best, files, preview })
    if ((i + 1) % 16 === 0) console.error(`spoke ${i + 1} sentences`)
  }
  return found
}

const bestOf = (candidates) => candidates.reduce((a, b) => (b.score > a.score ? b : a))

export async function measureWords(context) {
  const spoken = await speakAll(context, context.sentences.slice(0, heard))
  context.spoken = spoken
  judgeGrammar(context, spoken)
  const rate = (pairs) => errorRate(context, pairs)
  const real = rate(context.sentences.slice(0, heard).map(({ text, true: file }) => ({ text, file })))
  const picked = counts.map((n) =>
    rate(spoken.map(({ text, best, files }) => ({ text, file: files[best[n]] }))),
  )
  const one = counts.map((n) => rate(spoken.map(({ text, files }) => ({ text, file: files[n - 1] }))))
  const sketch = rate(spoken.map(({ text, preview }) => ({ text, file: preview })))
  const best = picked[counts.indexOf(16)]
  context.goal(
    `word errors of speak, best of 16, ${heard} sentences (espeak-ng itself: ${percent(real)}; one candidate: ${percent(mean(one))}; Griffin-Lim of the best: ${percent(sketch)})`,
    percent(best),
    'at most 15 %',
    best <= 0.15,
  )
  context.charts.words = {
    title: 'What ranking buys: words understood',
    x: 'candidates drawn',
    y: 'word errors, %',
    at: counts,
    lines: [
      { name: 'any candidate', values: counts.map(() => 100 * mean(one)) },
      { name: 'picked by CLVP', values: picked.map((value) => 100 * value) },
      { name: 'its Griffin-Lim, of 16', values: counts.map(() => 100 * sketch) },
      { name: 'espeak-ng itself', values: counts.map(() => 100 * real) },
    ],
  }
}

/** pocketsphinx tells some sentences apart. */
function judgeGrammar(context, spoken) {
  const known = spoken.filter(({ text }) => !wordsOf(text).includes('litres')).slice(0, told) // it does not know that word
  const texts = known.map(({ text }) => text)
  const right = (files) =>
    context.judge('grammar.py', ['JOB'], { texts, files }).filter((index, i) => index === i).length
  const made = right(known.map(({ best, files }) => files[best[16]]))
  const sketch = right(known.map(({ preview }) => preview))
  const truth = context.sentences.filter(({ text }) => texts.includes(text))
  const real = right(texts.map((text) => truth.find((each) => each.text === text).true))
  context.goal(
    `sentences that pocketsphinx tells among ${told} (espeak-ng itself: ${real}; Griffin-Lim: ${sketch})`,
    `${made} of ${told}`,
    '30',
    made >= 30,
  )
}
