// A processor gives what its two parts give, from one set of options.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import * as api from '../../dist/lib/index.js'
import { readGolden } from '../helpers/golden.js'
import { compareProcessor, makeSamples, relativeError } from '../helpers/processing.js'

const { ClvpFeatureExtractor, ClvpProcessor, ClvpTokenizer } = api
const golden = readGolden('processing')
const { vocab, merges } = readGolden('tokenizer')
const extractor = ClvpFeatureExtractor.fromDict(golden.extractors.small)
const tokenizer = new ClvpTokenizer({ vocab, merges })
const processor = new ClvpProcessor(extractor, tokenizer)
const clip = makeSamples(golden.clips[0], extractor.samplingRate)
const wrong = { code: 'CLVP_INVALID_ARGUMENT' }

t.test('as transformers answers', async (t) => {
  for await (const { method, asked, expected, actual, floats } of compareProcessor(golden, api, {
    vocab,
    merges,
  })) {
    const name = `${method} of ${JSON.stringify(asked)}`
    if (floats) t.ok(relativeError(floats) < 1e-5, name)
    else t.strictSame(actual, expected, name)
  }
})

t.test('both names of the audio, and the mask of the text', async (t) => {
  const { samplingRate } = extractor
  const found = await processor({ text: 'one two', audio: clip, samplingRate })
  t.strictSame(found, await processor.call({ text: 'one two', rawSpeech: clip, samplingRate }))
  t.strictSame(found, { ...tokenizer('one two'), inputFeatures: (await extractor(clip)).inputFeatures })
  t.strictSame(await processor({ rawSpeech: clip }), await extractor(clip))
  t.strictSame(await processor({ text: 'one', audio: null }), tokenizer('one'))
})

t.test('options for one part', async (t) => {
  const { inputIds, inputFeatures } = await processor({
    text: ['a', 'a b'],
    audio: clip,
    padding: true,
    textKwargs: { padToMultipleOf: 4 },
    audioKwargs: { padding: 'max_length', maxLength: 800 },
  })
  t.strictSame(
    [inputIds.dims, inputFeatures.dims],
    [
      [2, 4],
      [1, 6, 3],
    ],
  )
})

t.test('decodes, and names what a model takes', async (t) => {
  const { inputIds } = await processor({ text: 'one two' })
  t.equal(processor.decode(inputIds.data, { cleanUpTokenizationSpaces: true }), 'one two')
  t.strictSame(processor.batchDecode(inputIds, { cleanUpTokenizationSpaces: true }), ['one two'])
  t.strictSame(processor.modelInputNames, ['inputFeatures', 'attentionMask', 'inputIds'])
})

t.test('saves a folder that it reads again', async (t) => {
  const folder = join(t.testdir(), 'new')
  await processor.savePretrained(folder)
  t.strictSame(readdirSync(folder).sort(), [
    'added_tokens.json',
    'merges.txt',
    'preprocessor_config.json',
    'processor_config.json',
    'tokenizer_config.json',
    'vocab.json',
  ])
  const read = await ClvpProcessor.fromPretrained(folder)
  t.strictSame(read.featureExtractor.toJSON(), extractor.toJSON())
  const text = { text: 'Dr. Smith paid $5.' }
  t.strictSame(await read(text), await processor(text))
  await t.rejects(ClvpProcessor.fromPretrained(join(folder, 'none')), { code: 'CLVP_IO' })
})

t.test('refuses what is missing, unknown or wrong', async (t) => {
  for (const options of [{}, { text: null }, { samplingRate: 8000 }]) {
    await t.rejects(processor(options), { ...wrong, message: /neither/ })
  }
  for (const options of [
    undefined,
    null,
    { text: 5 },
    { text: 'a', speech: clip },
    { text: 'a', audio: 'a.wav' },
  ]) {
    await t.rejects(processor(options), wrong)
  }
  await t.rejects(processor({ audio: clip, samplingRate: 22050 }), { ...wrong, message: /8000/ })
  await t.rejects(processor({ text: 'a', textKwargs: { samplingRate: 1 } }), {
    ...wrong,
    message: /textKwargs/,
  })
  t.throws(() => new ClvpProcessor(tokenizer, extractor), { ...wrong, message: /featureExtractor/ })
  t.throws(() => new ClvpProcessor(extractor), { ...wrong, message: /tokenizer/ })
})
