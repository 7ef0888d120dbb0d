// Every bad array is refused in words, by every method, and the model goes on.
import t from 'tap'
import { Tensor } from '../../dist/lib/index.js'
import { features, loadWhole } from '../helpers/whole_model.js'

const floats = (...dims) => new Tensor(new Float32Array(dims.reduce((a, b) => a * b, 1)), dims)

const badIds = {
  nothing: undefined,
  null: null,
  'a number': 5,
  'a string': 'abc',
  empty: [],
  'an empty row': [[]],
  ragged: [[1, 2], [3]],
  mixed: [[1, 2], 3],
  'a hole': [[1, undefined]],
  fraction: [[1.5]],
  NaN: [[Number.NaN]],
  negative: [[-1]],
  'too large': [[2 ** 31]],
  'beyond the vocabulary': [[100000]],
  'strings in it': [['1']],
  'a bigint': [[1n]],
  floats: new Float32Array([1, 2]),
  'a tensor of floats': floats(1, 2),
  'a tensor of three axes': new Tensor(new Int32Array(2), [1, 1, 2]),
  'a single number': new Tensor(new Int32Array(1), []),
  'an empty tensor': new Tensor(new Int32Array(0), [0, 4]),
}

t.test('ids', async (t) => {
  const model = await loadWhole(t)
  const decoder = model.speechDecoderModel
  const methods = {
    text: (inputIds) => model.textEncoderModel.forward({ inputIds }),
    speech: (inputIds) => model.speechEncoderModel.forward({ inputIds }),
    decoder: (inputIds) => decoder.model.decoder.forward({ inputIds }),
    model: (inputIds) => decoder.model.forward({ inputIds }),
    causal: (inputIds) => decoder.forward({ inputIds }),
    conditioning: (inputIds) => model.conditioningEncoder.forward({ inputIds, inputFeatures: features() }),
    forward: (inputIds) => model.forward({ inputIds, inputFeatures: features() }),
    generate: (inputIds) => model.generate({ inputIds, inputFeatures: features() }),
    textFeatures: (inputIds) => model.getTextFeatures({ inputIds }),
    speechFeatures: (speechIds) => model.getSpeechFeatures({ speechIds }),
    labels: (labels) => decoder.forward({ inputIds: [[1, 2]], labels: labels ?? 5 }),
    types: (tokenTypeIds) => decoder.forward({ inputIds: [[1, 2]], tokenTypeIds: tokenTypeIds ?? 5 }),
    positions: (positionIds) => decoder.forward({ inputIds: [[1, 2]], positionIds: positionIds ?? 5 }),
    mask: (attentionMask) =>
      model.textEncoderModel.forward({ inputIds: [[1, 2]], attentionMask: attentionMask ?? 5 }),
  }
  for (const [method, call] of Object.entries(methods)) {
    for (const [what, ids] of Object.entries(badIds)) {
      await t.rejects(call(ids), { code: 'CLVP_INVALID_ARGUMENT' }, `${method}: ${what}`)
    }
  }
  t.throws(() => model.fixSpeechDecoderOutput([[1]]), { code: 'CLVP_INVALID_ARGUMENT' })
  t.ok(await model.textEncoderModel.forward({ inputIds: [1, 2] }), 'one row may be given by itself')
})

t.test('floats', async (t) => {
  const model = await loadWhole(t)
  const nan = floats(1, 2, 72)
  nan.data[3] = Number.NaN
  const bad = [floats(1, 2, 71), floats(2), floats(1, 0, 72), new Int32Array(72), [[1]], nan, 5]
  for (const inputsEmbeds of bad) {
    await t.rejects(model.textEncoderModel.forward({ inputsEmbeds }), { code: 'CLVP_INVALID_ARGUMENT' })
  }
  for (const inputFeatures of [undefined, floats(1, 79, 5), floats(1, 80, 0), floats(80), [[1]]]) {
    const call = model.conditioningEncoder.forward({ inputIds: [[1]], inputFeatures })
    await t.rejects(call, { code: 'CLVP_INVALID_ARGUMENT' })
  }
  const infinite = features()
  infinite.data[0] = Infinity
  const call = model.conditioningEncoder.forward({ inputIds: [[1]], inputFeatures: infinite })
  await t.rejects(call, { code: /CLVP_(INVALID_ARGUMENT|MODEL_FORMAT)/ })
})

t.test('what does not go together', async (t) => {
  const model = await loadWhole(t)
  const inputFeatures = features()
  const long = [Array(39).fill(1)]
  const calls = [
    () => model.textEncoderModel.forward({}),
    () => model.textEncoderModel.forward({ inputIds: [[1]], inputsEmbeds: floats(1, 1, 72) }),
    () => model.textEncoderModel.forward({ inputIds: [[1, 2]], attentionMask: [[1]] }),
    () => model.textEncoderModel.forward({ inputIds: [[1, 2]], attentionMask: [[1, 2]] }),
    () => model.textEncoderModel.forward({ inputIds: [[1, 2]], positionIds: [[0, 2]] }),
    () => model.textEncoderModel.forward({ inputIds: [[1]], pastKeyValues: undefined, useCache: true }),
    () => model.textEncoderModel.forward({ inputIds: [[1]], outputAttentions: 1 }),
    () => model.textEncoderModel.forward([[1]]),
    () => model.textEncoderModel.forward({ inputIds: [Array(5000).fill(1)] }),
    () => model.conditioningEncoder.forward({ inputFeatures }),
    () => model.conditioningEncoder.forward({ inputIds: long, inputFeatures }),
    () => model.forward({ inputIds: [[1], [2]], inputFeatures: features(3) }),
    () => model.forward({ inputIds: [[1]], inputFeatures: features(2), returnLoss: true }),
    () => model.generate({ inputIds: long, inputFeatures }),
    () => model.generate({ inputIds: [[1]], inputFeatures, padToMaxMelTokens: 5000 }),
    () => model.getTextFeatures({}),
    () => model.getSpeechFeatures({}),
    () => model.getSpeechFeatures({ inputIds: [[1]] }),
    () => model.getSpeechFeatures({ inputFeatures }),
    () => model.getSpeechFeatures({ speechIds: [[1]], maxNewTokens: 3 }),
    () => model.speechDecoderModel.forward({ inputIds: [Array(200).fill(1)] }),
    () => model.speechDecoderModel.forward({ inputIds: [[1, 2]], labels: [[1]] }),
    () => model.speechDecoderModel.generate({ inputIds: [Array(200).fill(1)] }),
    () => model.speechDecoderModel.generate({ inputIds: [[1, 2]], attentionMask: [[0, 0]], maxNewTokens: 2 }),
    () => model.speechDecoderModel.generate({ conditioningEmbeds: floats(1, 200, 48), maxNewTokens: 2 }),
  ]
  for (const call of calls) await t.rejects(call(), { code: 'CLVP_INVALID_ARGUMENT' }, String(call))
  t.throws(() => model.conditioningEncoder.computeGroupnormGroups(6), { code: 'CLVP_UNSUPPORTED' })
  t.equal(model.conditioningEncoder.computeGroupnormGroups(1024), 32)
})

t.test('after dispose every call rejects', async (t) => {
  const model = await loadWhole(t)
  await model.dispose()
  await model.dispose()
  const calls = [
    model.textEncoderModel.forward({ inputIds: [[1]] }),
    model.speechDecoderModel.forward({ inputIds: [[1]] }),
    model.speechDecoderModel.generate({ inputIds: [[1]] }),
    model.generate({ inputIds: [[1]], inputFeatures: features() }),
  ]
  for (const call of calls) await t.rejects(call, { code: 'CLVP_DISPOSED' })
})
