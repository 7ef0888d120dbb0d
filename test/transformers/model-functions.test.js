// The caller's processors, criteria and streamer: what they are shown, and what becomes of those that fail.
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { Tensor } from '../../dist/lib/index.js'
import { features, loadWhole } from '../helpers/whole_model.js'

const prompt = { inputIds: [[3, 4]], maxNewTokens: 6 }

t.test('a processor sees the ids so far and decides', async (t) => {
  const { speechDecoderModel: decoder } = await loadWhole(t)
  const seen = []
  const logitsProcessor = async (inputIds, scores, live) => {
    await sleep(1)
    seen.push([...inputIds.data])
    t.same(scores.dims, [1, 300])
    t.same(live, { batchIndex: 0, rows: [0] })
    return new Tensor(
      scores.data.map((_, id) => (id === 40 + inputIds.dims[1] ? 0 : -Infinity)),
      scores.dims,
    )
  }
  const { sequences } = await decoder.generate({ ...prompt, maxNewTokens: 3, logitsProcessor })
  t.same([...sequences.data], [3, 4, 42, 43, 44])
  t.same(seen, [
    [3, 4],
    [3, 4, 42],
    [3, 4, 42, 43],
  ])
})

t.test('several processors go one after the other', async (t) => {
  const { speechDecoderModel: decoder } = await loadWhole(t)
  const add = (id, amount) => (_, scores) => {
    const data = Float32Array.from(scores.data)
    data[id] += amount
    return new Tensor(data, scores.dims)
  }
  const { sequences } = await decoder.generate({ ...prompt, logitsProcessor: [add(9, 500), add(8, 900)] })
  t.same([...sequences.data.subarray(2)], [8, 8, 8, 8, 8, 8])
})

t.test('each text of a batch is told apart', async (t) => {
  const { speechDecoderModel: decoder } = await loadWhole(t)
  const batches = new Set()
  const stoppingCriteria = (inputIds, { batchIndex }) => {
    batches.add(batchIndex)
    return inputIds.dims[1] >= 4 + batchIndex
  }
  const found = await decoder.generate({
    inputIds: [[3], [4]],
    maxNewTokens: 9,
    stoppingCriteria,
    padTokenId: 1,
  })
  t.same([...batches].sort(), [0, 1], 'in whatever order')
  t.same(found.sequences.dims, [2, 5])
  t.equal(found.sequences.data[4], 1, 'the shorter row is padded')
})

t.test('criteria may answer for each row', async (t) => {
  const { speechDecoderModel: decoder } = await loadWhole(t)
  const options = { ...prompt, doSample: true, seed: 5, numReturnSequences: 3, padTokenId: 2 }
  const stoppingCriteria = (_, { rows }) => rows.map((row) => row === 1)
  const { sequences } = await decoder.generate({ ...options, stoppingCriteria })
  const rows = [0, 1, 2].map((row) => [...sequences.data.subarray(row * 8, row * 8 + 8)])
  t.same(rows[1].slice(3), [2, 2, 2, 2, 2])
  t.notSame(rows[0].slice(3), [2, 2, 2, 2, 2])
})

t.test('a streamer is told the prompt, then each id, then the end', async (t) => {
  const model = await loadWhole(t)
  const heard = []
  const streamer = { put: (ids) => heard.push(...ids), end: () => heard.push('end') }
  const found = await model.generate({
    inputIds: [5, 6],
    inputFeatures: features(),
    maxNewTokens: 5,
    streamer,
  })
  t.same(heard, [...found.sequences.data, 'end'])
})

t.test('what a function throws comes out, and the model goes on', async (t) => {
  const { speechDecoderModel: decoder } = await loadWhole(t)
  const error = new Error('mine')
  const raise = () => {
    throw error
  }
  const options = [
    { logitsProcessor: raise },
    { logitsProcessor: async () => raise() },
    { stoppingCriteria: raise },
    { streamer: { put: raise, end() {} } },
    { logitsProcessor: raise, numBeams: 2 },
  ]
  for (const each of options) await t.rejects(decoder.generate({ ...prompt, ...each }), error)
  t.ok(await decoder.generate(prompt))
})

t.test('answers that make no sense are refused', async (t) => {
  const { speechDecoderModel: decoder } = await loadWhole(t)
  const same = (change) => (_, scores) => new Tensor(change(Float32Array.from(scores.data)), scores.dims)
  const options = [
    { logitsProcessor: () => undefined },
    { logitsProcessor: (_, scores) => scores.data },
    { logitsProcessor: () => new Tensor(new Float32Array(3), [1, 3]) },
    { logitsProcessor: same((data) => data.fill(Number.NaN)) },
    { logitsProcessor: same((data) => data.fill(-Infinity)) },
    { logitsProcessor: same((data) => data.fill(Infinity)) },
    { stoppingCriteria: () => 1 },
    { stoppingCriteria: () => [true, false] },
  ]
  for (const each of options) {
    await t.rejects(decoder.generate({ ...prompt, ...each }), { code: 'CLVP_INVALID_ARGUMENT' })
  }
})

t.test('an abort ends a call whose function never answers', async (t) => {
  const { speechDecoderModel: decoder } = await loadWhole(t)
  for (const name of ['logitsProcessor', 'stoppingCriteria']) {
    const stop = new AbortController()
    const never = () => {
      setTimeout(() => stop.abort(), 5)
      return new Promise(() => {})
    }
    await t.rejects(decoder.generate({ ...prompt, [name]: never, signal: stop.signal }), {
      code: 'CLVP_ABORTED',
    })
  }
  t.ok(await decoder.generate(prompt))
})

t.test('dispose ends it too', async (t) => {
  const model = await loadWhole(t)
  const logitsProcessor = () => {
    model.dispose()
    return new Promise(() => {})
  }
  await t.rejects(model.speechDecoderModel.generate({ ...prompt, logitsProcessor }), {
    code: 'CLVP_DISPOSED',
  })
})
