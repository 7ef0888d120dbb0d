// A caller's function that is no good ends its own call with a clear error, and one that is slow holds up its own call alone.
import t from 'tap'
import { gate, openModel, openWhole, outcomeOf, within } from './company.js'
import { afterTwoSteps, badProcessor, badProcessors, essences, healthy, slowProcessor } from './scenes.js'

const model = await openModel(t)
const { clvp, voice } = model

for (const [name, [processor, error]] of Object.entries(badProcessors)) {
  t.test(`a processor that ${name}`, async (t) => {
    await badProcessor(t, model, [processor, error])
    await badProcessor(t, model, [afterTwoSteps(processor), error])
  })
}

t.test('a beam search with a processor that is no good', async (t) => {
  const alone = essences(await healthy(model, 1))
  for (const name of ['throws an error', 'leaves nothing to draw', 'returns NaN']) {
    const [processor, error] = badProcessors[name]
    const calls = [
      healthy(model, 1),
      clvp.generate('A search.', { voice, beams: 2, logitsProcessor: afterTwoSteps(processor) }),
      healthy(model, 1),
    ]
    const [first, bad, last] = await within(Promise.all(calls.map(outcomeOf)), 'three calls')
    t.match(bad.error, error)
    for (const { value } of [first, last]) t.same(value && essences(value), alone)
  }
})

t.test('several calls with processors of their own', async (t) => {
  /** Allows one code alone. */
  const only = (code) => (_, scores) => {
    scores.data.fill(Number.NEGATIVE_INFINITY)
    for (let row = 0; row < scores.dims[0]; row++) scores.data[row * scores.dims[1] + code] = 0
    return scores
  }
  const codes = [3, 4, 5, 6, 7]
  const calls = codes.map((code) => healthy(model, code, { logitsProcessor: only(code) }))
  const [bad] = Object.values(badProcessors)
  const fails = outcomeOf(healthy(model, 1, { logitsProcessor: afterTwoSteps(bad[0]) }))
  for (const [i, { candidates }] of (await within(Promise.all(calls), 'five calls')).entries()) {
    t.ok(candidates.every(({ drawnCodes }) => drawnCodes.every((code) => code === codes[i])))
  }
  t.match((await fails).error, bad[1])
})

t.test('a processor that is slow', (t) => slowProcessor(t, model))

t.test('a stream whose processor is slow', async (t) => {
  const answer = gate()
  const called = gate()
  const logitsProcessor = async (_, scores) => {
    called.open()
    await answer.opened
    return scores
  }
  const types = []
  const read = async () => {
    const options = { voice, candidates: 1, maxTokens: 4, seed: 1, logitsProcessor }
    for await (const { type } of clvp.stream('A stream.', options)) types.push(type)
  }
  const stream = outcomeOf(read())
  await within(called.opened, 'its first step')
  const other = await outcomeOf(within(healthy(model, 1), 'a call beside it'))
  t.notOk(other.error, 'a call beside it is served')
  t.same(types, [], 'nothing is drawn without an answer')
  answer.open()
  t.notOk((await within(stream, 'the stream')).error)
  t.same(types, ['token', 'token', 'token', 'token', 'candidate', 'done'])
})

t.test('criteria of the lower layer', async (t) => {
  const whole = await openWhole(t)
  const decoder = whole.speechDecoderModel
  const draw = (options) => decoder.generate({ inputIds: [[3, 4]], maxNewTokens: 8, ...options })
  const alone = await draw()
  const badCriteria = {
    throws: [
      () => {
        throw new RangeError('mine')
      },
      { message: 'mine' },
    ],
    'returns nothing': [
      () => {},
      { code: 'CLVP_INVALID_ARGUMENT', message: /the stoppingCriteria's answer/ },
    ],
    'answers for too many rows': [() => [true, false, true], { code: 'CLVP_INVALID_ARGUMENT' }],
  }
  for (const [name, [stoppingCriteria, error]] of Object.entries(badCriteria)) {
    const [first, bad, last] = await within(
      Promise.all([draw(), draw({ stoppingCriteria }), draw()].map(outcomeOf)),
      'three calls',
    )
    t.match(bad.error, error, name)
    for (const { value } of [first, last])
      t.same(value?.sequences, alone.sequences, `beside one that ${name}`)
  }
  const called = gate()
  const answer = gate()
  const stoppingCriteria = async () => {
    called.open()
    await answer.opened
    return true
  }
  const waits = outcomeOf(draw({ stoppingCriteria }))
  await within(called.opened, 'the first step')
  const other = await outcomeOf(within(draw(), 'a call beside slow criteria'))
  t.notOk(other.error, 'a call beside it is served')
  answer.open()
  t.same((await within(waits, 'the call with criteria')).value?.sequences.dims, [1, 3])
})
