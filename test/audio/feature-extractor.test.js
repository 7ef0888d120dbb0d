// Log-mel features without a model, padded and cut as transformers does it.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import * as api from '../../dist/lib/index.js'
import { readGolden } from '../helpers/golden.js'
import { compareExtractor, makeSamples, relativeError } from '../helpers/processing.js'

const { ClvpFeatureExtractor } = api
const golden = readGolden('processing')
const small = ClvpFeatureExtractor.fromDict(golden.extractors.small)
const clip = makeSamples(golden.clips[0], small.samplingRate)
const wrong = { code: 'CLVP_INVALID_ARGUMENT' }

t.test('as transformers answers', async (t) => {
  for await (const { method, asked, expected, actual, floats } of compareExtractor(golden, api)) {
    const name = `${method} of ${JSON.stringify(asked)}`
    if (floats) t.ok(relativeError(floats) < 1e-5, name)
    else t.strictSame(actual, expected, name)
  }
})

t.test('the published sizes, against the golden file of the mel features', async (t) => {
  for (const { name, config, clip, shape, frames, values } of readGolden('mel').cases) {
    const extractor = ClvpFeatureExtractor.fromDict(config)
    const samples = makeSamples(clip, config.sampling_rate)
    const { inputFeatures } = await extractor(samples, { samplingRate: config.sampling_rate })
    t.strictSame(inputFeatures.dims, [1, ...shape], name)
    const { data } = inputFeatures
    const actual = frames.flatMap((frame) =>
      Array.from({ length: shape[0] }, (_, c) => data[c * shape[1] + frame]),
    )
    t.ok(relativeError({ expected: values.flat(), actual }) < 1e-5, name)
  }
})

t.test('an instance is a function, and cannot be changed', async (t) => {
  t.strictSame(await small(clip), await small.call(clip))
  t.strictSame(await small(Array.from(clip)), await small([clip]), 'numbers, one clip, or an array of one')
  t.throws(() => (small.nFft = 5), TypeError)
  const before = clip.slice()
  const running = small(clip)
  clip.fill(0)
  const { inputFeatures } = await running
  clip.set(before)
  t.strictSame(inputFeatures, (await small(clip)).inputFeatures, 'samples are copied at once')
})

t.test('dictionaries and files', async (t) => {
  const folder = join(t.testdir(), 'new')
  const given = {
    ...golden.extractors['norms, left, loud'],
    mine: { x: [1] },
    processor_class: 'ClvpProcessor',
  }
  const extractor = ClvpFeatureExtractor.fromDict(given)
  t.match(extractor.toJSON(), { ...given, n_samples: 24000, nb_max_frames: 60 })
  await extractor.savePretrained(folder)
  const text = readFileSync(join(folder, 'preprocessor_config.json'), 'utf8')
  t.match(text, '"padding_value": 0.125,')
  t.match(text, '-3.0,', 'whole norms stay floats for Python')
  for (const source of [folder, join(folder, 'preprocessor_config.json')]) {
    t.strictSame((await ClvpFeatureExtractor.fromPretrained(source)).toJSON(), extractor.toJSON())
  }
  t.match(new ClvpFeatureExtractor().toJSON(), { n_samples: 661500, nb_max_frames: 2583, mel_norms: null })
})

t.test('names the file that is wrong', async (t) => {
  const folder = t.testdir({ 'preprocessor_config.json': '{"n_fft": 0}', 'other.json': 'x' })
  const format = { code: 'CLVP_MODEL_FORMAT', message: /preprocessor_config\.json: .*n_fft/ }
  await t.rejects(ClvpFeatureExtractor.fromPretrained(folder), format)
  await t.rejects(ClvpFeatureExtractor.fromPretrained(join(folder, 'other.json')), {
    code: 'CLVP_MODEL_FORMAT',
  })
  await t.rejects(ClvpFeatureExtractor.fromPretrained(join(folder, 'none')), { code: 'CLVP_IO' })
})

t.test('refuses wrong options', async (t) => {
  const options = [
    ...[
      null,
      { nfft: 512 },
      { featureSize: 0 },
      { featureSize: 1025 },
      { samplingRate: '22050' },
      { hopLength: 0 },
    ],
    ...[
      { nFft: 1 },
      { paddingValue: NaN },
      { paddingSide: 'up' },
      { melNorms: [1] },
      { featureSize: 1, melNorms: [0] },
    ],
    ...[
      { featureSize: 1, melNorms: [NaN] },
      { featureSize: 1, melNorms: [1e300] },
      { returnAttentionMask: 1 },
    ],
  ]
  for (const given of options) t.throws(() => new ClvpFeatureExtractor(given), wrong, JSON.stringify(given))
  const calls = [
    ...[
      null,
      { rate: 8000 },
      { samplingRate: 22050 },
      { samplingRate: '8000' },
      { padding: 'all' },
      { maxLength: 0 },
    ],
    ...[
      { maxLength: 2 ** 40 },
      { truncation: 'longest_first' },
      { padToMultipleOf: 1.5 },
      { returnAttentionMask: null },
    ],
  ]
  for (const given of calls) await t.rejects(small(clip, given), wrong, JSON.stringify(given))
})

t.test('refuses wrong samples', async (t) => {
  for (const samples of [
    undefined,
    null,
    5,
    'a.wav',
    new Int16Array(5),
    { samples: clip },
    [clip, 5],
    [[['1']]],
    [true],
  ]) {
    await t.rejects(small(samples), wrong)
  }
  for (const samples of [
    new Float32Array(),
    [],
    [clip, new Float32Array()],
    [NaN],
    Float32Array.of(Infinity),
    [1e39],
  ]) {
    await t.rejects(small(samples), { code: 'CLVP_AUDIO' })
  }
  const other = clip.subarray(0, 900)
  await t.rejects(small([clip, other], { padding: false }), { ...wrong, message: /padding: 'longest'/ })
})
