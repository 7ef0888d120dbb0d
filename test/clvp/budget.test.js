// budgetMs: the best of the candidates that are complete when the time is over, and never none.
import t from 'tap'
import { Clvp } from '../../dist/lib/index.js'
import { essence } from '../helpers/model.js'

const clvp = await Clvp.load(Clvp.demo, { device: 'cpu' })
t.teardown(() => clvp.dispose())
const voice = await clvp.voice(Clvp.demoVoice)
const text = 'Good morning Anna.'
const many = { voice, seed: 1, candidates: 4000, batchSize: 8 }

t.test('time for all of them changes nothing', async (t) => {
  const options = { voice, seed: 1, candidates: 3 }
  const [limited, free] = [
    await clvp.generate(text, { ...options, budgetMs: 86_400_000 }),
    await clvp.generate(text, options),
  ]
  t.same(limited.candidates.map(essence), free.candidates.map(essence))
  t.equal(limited.timings.steps, free.timings.steps)
})

t.test('some of many, each as it would have been', async (t) => {
  const began = performance.now()
  const { candidates, best, timings, settings } = await clvp.generate(text, { ...many, budgetMs: 400 })
  t.comment(
    `figure: ${candidates.length} candidates in ${Math.round(performance.now() - began)} ms, budget 400`,
  )
  t.ok(candidates.length > 0 && candidates.length < 4000, `${candidates.length} candidates`)
  t.equal(best, candidates[0])
  t.ok(timings.decodeMs >= 400 && timings.steps > 0)
  t.equal(settings.candidates, 4000, 'the settings draw all of them')
  t.ok(candidates.every(({ score }, i) => i === 0 || score <= candidates[i - 1].score))
  const one = candidates.at(-1)
  const again = await clvp.generate(text, { voice, candidates: 1, seed: one.seed })
  t.same(again.best.drawnCodes, one.drawnCodes)
})

t.test('no time at all: the first that is complete', async (t) => {
  const { candidates } = await clvp.generate(text, { ...many, budgetMs: 1 })
  t.ok(candidates.length >= 1 && candidates.length <= 16, `${candidates.length} candidates`)
})

t.test('a stream tells the candidates that are kept', async (t) => {
  const told = []
  let result
  for await (const event of clvp.stream(text, { ...many, budgetMs: 300 })) {
    if (event.type === 'candidate') told.push(event.candidate.index)
    if (event.type === 'done') ({ result } = event)
  }
  const kept = result.candidates.map(({ index }) => index)
  t.same(
    kept.sort((a, b) => a - b),
    told.sort((a, b) => a - b),
  )
})

t.test('the caller\u2019s signal ends the call all the same', async (t) => {
  const signal = AbortSignal.timeout(100)
  await t.rejects(clvp.generate(text, { ...many, budgetMs: 60_000, signal }), { code: 'CLVP_ABORTED' })
})

t.test('what cannot be', async (t) => {
  for (const budgetMs of [0, -1, 1.5, '5', 1e9]) {
    await t.rejects(clvp.generate(text, { voice, budgetMs }), { code: 'CLVP_INVALID_ARGUMENT' })
  }
  await t.rejects(clvp.generate(text, { voice, beams: 2, budgetMs: 5 }), {
    code: 'CLVP_INVALID_ARGUMENT',
    message: /no budgetMs with beams/,
  })
})
