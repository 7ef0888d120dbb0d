/** CLVP alone: whether it ranks rightly, what its candidates are like, and whether its ids are the reference's. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  Clvp,
  ClvpModelForConditionalGeneration,
  ClvpProcessor,
  convertFolder,
} from '../../../dist/lib/index.js'
import { candidates, nearMisses, retrieval } from '../measures.mjs'
import { mean, signFlipTest } from '../statistics.mjs'
import { percent } from './context.mjs'

const channels = 80
const drawn = 128 // sentences that candidates are drawn of
export const counts = [1, 2, 4, 8, 16, 32]

export async function measureRanking(context) {
  const { clvp, sentences } = context
  const own = await retrieval(clvp, sentences, 64)
  const found = ({ right, count }) => `${percent(right, count)} of ${count}`
  context.goal('own speech first among 64 sentences', found(own), '97 %', own.right >= 0.97 * own.count)
  const near = await nearMisses(clvp, sentences)
  const what = 'right text first among it and 16 near misses'
  context.goal(what, found(near), '80 %', near.right >= 0.8 * near.count)
}

export async function measureCandidates(context) {
  const { clvp, voice, sentences } = context
  const results = await candidates(clvp, voice, sentences.slice(0, drawn), counts, channels, (i) => {
    if ((i + 1) % 16 === 0) console.error(`candidates of ${i + 1} sentences`)
  })
  judgeDistances(context, results)
  judgeLengths(context, results)
  context.charts.curve = {
    title: 'What ranking buys: nearness',
    x: 'candidates drawn',
    y: "mel distance to espeak-ng's rendering, nats",
    at: counts,
    lines: [
      {
        name: 'mean candidate',
        values: counts.map((n) => mean(results.map((each) => mean(each.distances.slice(0, n))))),
      },
      { name: 'picked by CLVP', values: counts.map((n) => mean(results.map(({ picked }) => picked[n]))) },
      {
        name: 'nearest of all',
        values: counts.map((n) => mean(results.map((each) => Math.min(...each.distances.slice(0, n))))),
      },
    ],
  }
}

function judgeDistances(context, results) {
  const first16 = results.map(({ distances }) => mean(distances.slice(0, 16)))
  const differences = results.map(({ picked }, i) => picked[16] - first16[i])
  const p = signFlipTest(differences)
  const best = mean(results.map(({ picked }) => picked[16]))
  const nearer = differences.filter((each) => each < 0).length
  context.goal(
    `best of 16 nearer to espeak-ng than the mean candidate, ${results.length} sentences`,
    `${best.toFixed(4)} against ${mean(first16).toFixed(4)} nats, nearer in ${nearer}, p ${p < 2e-5 ? '< 0.00002' : `= ${p.toFixed(5)}`}`,
    'p < 0.01',
    p < 0.01 && best < mean(first16),
  )
}

function judgeLengths(context, results) {
  const all = results.length * Math.max(...counts)
  const stops = results.reduce((sum, each) => sum + each.stops, 0)
  const stopped = `${percent(stops, all)} of ${all}`
  context.goal('candidates that stop by themselves', stopped, '95 %', stops >= 0.95 * all)
  const isNear = (ratio) => ratio > 0.8 && ratio < 1.2
  const near = results.flatMap(({ lengths }) => lengths).filter(isNear).length
  const nearBest = results.filter(({ bestLength }) => isNear(bestLength)).length
  context.goal(
    "candidates within 20 % of espeak-ng's length",
    `${percent(near, all)} (of the best: ${percent(nearBest, results.length)})`,
    '80 %',
    near >= 0.8 * all,
  )
}

/** Greedy ids beside those of transformers, which counts positions in another way than the model was trained: ours do then, too. */
export async function measureGreedy(context) {
  const { model, sentences, folder } = context
  const f32 = join(folder, 'as-transformers.gguf')
  await convertFolder(model, f32, { type: 'f32', positions: 'transformers' })
  const whole = await ClvpModelForConditionalGeneration.fromPretrained(f32)
  const processor = await ClvpProcessor.fromPretrained(model)
  const clip = readFileSync(Clvp.demoVoice)
  const pcm = new Int16Array(clip.buffer.slice(clip.byteOffset + 44, clip.byteOffset + clip.length))
  const rawSpeech = Float32Array.from(pcm, (value) => value / 32768)
  const asked = sentences.filter(({ greedy }) => greedy)
  let equal = 0
  for (const { text, greedy } of asked) {
    const { inputIds, inputFeatures } = await processor({
      text: [text.toLowerCase()],
      rawSpeech,
      samplingRate: 22050,
    })
    const given = {
      doSample: false,
      temperature: undefined,
      topP: undefined,
      topK: undefined,
      positions: 'transformers',
    }
    const { speechIds } = await whole.generate({ inputIds, inputFeatures, ...given })
    if (speechIds.data.join() === greedy.join()) equal++
  }
  await whole.dispose()
  const found = `${equal} of ${asked.length} sentences`
  context.goal("greedy ids equal to transformers'", found, 'all', equal === asked.length)
}
