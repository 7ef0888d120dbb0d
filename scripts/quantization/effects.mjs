/** What a type does to a model: its answers beside those of the same model in F32. Takes any checkpoint, random or trained. */
import { compareTensors } from '../../dist/lib/addon/jobs.js'
import { Clvp, Tensor } from '../../dist/lib/index.js'
import { cosine, divergences, mean } from '../../dist/lib/quality/statistics.js'
import { isMatrix } from '../../dist/quantize/checkpoint/tensor_names.js'

/** Plain sentences, in words that every vocabulary of letters has. */
export const texts = [
  'the quick brown fox jumps over the lazy dog',
  'she sells sea shells by the sea shore',
  'a little rain fell on the grey town',
  'we open the door and look outside',
  'they were walking home in the evening light',
  'please close the window before you leave',
  'nothing is as old as the morning paper',
  'my brother bought three green apples',
]

/** A glide, where no clip of a voice is given. */
function glide(seconds = 4, sampleRate = 22050) {
  const samples = Float32Array.from({ length: seconds * sampleRate }, (_, i) => {
    const time = i / sampleRate
    return 0.4 * Math.sin(2 * Math.PI * (180 + 40 * time) * time)
  })
  return { samples, sampleRate }
}

/**
 * A text's logits after each of some codes, in the very graphs that generate() runs. With `forced` those codes are walked along;
 * else they are drawn.
 */
async function walk(clvp, voice, text, seed, maxTokens, forced) {
  const steps = []
  const logitsProcessor = (_, scores) => {
    steps.push(Float32Array.from(scores.data))
    if (!forced) return scores
    const only = new Float32Array(scores.data.length).fill(Number.NEGATIVE_INFINITY)
    only[forced[steps.length - 1]] = 0
    return new Tensor(only, scores.dims)
  }
  const options = { candidates: 1, temperature: 1, repetitionPenalty: 1, topK: 0, topP: 1, seed }
  const { best } = await clvp.generate(text, { voice, ...options, maxTokens, logitsProcessor })
  return { steps, codes: Array.from(best.drawnCodes ?? best.codes).slice(0, steps.length) }
}

/**
 * A model's answers: logits along codes, and scores of all pairs of texts and codes. `reference` is what the F32 model answered; its
 * codes are walked along.
 */
export async function answers(file, { clip, maxTokens = 48, threads, reference } = {}) {
  const clvp = await Clvp.load(file, threads ? { threads } : {})
  try {
    const voice = await clvp.voice(clip ?? glide())
    const walks = []
    for (const [i, text] of texts.entries()) {
      const forced = reference?.walks[i].forced
      const { steps, codes } = await walk(clvp, voice, text, i, forced?.length ?? maxTokens, forced)
      walks.push({ steps, forced: forced ?? codes.slice(0, maxTokens) })
    }
    const speakable = (codes) => codes.filter((code) => code < clvp.info.speechVocabulary)
    const embeds = []
    for (const text of texts) embeds.push(await clvp.embedText(text))
    const speech = []
    for (const { forced } of walks) speech.push(await clvp.embedSpeech(Int32Array.from(speakable(forced))))
    return { walks, embeds, speech }
  } finally {
    await clvp.dispose()
  }
}

/** How far a model's answers are from the F32 model's. */
export function distance(exact, found) {
  const divergence = []
  const cosines = []
  let same = 0
  exact.walks.forEach(({ steps, forced }, i) => {
    for (let step = 0; step < forced.length; step++) {
      // Ids that may not be drawn are left out: their logits are infinite.
      const [p, q] = [steps[step], found.walks[i].steps[step]].map((all) => all.filter(Number.isFinite))
      const [{ kl, agree }] = divergences(p, q, p.length)
      divergence.push(kl)
      cosines.push(cosine(centred(p), centred(q)))
      same += Number(agree)
    }
  })
  const scores = []
  exact.embeds.forEach((text, i) => {
    exact.speech.forEach((speech, j) => {
      scores.push(Math.abs(dot(text, speech) - dot(found.embeds[i], found.speech[j])))
    })
  })
  return {
    divergence: mean(divergence),
    cosine: mean(cosines),
    sameFirst: same / divergence.length,
    scoreError: mean(scores),
  }
}

const dot = (a, b) => a.reduce((sum, value, i) => sum + value * b[i], 0)

/** Logits around their mean, which no probability depends on. */
function centred(logits) {
  const middle = mean(logits)
  return logits.map((value) => value - middle)
}

/** Root mean square error of each matrix over the root mean square of its weights. */
export async function tensorErrors(exact, found) {
  const tensors = await compareTensors(exact, found)
  return tensors
    .filter(({ name }) => isMatrix(name))
    .map(({ name, squareError, squareA }) => ({ name, error: Math.sqrt(squareError / squareA) }))
}
