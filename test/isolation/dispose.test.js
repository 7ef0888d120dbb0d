// Disposal of a model settles each of its calls, whatever they wait for, and no call of another model.
import t from 'tap'
import { tone } from '../helpers/model.js'
import { gate, LongDraw, openModel, openWhole, outcomeOf, within } from './company.js'
import { essences, healthy } from './scenes.js'

const disposed = { name: 'ClvpError', code: 'CLVP_DISPOSED' }
const never = () => new Promise(() => {})

t.test('calls of every kind, all in flight', async (t) => {
  const model = await openModel(t)
  const { clvp, voice } = model
  const rows = Array.from({ length: 200 }, () => new Int32Array(400))
  const draw = await LongDraw.begin(t, model)
  const stream = clvp.stream('A stream.', { voice, candidates: 64 })
  const calls = {
    'a long draw': draw.outcome,
    'a draw': outcomeOf(healthy(model, 1, { candidates: 64, maxTokens: 119 })),
    'a search': outcomeOf(clvp.generate('A search.', { voice, beams: 64 })),
    'a stream': outcomeOf(
      (async () => {
        for await (const _ of stream);
      })(),
    ),
    'a call that hangs': outcomeOf(healthy(model, 2, { logitsProcessor: never })),
    'a call that asks its own model': outcomeOf(
      healthy(model, 3, { logitsProcessor: () => clvp.rank('Asked.', rows) }),
    ),
    'rank()': outcomeOf(clvp.rank('Ranked.', rows)),
    'voice()': outcomeOf(clvp.voice(Array.from({ length: 200 }, (_, i) => tone(0.5 + i / 1000)))),
    'embedSpeech()': outcomeOf(clvp.embedSpeech(new Int32Array(4096))),
  }
  await within(clvp.dispose(), 'dispose()')
  for (const [what, call] of Object.entries(calls)) t.match((await within(call, what)).error, disposed, what)
})

t.test('at any moment', async (t) => {
  for (let turns = 0; turns < 12; turns++) {
    const model = await openModel(t)
    const { clvp } = model
    const calls = [
      healthy(model, 1, { maxTokens: 119 }),
      healthy(model, 2, { maxTokens: 119, logitsProcessor: async (_, scores) => scores }),
      clvp.rank('Ranked.', [new Int32Array(100), new Int32Array(200)]),
      clvp.voice(tone(0.3)),
    ].map(outcomeOf)
    for (let i = 0; i < 3 ** (turns % 6); i++) await new Promise((resolve) => setImmediate(resolve))
    await within(clvp.dispose(), 'dispose()')
    for (const { value, error } of await within(Promise.all(calls), 'four calls'))
      if (!value) t.match(error, disposed)
  }
})

t.test('in a function of a call', async (t) => {
  const model = await openModel(t)
  const logitsProcessor = async (_, scores) => {
    await model.clvp.dispose()
    return scores
  }
  const calls = [healthy(model, 1, { maxTokens: 119 }), healthy(model, 2, { logitsProcessor })].map(outcomeOf)
  for (const { error } of await within(Promise.all(calls), 'both calls')) t.match(error, disposed)
})

t.test('another model of the same file goes on', async (t) => {
  const [model, other] = [await openModel(t), await openModel(t)]
  const alone = essences(await healthy(other, 1, { maxTokens: 119 }))
  const calls = [1, 2, 3].map((seed) => outcomeOf(healthy(model, seed, { candidates: 64, maxTokens: 119 })))
  const stays = healthy(other, 1, { maxTokens: 119 })
  await within(model.clvp.dispose(), 'dispose()')
  t.same(essences(await within(stays, 'the other model')), alone)
  for (const { error } of await within(Promise.all(calls), 'the calls')) t.match(error, disposed)
})

t.test('the lower layer, with several texts whose function hangs', async (t) => {
  const model = await openWhole(t)
  const called = gate()
  const stoppingCriteria = () => {
    called.open()
    return never()
  }
  const inputIds = [
    [3, 4],
    [5, 6],
  ]
  const { speechDecoderModel: decoder } = model
  const calls = [decoder.generate({ inputIds, stoppingCriteria }), decoder.generate({ inputIds })].map(
    outcomeOf,
  )
  await within(called.opened, 'the first step')
  await within(model.dispose(), 'dispose()')
  const [hangs] = await within(Promise.all(calls), 'both calls')
  t.match(hangs.error, disposed)
})
