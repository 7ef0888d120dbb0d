/** Whether recognisers that know nothing of the model hear what it should say. */
import { join } from 'node:path'
import { Sound } from '../../../dist/lib/index.js'
import { mean } from '../statistics.mjs'
import { percent } from './context.mjs'
import { counts } from './ranking.mjs'

const told = 32 // sentences of the grammar
const heard = 64 // sentences whose words are counted
const most = Math.max(...counts)

export const wordsOf = (text) => text.toLowerCase().match(/[a-z']+/g) ?? []

/** Words to change, add or drop to make one list of another. */
export function wordErrors(said, wanted) {
  let row = Array.from({ length: wanted.length + 1 }, (_, j) => j)
  for (const [i, word] of said.entries()) {
    const next = [i + 1]
    for (const [j, other] of wanted.entries()) {
      next.push(Math.min(row[j] + (word === other ? 0 : 1), row[j + 1] + 1, next[j] + 1))
    }
    row = next
  }
  return row.at(-1)
}

/** The share of words that are wrong, over all files. @param pairs { file, text } */
export function errorRate(context, pairs) {
  const args = ['hear', '--work', context.work, '--words', join(context.model, 'words.txt')]
  const said = context.judge('recogniser.py', [...args, ...pairs.map(({ file }) => file)])
  const errors = pairs.map(({ text }, i) => wordErrors(wordsOf(said[i]), wordsOf(text)))
  return errors.reduce((a, b) => a + b, 0) / pairs.reduce((sum, { text }) => sum + wordsOf(text).length, 0)
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
