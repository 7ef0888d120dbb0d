// beams: the likeliest rows, ranked like drawn ones; options that would mean nothing beside it are refused.
import t from 'tap'
import { loadTinyModel } from '../helpers/model.js'

const { clvp, voice } = await loadTinyModel(t)
const text = 'Hello world.'

t.test('gives as many candidates as beams, ranked', async (t) => {
  const { candidates } = await clvp.generate(text, { voice, beams: 4, maxTokens: 20 })
  t.same(candidates.map(({ index }) => index).sort(), [0, 1, 2, 3])
  t.same(
    candidates.map(({ score }) => score),
    candidates.map(({ score }) => score).sort((a, b) => b - a),
  )
  const again = await clvp.generate(text, { voice, beams: 4, maxTokens: 20, candidates: 2 })
  t.same(again.candidates.map(({ index }) => index).sort(), [0, 1])
})

t.test('finds rows at least as likely as the greedy one', async (t) => {
  const options = { voice, maxTokens: 12, repetitionPenalty: 1 }
  const greedy = await clvp.generate(text, { ...options, candidates: 1, temperature: 0 })
  const { candidates } = await clvp.generate(text, { ...options, beams: 8 })
  t.ok(candidates.find(({ index }) => index === 0).meanLogprob >= greedy.best.meanLogprob - 1e-6)
})

t.test('drawn with a temperature: the seed decides', async (t) => {
  const draw = async (seed) => {
    const { candidates } = await clvp.generate(text, {
      voice,
      beams: 3,
      temperature: 1.5,
      maxTokens: 15,
      seed,
    })
    return candidates.map(({ index, codes }) => [index, ...codes])
  }
  t.same(await draw(1), await draw(1))
  t.notSame(await draw(1), await draw(2))
})

t.test('stream tells candidates and the result', async (t) => {
  const kinds = []
  for await (const event of clvp.stream(text, { voice, beams: 2, maxTokens: 5 })) kinds.push(event.type)
  t.same(kinds, ['candidate', 'candidate', 'done'])
})

t.test('an abort stops the search', async (t) => {
  const abort = new AbortController()
  const onProgress = () => abort.abort()
  const call = clvp.generate(text, { voice, beams: 4, signal: abort.signal, onProgress })
  await t.rejects(call, { code: 'CLVP_ABORTED' })
})

t.test('what means nothing is refused', async (t) => {
  const bad = [
    { beams: 1 },
    { beams: 257 },
    { beams: 2, candidates: 3 },
    { beams: 2, batchSize: 4 },
    { beams: 2, preset: 'fast' },
    { beams: 2, deterministic: true },
    { beams: 2, seed: 1 },
    { beams: 2, topK: 5 },
    { beams: 2, earlyStopping: 'sometimes' },
    { beams: 2, lengthPenalty: Number.NaN },
    { lengthPenalty: 1 },
    { earlyStopping: true },
  ]
  for (const options of bad) {
    await t.rejects(
      clvp.generate(text, { voice, ...options }),
      { code: 'CLVP_INVALID_ARGUMENT' },
      JSON.stringify(options),
    )
  }
})
