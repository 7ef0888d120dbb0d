// scores: what is not asked for is not computed, and what is has the same values.
import t from 'tap'
import { loadTinyModel } from '../helpers/model.js'

const { clvp, voice } = await loadTinyModel(t)
const text = 'Hello world.'
const options = { voice, candidates: 5, maxTokens: 30, seed: 2, padTo: 40 }
const all = await clvp.generate(text, options)

t.test('rank leaves the scores of candidates alone out', async (t) => {
  const { candidates } = await clvp.generate(text, { ...options, scores: 'rank' })
  t.same(
    candidates.map(({ index, score }) => [index, score]),
    all.candidates.map(({ index, score }) => [index, score]),
  )
  t.ok(candidates.every(({ soloScore }) => Number.isNaN(soloScore)))
})

t.test('none ranks nothing, and keeps the order of drawing', async (t) => {
  const { best, candidates, timings } = await clvp.generate(text, { ...options, scores: 'none', keep: 3 })
  t.same(
    candidates.map(({ index }) => index),
    [0, 1, 2],
  )
  t.equal(best, candidates[0])
  t.equal(timings.scoreMs, 0)
  for (const { index, codes, score, soloScore } of candidates) {
    t.ok(Number.isNaN(score) && Number.isNaN(soloScore))
    t.same([...codes], [...all.candidates.find((each) => each.index === index).codes])
  }
})

t.test('another word is an error', async (t) => {
  await t.rejects(clvp.generate(text, { ...options, scores: 'solo' }), {
    code: 'CLVP_INVALID_ARGUMENT',
    message: /Expected one of 'all', 'rank', 'none' for scores but received/,
  })
})
