// What holds between the calls of one model holds for a model in a process of its own.
import t from 'tap'
import { tone } from '../helpers/model.js'
import { gate, openModel, outcomeOf, within } from './company.js'
import * as scenes from './scenes.js'

const { badProcessors, essences, healthy } = scenes
const isolated = (t, options) => openModel(t, { isolate: true, ...options })
const reference = await openModel(t)

t.test('a small call behind a large one', async (t) => scenes.smallBehindLarge(t, await isolated(t)))

t.test('calls that draw nothing', async (t) => scenes.callsBesideDraw(t, await isolated(t), reference))

t.test('processors that are no good', async (t) => {
  const model = await isolated(t)
  for (const name of ['throws an error', 'returns nothing', 'leaves nothing to draw', 'returns NaN'])
    await scenes.badProcessor(t, model, badProcessors[name])
})

t.test('a processor that is slow', async (t) => scenes.slowProcessor(t, await isolated(t)))

t.test('a processor that calls its own model', async (t) => {
  await scenes.ownModel(t, await isolated(t), reference, 'voice()', async ({ clvp }, i) => {
    const { embedding } = await clvp.voice(tone(0.1 + i / 100))
    return embedding
  })
})

t.test('with maxCalls: 1 it is refused at once', async (t) => {
  const model = await isolated(t, { maxCalls: 1 })
  const call = healthy(model, 1, { logitsProcessor: () => model.clvp.embedText('Inside.') })
  t.match((await within(outcomeOf(call), 'the call')).error, { code: 'CLVP_BUSY' })
})

t.test('a processor that never settles', async (t) => scenes.hungProcessor(t, await isolated(t)))

t.test('dispose()', async (t) => {
  const model = await isolated(t)
  const called = gate()
  const logitsProcessor = () => {
    called.open()
    return new Promise(() => {})
  }
  const calls = [
    healthy(model, 1, { candidates: 256, maxTokens: 119 }),
    healthy(model, 2, { logitsProcessor }),
    model.clvp.rank('Ranked.', Array(200).fill(new Int32Array(400))),
  ].map(outcomeOf)
  await within(called.opened, 'the first step of the call that hangs', 30)
  await within(model.clvp.dispose(), 'dispose()')
  for (const { error } of await within(Promise.all(calls), 'three calls'))
    t.match(error, { code: 'CLVP_DISPOSED' })
})

t.test('results are those of this process', async (t) => {
  const model = await isolated(t)
  const calls = [1, 2, 3, 4, 5].map((seed) => healthy(model, seed))
  const found = (await within(Promise.all(calls), 'five calls')).map(essences)
  for (const [i, each] of found.entries()) t.same(each, essences(await healthy(reference, i + 1)))
})
