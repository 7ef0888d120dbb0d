// Several texts in one generate() of the lower layer are drawn side by side, and each gives what it gives alone.
import t from 'tap'
import { features } from '../helpers/whole_model.js'
import { openWhole, outcomeOf, within } from './company.js'

const model = await openWhole(t)
const { speechDecoderModel: decoder } = model
const texts = [
  [3, 4],
  [5, 6],
  [7, 8],
  [9, 10],
  [11, 12],
  [13, 14],
]
const settings = { maxNewTokens: 16, doSample: true, deterministic: true, seed: 1 }

t.test('six short texts settle before one long text that was sent first', async (t) => {
  const settled = []
  const sent = [
    decoder
      .generate({ inputIds: [[20, 21]], maxNewTokens: 110, doSample: true, numReturnSequences: 64, seed: 1 })
      .then(() => settled.push('long')),
    decoder.generate({ inputIds: texts, maxNewTokens: 30 }).then(() => settled.push('six')),
  ]
  await within(Promise.all(sent), 'two calls', 60)
  t.same(settled, ['six', 'long'])
})

t.test("a caller's functions see all texts step by step", async (t) => {
  const seen = []
  const logitsProcessor = (ids, scores, { batchIndex }) => {
    seen.push([batchIndex, ids.dims[1]])
    return scores
  }
  const alone = await decoder.generate({ inputIds: texts, ...settings })
  const { sequences } = await within(
    decoder.generate({ inputIds: texts, ...settings, logitsProcessor }),
    'the call',
    60,
  )
  t.same(sequences, alone.sequences)
  t.equal(seen.length, texts.length * 16)
  const last = texts.length - 1
  const firstOfLast = seen.findIndex(([batchIndex]) => batchIndex === last)
  const lastOfFirst = seen.findLastIndex(([batchIndex]) => batchIndex === 0)
  t.ok(firstOfLast < lastOfFirst, 'the last text begins before the first one ends', {
    firstOfLast,
    lastOfFirst,
  })
})

t.test('each text gives what it gives alone', async (t) => {
  const options = { ...settings, numReturnSequences: 2, outputScores: true }
  const together = await within(decoder.generate({ inputIds: texts, ...options }), 'six texts', 60)
  t.same(together.sequences.dims, [12, 18])
  for (const [i, text] of texts.entries()) {
    const alone = await decoder.generate({ inputIds: [text], ...options, seed: settings.seed + 2 * i })
    t.same(together.sequences.data.slice(i * 36, (i + 1) * 36), alone.sequences.data, `text ${i}`)
    const width = alone.scores[0].data.length
    for (const [step, { data }] of alone.scores.entries())
      if (!same(together.scores[step].data.subarray(i * width, (i + 1) * width), data))
        t.fail(`text ${i}, scores of step ${step}`)
  }
})

const same = (a, b) => a.length === b.length && a.every((x, i) => Object.is(x, b[i]))

t.test('beam searches of several texts', async (t) => {
  const options = { maxNewTokens: 10, numBeams: 3, numReturnSequences: 2 }
  const together = await within(decoder.generate({ inputIds: texts, ...options }), 'six searches', 60)
  for (const [i, text] of texts.entries()) {
    const { sequences } = await decoder.generate({ inputIds: [text], ...options })
    t.same(together.sequences.data.slice(i * 24, (i + 1) * 24), sequences.data, `text ${i}`)
  }
})

t.test('a function that fails for one text ends the call alone', async (t) => {
  const beside = { inputIds: texts.slice(0, 2), ...settings }
  const alone = (await decoder.generate(beside)).sequences
  let calls = 0
  const logitsProcessor = (ids, scores, { batchIndex }) => {
    calls++
    if (batchIndex === 2 && ids.dims[1] === 5) throw new RangeError('mine')
    return scores
  }
  const sent = [
    decoder.generate(beside),
    decoder.generate({ inputIds: texts, ...settings, maxNewTokens: 100, logitsProcessor }),
    decoder.generate(beside),
  ]
  const [first, bad, last] = await within(Promise.all(sent.map(outcomeOf)), 'three calls', 60)
  t.match(bad.error, { name: 'RangeError', message: 'mine' })
  for (const { value } of [first, last]) t.same(value?.sequences, alone)
  const before = calls
  t.same((await decoder.generate(beside)).sequences, alone)
  t.equal(calls, before, 'the other texts of the failed call are not drawn any more')
})

t.test('an abort ends all texts of its call', async (t) => {
  const abort = new AbortController()
  const logitsProcessor = (ids, scores) => {
    if (ids.dims[1] === 6) abort.abort()
    return scores
  }
  const options = { ...settings, maxNewTokens: 100, signal: abort.signal, logitsProcessor }
  const { error } = await within(outcomeOf(decoder.generate({ inputIds: texts, ...options })), 'the call')
  t.match(error, { name: 'AbortError', code: 'CLVP_ABORTED' })
})

t.test('the whole model', async (t) => {
  const inputIds = [
    [5, 6, 7],
    [8, 9, 10],
    [11, 12, 13],
  ]
  const settled = []
  const draw = (name, ids, options) =>
    model
      .generate({ inputIds: ids, inputFeatures: features(ids.length), ...settings, ...options })
      .then((output) => {
        settled.push(name)
        return output
      })
  const [, short] = await within(
    Promise.all([draw('long', [[20, 21, 22]], { maxNewTokens: 118 }), draw('three', inputIds)]),
    'two calls',
    60,
  )
  t.same(settled, ['three', 'long'])
  const width = short.speechIds.dims[1]
  for (const [i, ids] of inputIds.entries()) {
    const one = features(3)
    const size = one.data.length / 3
    const inputFeatures = features(1)
    inputFeatures.data.set(one.data.subarray(i * size, (i + 1) * size))
    const { speechIds } = await model.generate({
      inputIds: [ids],
      inputFeatures,
      ...settings,
      seed: settings.seed + i,
    })
    t.same(short.speechIds.data.slice(i * width, (i + 1) * width), speechIds.data, `text ${i}`)
  }
})
