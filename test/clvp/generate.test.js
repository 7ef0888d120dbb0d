// The main job: candidates for a text in a voice, ranked, with everything that api.md promises of each.
import t from 'tap'
import { essence, loadTinyModel } from '../helpers/model.js'

const { clvp, voice } = await loadTinyModel(t)
const text = 'Hello world.'

t.test('ranks best first, and describes each candidate', async (t) => {
  const result = await clvp.generate(text, { voice, candidates: 6, seed: 1 })
  t.equal(result.candidates.length, 6)
  t.equal(result.best, result.candidates[0])
  t.equal(result.seed, 1)
  const scores = result.candidates.map(({ score }) => score)
  t.same(
    scores,
    [...scores].sort((a, b) => b - a),
  )
  t.same(result.candidates.map(({ index }) => index).sort(), [0, 1, 2, 3, 4, 5])
  for (const each of result.candidates) {
    t.ok(each.codes instanceof Int32Array && each.codes.length > 0)
    t.ok(each.codes.every((code) => code >= 0 && code < clvp.info.speechVocabulary))
    t.ok(Number.isFinite(each.score) && Number.isFinite(each.soloScore) && each.meanLogprob < 0)
    t.ok(each.seconds > 0 && each.longestSilence >= 0 && each.longestSilence <= each.seconds)
    t.ok(['stop', 'length'].includes(each.finishReason))
  }
  t.ok(result.timings.steps > 0 && result.timings.totalMs > 0 && result.timings.kvBytes > 0)
})

t.test('a score is what rank() gives the same codes', async (t) => {
  const { candidates } = await clvp.generate(text, { voice, candidates: 4, seed: 2 })
  const ranked = await clvp.rank(
    text,
    candidates.map(({ codes }) => codes),
  )
  t.same(
    ranked.map(({ index }) => index),
    [0, 1, 2, 3],
    'and in the same order',
  )
  for (const { index, score } of ranked) t.ok(Math.abs(score - candidates[index].score) < 1e-4)
})

t.test('keep gives back the best of all', async (t) => {
  const all = await clvp.generate(text, { voice, candidates: 8, seed: 3 })
  const some = await clvp.generate(text, { voice, candidates: 8, seed: 3, keep: 2 })
  t.same(
    some.candidates.map(({ index }) => index),
    all.candidates.slice(0, 2).map(({ index }) => index),
  )
})

t.test('padTo pads the rows that are scored', async (t) => {
  const { candidates } = await clvp.generate(text, {
    voice,
    candidates: 3,
    seed: 4,
    maxTokens: 20,
    padTo: 64,
  })
  for (const { codes } of candidates) t.equal(codes.length, 64)
})

t.test('soloScore is the score of the candidate drawn alone by its seed', async (t) => {
  const { candidates } = await clvp.generate(text, { voice, candidates: 5, seed: 5, deterministic: true })
  for (const each of candidates) {
    const alone = await clvp.generate(text, { voice, candidates: 1, seed: each.seed, deterministic: true })
    t.equal(alone.best.meanLogprob, each.meanLogprob)
    t.ok(Math.abs(alone.best.score - each.soloScore) < 1e-4)
  }
})

t.test('without a seed the draws differ, and the result tells which seed it was', async (t) => {
  const one = await clvp.generate(text, { voice, candidates: 1 })
  const two = await clvp.generate(text, { voice, candidates: 1 })
  t.not(one.seed, two.seed)
  const again = await clvp.generate(text, { voice, candidates: 1, seed: one.seed })
  t.same([...again.best.codes], [...one.best.codes])
})

t.test('a preset sets the number of candidates', async (t) => {
  const { candidates } = await clvp.generate('Hi.', { voice, preset: 'ultra_fast', maxTokens: 3, seed: 0 })
  t.equal(candidates.length, 16)
})

t.test('progress ends at one', async (t) => {
  const seen = []
  await clvp.generate(text, { voice, candidates: 2, seed: 1, onProgress: (each) => seen.push(each) })
  t.ok(seen.some(({ stage }) => stage === 'generate'))
  t.same(seen.at(-1), { stage: 'rank', fraction: 1 })
  t.ok(seen.every(({ fraction }) => fraction >= 0 && fraction <= 1))
})

t.test('a processor changes the scores, and makes nothing else differ', async (t) => {
  const { clvp, voice } = await loadTinyModel(t)
  const options = { voice, candidates: 3, maxTokens: 4, seed: 2 }
  const lives = new Set()
  const logitsProcessor = (inputIds, scores, { rows }) => {
    for (const row of rows) lives.add(row)
    t.equal(inputIds.dims[0], scores.dims[0])
    return scores
  }
  const plain = await clvp.generate('Hi.', options)
  const same = await clvp.generate('Hi.', { ...options, logitsProcessor })
  t.same(same.candidates.map(essence), plain.candidates.map(essence))
  t.same([...lives].sort(), [0, 1, 2])
  const only = (_, scores) => {
    scores.data.forEach((_, i) => {
      if (i % scores.dims[1] !== 17) scores.data[i] = -Infinity
    })
    return scores
  }
  const { best } = await clvp.generate('Hi.', { ...options, logitsProcessor: [only] })
  t.same([...best.codes], [17, 17, 17, 17])
  await t.rejects(clvp.generate('Hi.', { ...options, logitsProcessor: 5 }), { code: 'CLVP_INVALID_ARGUMENT' })
})
