// Settings of generate: the checkpoint's, the caller's over them, and those that could not act.
import t from 'tap'
import { features, loadWhole } from '../helpers/whole_model.js'

const prompt = { inputIds: [[3, 4]] }

t.test('a checkpoint without generation_config.json has the decoder’s own stop and room', async (t) => {
  const { speechDecoderModel: decoder } = await loadWhole(t, 'bare')
  t.same(decoder.generationConfig, {})
  const { sequences } = await decoder.generate(prompt)
  const ended = sequences.data.at(-1) === 699
  t.equal(sequences.dims[1] <= 101 && (ended || sequences.dims[1] === 101), true)
})

t.test('the checkpoint’s settings are the start, the call’s go over them', async (t) => {
  const settings = { max_new_tokens: 7, eos_token_id: 299, pad_token_id: 299, top_k: 50, num_beams: 1 }
  const model = await loadWhole(t, 'plain', (recipe) => {
    recipe.generation_config = settings
  })
  t.same(model.generationConfig, { maxNewTokens: 7, eosTokenId: 299, padTokenId: 299, topK: 50, numBeams: 1 })
  const length = async (options) =>
    (await model.speechDecoderModel.generate({ ...prompt, ...options })).sequences.dims[1]
  t.equal(await length({}), 9)
  t.equal(await length({ maxNewTokens: 3 }), 5)
  t.equal(await length({ maxLength: 6 }), 6, 'a length in the call goes before the checkpoint’s')
  t.equal(await length({ generationConfig: { maxNewTokens: 4 } }), 6)
})

t.test('a setting of the checkpoint that there is none of here is refused at load', async (t) => {
  const set = (recipe) => {
    recipe.generation_config = { forced_eos_token_id: 5 }
  }
  await t.rejects(loadWhole(t, 'plain', set), { code: 'CLVP_UNSUPPORTED', message: /forced_eos_token_id/ })
})

t.test('what could not act, or makes no sense, is refused', async (t) => {
  const model = await loadWhole(t)
  const options = [
    { temperature: 0.5 },
    { topK: 3 },
    { seed: 1 },
    { lengthPenalty: 2 },
    { earlyStopping: true },
    { numBeams: 2, batchSize: 3 },
    { numBeams: 2, streamer: { put() {}, end() {} } },
    { numReturnSequences: 2 },
    { numBeams: 2, numReturnSequences: 3 },
    { numBeams: 0 },
    { numBeams: 257 },
    { maxNewTokens: 0 },
    { maxNewTokens: 10000 },
    { maxLength: 2 },
    { maxLength: 1000 },
    { minNewTokens: -1 },
    { eosTokenId: 300 },
    { eosTokenId: [] },
    { eosTokenId: 1.5 },
    { padTokenId: 300 },
    { badWordsIds: [[]] },
    { badWordsIds: [5] },
    { badWordsIds: [[300]] },
    { suppressTokens: [-1] },
    { noRepeatNgramSize: -1 },
    { repetitionPenalty: 0 },
    { doSample: 1 },
    { doSample: true, temperature: 0 },
    { doSample: true, topP: 2 },
    { outputScores: 'yes' },
    { logitsProcessor: 5 },
    { stoppingCriteria: [undefined] },
    { streamer: {} },
    { generationConfig: { maxNewToken: 3 } },
    { positions: 'none' },
    { maxNewToken: 3 },
    { signal: {} },
  ]
  for (const each of options) {
    const refused = { code: 'CLVP_INVALID_ARGUMENT' }
    await t.rejects(model.speechDecoderModel.generate({ ...prompt, ...each }), refused, JSON.stringify(each))
  }
  const streamer = { put() {}, end() {} }
  await t.rejects(model.speechDecoderModel.generate({ inputIds: [[1], [2]], streamer }), {
    code: 'CLVP_INVALID_ARGUMENT',
  })
})

t.test('sampling is repeated by its seed', async (t) => {
  const model = await loadWhole(t)
  const draw = async (seed) => {
    const options = { ...prompt, doSample: true, topK: 0, maxNewTokens: 12, numReturnSequences: 3, seed }
    return [...(await model.speechDecoderModel.generate(options)).sequences.data]
  }
  t.same(await draw(7), await draw(7))
  t.notSame(await draw(7), await draw(8))
})

t.test('nothing given to a call is changed', async (t) => {
  const model = await loadWhole(t)
  const inputIds = Object.freeze([Object.freeze([5, 6]), Object.freeze([7, 8])])
  const inputFeatures = features(1)
  const before = Float32Array.from(inputFeatures.data)
  await model.generate(Object.freeze({ inputIds, inputFeatures, maxNewTokens: 3 }))
  t.same(inputFeatures.data, before)
  t.ok(Object.isFrozen(model.generationConfig))
})
