// A caller's function may call its own model: it gets its answer, or a clear refusal at once where maxCalls leaves it no room.
import t from 'tap'
import { tone } from '../helpers/model.js'
import { gate, openModel, openWhole, outcomeOf, within } from './company.js'
import { essences, healthy, ownModel } from './scenes.js'

const codes = [Int32Array.of(5, 6, 7), Int32Array.of(8, 9)]
const asked = {
  'generate()': async (model, i) => essences(await healthy(model, 7 + i)),
  'generate() with a processor': async (model, i) =>
    essences(await healthy(model, 7 + i, { logitsProcessor: async (_, scores) => scores })),
  'rank()': ({ clvp }, i) => clvp.rank(`Text ${i}.`, codes),
  'voice()': async ({ clvp }, i) => (await clvp.voice(tone(0.1 + i / 100))).embedding,
}
const reference = await openModel(t)

for (const [name, ask] of Object.entries(asked)) {
  t.test(name, async (t) => ownModel(t, await openModel(t), reference, name, ask))
}

t.test('processors that call the model in each other', async (t) => {
  const model = await openModel(t)
  let depth = 0
  const draw = () =>
    healthy(model, 3, {
      candidates: 1,
      maxTokens: 2,
      logitsProcessor: async (_, scores) => {
        if (depth < 4) {
          depth++
          await draw()
        }
        return scores
      },
    })
  const { value, error } = await within(outcomeOf(draw()), 'five draws in each other')
  t.notOk(error)
  t.equal(value?.candidates.length, 1)
  t.equal(depth, 4)
})

t.test('many calls at once, each of which asks the model', async (t) => {
  const model = await openModel(t)
  const alone = essences(await healthy(model, 2, { logitsProcessor: (_, scores) => scores }))
  const logitsProcessor = async (_, scores) => {
    await model.clvp.embedSpeech(codes[0])
    return scores
  }
  const calls = Array.from({ length: 8 }, () => outcomeOf(healthy(model, 2, { logitsProcessor })))
  const outcomes = await within(Promise.all(calls), 'eight calls')
  for (const { value } of outcomes) t.same(value && essences(value), alone)
})

t.test('with maxCalls: 1 it is refused at once', async (t) => {
  const model = await openModel(t, { maxCalls: 1 })
  const busy = { name: 'ClvpError', code: 'CLVP_BUSY', message: /at most 1 calls? at a time/ }
  const alone = essences(await healthy(model, 1, { logitsProcessor: (_, scores) => scores }))
  const inner = []
  const catches = outcomeOf(
    healthy(model, 1, {
      logitsProcessor: async (_, scores) => {
        inner.push(await outcomeOf(model.clvp.embedText('Inside.')), await outcomeOf(healthy(model, 2)))
        return scores
      },
    }),
  )
  const { value } = await within(catches, 'a call whose processor was refused')
  t.same(value && essences(value), alone)
  t.equal(inner.length, 24)
  for (const { error } of inner) t.match(error, busy)
  const passesOn = outcomeOf(healthy(model, 1, { logitsProcessor: () => model.clvp.rank('Inside.', codes) }))
  t.match((await within(passesOn, 'a call that passes the refusal on')).error, busy)
  t.same(essences(await healthy(model, 1, { logitsProcessor: (_, scores) => scores })), alone)
})

t.test('with maxCalls: 2 there is room for one', async (t) => {
  const model = await openModel(t, { maxCalls: 2 })
  const logitsProcessor = async (_, scores) => {
    await model.clvp.embedText('Inside.')
    return scores
  }
  t.ok((await within(outcomeOf(healthy(model, 1, { logitsProcessor })), 'the call')).value)
})

t.test('a listener that calls the model', async (t) => {
  const model = await openModel(t)
  const expected = await model.clvp.rank('Ranked.', codes)
  const answers = []
  await within(
    healthy(model, 1, { onProgress: () => answers.push(model.clvp.rank('Ranked.', codes)) }),
    'the call',
  )
  for (const answer of await within(Promise.all(answers), 'the answers')) t.same(answer, expected)
})

t.test('the lower layer', async (t) => {
  const { speechDecoderModel: decoder, textEncoderModel: encoder } = await openWhole(t)
  const draw = (options) => decoder.generate({ inputIds: [[3, 4]], maxNewTokens: 6, ...options })
  const alone = (await draw()).sequences
  const asks = gate()
  const stoppingCriteria = async () => {
    asks.open()
    const { logits } = await decoder.forward({ inputIds: [[3, 4, 5]], useCache: false })
    const { embeds } = await encoder.forward({ inputIds: [[3, 4]] })
    await draw({ maxNewTokens: 1 })
    return logits.data.length === 0 || embeds.data.length === 0
  }
  const call = outcomeOf(draw({ stoppingCriteria }))
  await within(asks.opened, 'the first step')
  t.same((await within(call, 'criteria that call their own model')).value?.sequences, alone)
})
