/** What is measured of a loaded demo model on held-out sentences: each { text, misses, codes, mel, greedy }. */
import { Tensor } from '../../dist/lib/index.js'
import { dtw } from './dtw.mjs'
import { mean } from './statistics.mjs'

const dot = (a, b) => a.reduce((sum, value, i) => sum + value * b[i], 0)

/** How many texts find their own speech first among `group` texts' speech. */
export async function retrieval(clvp, sentences, group) {
  let right = 0
  let count = 0
  for (let start = 0; start + group <= sentences.length; start += group) {
    const some = sentences.slice(start, start + group)
    const texts = await Promise.all(some.map(({ text }) => clvp.embedText(text)))
    const speech = await Promise.all(some.map(({ codes }) => clvp.embedSpeech(codes)))
    texts.forEach((text, i) => {
      const own = dot(text, speech[i])
      if (speech.every((other, j) => j === i || dot(text, other) < own)) right++
      count++
    })
  }
  return { right, count }
}

/** How often speech finds its own text first among that and its near misses. */
export async function nearMisses(clvp, sentences) {
  let right = 0
  for (const { text, misses, codes } of sentences) {
    const speech = await clvp.embedSpeech(codes)
    const [own, ...others] = await Promise.all([text, ...misses].map((each) => clvp.embedText(each)))
    if (others.every((other) => dot(other, speech) < dot(own, speech))) right++
  }
  return { right, count: sentences.length }
}

/** Log mel of codes, [frames, channels]. */
export async function melOf(clvp, codes) {
  const { data, dims } = await clvp.codesToMel(codes)
  const [channels, frames] = dims
  const found = new Float32Array(data.length)
  for (let c = 0; c < channels; c++)
    for (let t = 0; t < frames; t++) found[t * channels + c] = data[c * frames + t]
  return found
}

/**
 * Candidates of each sentence and their distance to espeak-ng's rendering. `picked[n]` is the distance of the best by score when
 * n are drawn.
 */
export async function candidates(clvp, voice, sentences, counts, channels, onSentence) {
  const most = Math.max(...counts)
  const found = []
  for (const [i, { text, mel }] of sentences.entries()) {
    const results = {}
    for (const n of counts) results[n] = await clvp.generate(text, { voice, candidates: n, seed: i })
    const drawn = results[most].candidates
    const distances = []
    for (const each of drawn) distances[each.index] = dtw(await melOf(clvp, each.drawnCodes), mel, channels)
    const spoken = mel.length / channels / clvp.info.codebook.framesPerCode
    found.push({
      picked: Object.fromEntries(counts.map((n) => [n, distances[results[n].best.index]])),
      distances,
      stops: drawn.filter(({ finishReason }) => finishReason === 'stop').length,
      lengths: drawn.map((each) => each.drawnCodes.length / spoken),
      bestLength: results[most].best.drawnCodes.length / spoken,
    })
    onSentence?.(i)
  }
  return found
}

/**
 * Walks along the true codes with the model: bits of each next code, and the likeliest. Decoding is forced by a processor, so
 * this measures the very graphs that generate() runs.
 */
export async function walk(clvp, voice, { text, codes }) {
  const vocabulary = clvp.info.decoder.vocabulary
  const goal = [...codes, clvp.info.decoder.stop]
  const nats = []
  const likeliest = []
  let step = 0
  const force = (_, scores) => {
    const row = scores.data.subarray(0, vocabulary)
    const top = row.reduce((best, value, id) => (value > row[best] ? id : best), 0)
    const sum = row.reduce((total, value) => total + Math.exp(value - row[top]), 0)
    nats.push(row[top] + Math.log(sum) - row[goal[step]])
    likeliest.push(top)
    const only = new Float32Array(scores.data.length).fill(Number.NEGATIVE_INFINITY)
    only[goal[step++]] = 0
    return new Tensor(only, scores.dims)
  }
  const options = { candidates: 1, temperature: 1, repetitionPenalty: 1, topK: 0, topP: 1, seed: 0 }
  await clvp.generate(text, { voice, ...options, maxTokens: goal.length, logitsProcessor: force })
  return { nats, likeliest }
}

export async function perplexity(clvp, voice, sentences) {
  const walks = []
  for (const each of sentences) walks.push(await walk(clvp, voice, each))
  return {
    perplexity: Math.exp(mean(walks.flatMap(({ nats }) => nats))),
    likeliest: walks.flatMap(({ likeliest }) => likeliest),
  }
}
