/** What a type does to a model: its answers beside those of the same model in F32. Takes any checkpoint, random or trained. */
import { Clvp, Tensor } from '../../dist/lib/index.js'
import { openModel } from '../../dist/quantize/model_source.js'

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

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length

/** A glide, where no clip of a voice is given. */
function glide(seconds = 4, sampleRate = 22050) {
  const samples = Float32Array.from({ length: seconds * sampleRate }, (_, i) => {
    const time = i / sampleRate
    return 0.4 * Math.sin(2 * Math.PI * (180 + 40 * time) * time)
  })
  return { samples, sampleRate }
}

/** Natural logarithms of the probabilities that logits stand for. */
function logProbabilities(logits) {
  const top = logits.reduce((a, b) => Math.max(a, b))
  const sum = logits.reduce((total, value) => total + Math.exp(value - top), 0)
  return Float64Array.from(logits, (value) => value - top - Math.log(sum))
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
      const [p, q] = [steps[step], found.walks[i].steps[step]].map(logProbabilities)
      divergence.push(p.reduce((sum, log, id) => sum + (log > -80 ? Math.exp(log) * (log - q[id]) : 0), 0))
      cosines.push(cosine(steps[step], found.walks[i].steps[step]))
      same += Number(top(p) === top(q))
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

/** Of logits around their mean, which no probability depends on. Ids that may not be drawn are left out: theirs are infinite. */
function cosine(a, b) {
  const [x, y] = [a, b].map((values) => {
    const drawable = values.filter(Number.isFinite)
    const middle = mean(drawable)
    return drawable.map((value) => value - middle)
  })
  return dot(x, y) / Math.sqrt(dot(x, x) * dot(y, y))
}

const top = (values) => values.reduce((best, value, id) => (value > values[best] ? id : best), 0)

/** Root mean square error of each matrix over the root mean square of its weights; both files are F32. */
export async function tensorErrors(exact, found) {
  const [before, after] = await Promise.all([openModel(exact), openModel(found)])
  try {
    const errors = []
    for (const [i, { name, kind, source }] of before.tensors.entries()) {
      if (kind !== 'matrix') continue
      let [squares, differences] = [0, 0]
      const pieceBytes = 4 * 2 ** 20
      for (let start = 0; start < source.bytes; start += pieceBytes) {
        const [a, b] = [source, after.tensors[i].source].map(
          () => new Uint8Array(Math.min(pieceBytes, source.bytes - start)),
        )
        await source.read(start, a)
        await after.tensors[i].source.read(start, b)
        const [x, y] = [new Float32Array(a.buffer), new Float32Array(b.buffer)]
        for (let k = 0; k < x.length; k++) {
          squares += x[k] * x[k]
          differences += (x[k] - y[k]) ** 2
        }
      }
      errors.push({ name, error: Math.sqrt(differences / squares) })
    }
    return errors
  } finally {
    await Promise.all([before.close(), after.close()])
  }
}
