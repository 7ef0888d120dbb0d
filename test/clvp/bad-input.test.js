// Wrong arguments are refused with a ClvpError that names them, and the model works on as if nothing had been.
import { join } from 'node:path'
import t from 'tap'
import { Clvp, convertFolder, inspectModel, Voice } from '../../dist/lib/index.js'
import { essence, loadTinyModel, tinyFile, tone } from '../helpers/model.js'

const { clvp, voice } = await loadTinyModel(t)
const dir = t.testdir({ empty: '', garbage: Buffer.alloc(5000, 'no sound '), folder: {} })
const few = { voice, candidates: 2, maxTokens: 4, seed: 3 }
const before = (await clvp.generate('Hello.', few)).candidates.map(essence)
let refusals = 0

/** A call must be refused with a code and a message. */
async function refused(t, name, call, message, code = 'CLVP_INVALID_ARGUMENT') {
  let error
  try {
    await call()
  } catch (caught) {
    error = caught
  }
  refusals++
  if (error?.name === 'ClvpError' && error.code === code && message.test(error.message)) return
  t.fail(`${name}: ${error ? `${error.name} ${error.code} ${error.message}` : 'no error'}`)
}

const inspect = (value) =>
  typeof value === 'bigint' ? `${value}n` : `${typeof value} ${JSON.stringify(value) ?? value}`

t.test('numbers of generate', async (t) => {
  const { maxTokens } = clvp.info
  const integers = {
    candidates: [1, 65536],
    seed: [0, 2 ** 53 - 1],
    topK: [0, 2 ** 31],
    maxTokens: [1, maxTokens],
    padTo: [0, 4096],
    keep: [1, 65536],
    batchSize: [1, 1024],
  }
  const reals = { topP: [0, 1], minP: [0, 1], repetitionPenalty: [1e-3, 1e3] }
  // Above 0, except that a temperature of 0 is greedy; what is 0 in single precision is 0.
  const positives = { typicalP: [0, 1], temperature: [0, 1e3] }
  const never = [
    Number.NaN,
    Infinity,
    -Infinity,
    '1',
    '',
    1n,
    2n ** 64n,
    null,
    {},
    [],
    [1],
    true,
    Symbol('1'),
    () => 1,
  ]
  const all = Object.entries({ ...integers, ...reals, ...positives })
  for (const [name, [min, max]] of all) {
    const outside = [-1, -(2 ** 31), min - 1, max + 1, 2 ** 31, 2 ** 32, 2 ** 53, 1e300, -0.5].filter(
      (value) => value < min || value > max,
    )
    if (name in integers) outside.push(0.5, 1.5)
    if (name in positives) outside.push(1e-300, ...(name === 'temperature' ? [9e-4] : [0, -0]))
    for (const value of [...outside, ...never]) {
      const label = `${name} ${typeof value === 'symbol' ? 'symbol' : inspect(value)}`
      await refused(
        t,
        label,
        () => clvp.generate('Hi.', { ...few, [name]: value }),
        new RegExp(`for ${name} `),
      )
      await refused(t, label, () => clvp.stream('Hi.', { ...few, [name]: value }), new RegExp(`for ${name} `))
    }
  }
  t.ok(refusals > 400, `${refusals} calls`)
})

t.test('the extremes that are allowed give a result', async (t) => {
  for (const options of [
    { seed: 0 },
    { seed: 2 ** 53 - 1 },
    { topK: 0 },
    { topK: 2 ** 31 },
    { topP: 0 },
    { minP: 1 },
    { temperature: 0 },
    { temperature: 1e-3 },
    { temperature: 1e3 },
    { typicalP: 1e-30 },
    { repetitionPenalty: 1e3 },
    { repetitionPenalty: 1e-3 },
    { batchSize: 1024 },
    { keep: 65536 },
    { padTo: 500 },
    { maxTokens: clvp.info.maxTokens, candidates: 1 },
  ]) {
    const { candidates } = await clvp.generate('Hi.', { ...few, ...options })
    for (const { codes, score } of candidates) {
      t.ok(
        codes.every((code) => code >= 0 && code < clvp.info.speechVocabulary),
        inspect(options),
      )
      t.ok(Number.isFinite(score))
    }
  }
})

t.test('other options of generate', async (t) => {
  const generate = (options) => () => clvp.generate('Hi.', options)
  for (const [name, values] of Object.entries({
    preset: ['turbo', '', 'Fast', 5, null, {}, 'toString', ['fast']],
    deterministic: ['yes', 0, 1, null, {}],
    positions: ['none', '', 0, null, {}],
    signal: [{}, null, 'x', true, new EventTarget(), { aborted: false }],
    onProgress: [{}, null, 'x', true],
  })) {
    for (const value of values) {
      await refused(
        t,
        `${name} ${inspect(value)}`,
        generate({ ...few, [name]: value }),
        new RegExp(`for ${name} `),
      )
    }
  }
  await refused(t, 'an unknown name', generate({ ...few, candidate: 4 }), /'candidate'.*candidates/)
  await refused(t, 'snake case', generate({ ...few, top_k: 4 }), /'top_k'.*topK/)
  for (const options of [null, 5, 'x', [], new Float32Array(2), true]) {
    await refused(t, inspect(options), generate(options), /for options /)
  }
  await refused(t, 'no options', generate(undefined), /for voice /)
})

t.test('voices', async (t) => {
  const wide = await loadTinyModel(t, { name: 'wide' })
  const other = await wide.clvp.voice(tone())
  const width = clvp.info.decoder.width
  for (const [name, value, message] of [
    ['of another model', other, /voice of 48 numbers.*another model/],
    ['none', undefined, /for voice /],
    ['null', null, /for voice /],
    ['a path', 'voice.wav', /for voice /],
    ['a vector', voice.embedding, /for voice /],
    ['a plain object', { embedding: voice.embedding, clips: 1 }, /for voice /],
    ['a copy', structuredClone({ ...voice }), /for voice /],
    ['hollow', Object.create(Voice.prototype), /voice/],
    ['of NaN', new Voice(new Float32Array(width).fill(Number.NaN), 1), /voice/],
    ['of infinity', new Voice(new Float32Array(width).fill(Infinity), 1), /voice/],
  ]) {
    await refused(t, name, () => clvp.generate('Hi.', { ...few, voice: value }), message)
  }
})

t.test('a voice of what is no Float32Array', async (t) => {
  for (const embedding of [undefined, null, 'x', [0, 0], new Float64Array(48), new ArrayBuffer(192)]) {
    await refused(t, inspect(embedding), () => new Voice(embedding, 1), /for embedding /)
  }
})

t.test('texts', async (t) => {
  const codes = [Int32Array.of(1, 2)]
  const calls = {
    generate: (text) => clvp.generate(text, few),
    stream: (text) => clvp.stream(text, few),
    rank: (text) => clvp.rank(text, codes),
    embedText: (text) => clvp.embedText(text),
  }
  for (const [name, call] of Object.entries(calls)) {
    for (const [text, message] of [
      ['', /an empty one/],
      ['你好，世界', /beyond ASCII are dropped/],
      ['\ud800\udfff', /beyond ASCII are dropped/],
      ['\ud800', /beyond ASCII are dropped/],
      ['word '.repeat(400), /at most \d+ tokens but received one of \d+/],
      ['x'.repeat(2 ** 20), /at most \d+ tokens/],
      ['9 '.repeat(2 ** 19), /at most \d+ tokens/],
    ]) {
      await refused(t, `${name} ${text.slice(0, 20)}`, () => call(text), message)
    }
    for (const text of [undefined, null, 5, 5n, {}, ['Hi.'], Buffer.from('Hi.'), new String('Hi.')]) {
      await refused(t, `${name} ${typeof text}`, () => call(text), /a string for text /)
    }
    for (const text of ['a\ud800b', 'a\0b', '\ufeffHi', 'Hi\u202e', '<|endoftext|>', '[STOP] [UNK]']) {
      if (name !== 'stream') t.ok(await call(text), `${name} takes ${JSON.stringify(text)}`)
    }
  }
  for (const text of [undefined, null, 5]) await refused(t, 'explain', () => clvp.explain(text), /for text /)
  t.match(await clvp.explain('你好'), { normalized: '', tokens: [], dropped: [{ text: '你好', index: 0 }] })
  t.ok((await clvp.explain('word '.repeat(400))).remaining < 0)
})

t.test('codes', async (t) => {
  const vocabulary = clvp.info.speechVocabulary
  const rank = (rows) => () => clvp.rank('Hi.', rows)
  const row = Int32Array.of(1, 2)
  for (const rows of [undefined, null, 5, 'x', {}, [], row, new Set([row])]) {
    await refused(t, `rows ${inspect(rows)}`, rank(rows), /for codes /)
  }
  for (const bad of [
    undefined,
    null,
    5,
    [1.5],
    [1, '2'],
    new Array(2),
    [2 ** 31],
    {},
    { codes: 'x' },
    { codes: [Number.NaN] },
    new Float32Array(2),
    new Uint32Array(2),
    new DataView(new ArrayBuffer(8)),
  ]) {
    await refused(t, `a row ${inspect(bad)}`, rank([row, bad]), /for codes\[1\]/)
    await refused(t, `one row ${inspect(bad)}`, () => clvp.embedSpeech(bad), /for codes(\[\d\])? /)
  }
  for (const [name, bad] of Object.entries({
    empty: new Int32Array(),
    'an empty array': [],
    'an id of -1': Int32Array.of(1, -1),
    'an id of the size of the vocabulary': Int32Array.of(vocabulary),
    'an id of 2^31 - 1': Int32Array.of(2 ** 31 - 1),
    'an id of -2^31': Int32Array.of(-(2 ** 31)),
    'a million ids': new Int32Array(1e6),
  })) {
    await refused(t, name, rank([row, bad]), /code|row|id/)
    await refused(t, `${name} to embed`, () => clvp.embedSpeech(bad), /code|row|id/)
  }
  t.equal((await clvp.rank('Hi.', [Int32Array.of(0), Int32Array.of(vocabulary - 1)])).length, 2)
})

t.test('load', async (t) => {
  const file = await tinyFile()
  const load = (options) => () => Clvp.load(file, options)
  for (const [name, values] of Object.entries({
    device: [5, null, {}, ['cpu']],
    threads: [0, -1, 513, 1.5, Number.NaN, Infinity, '1', 1n, null, {}, 2 ** 31, 2 ** 53],
    type: ['q3', '', 'F16', 5, null, {}, 'toString'],
    signal: [{}, null],
    onProgress: [5, null],
  })) {
    for (const value of values) {
      await refused(t, `${name} ${inspect(value)}`, load({ [name]: value }), new RegExp(`for ${name} `))
    }
  }
  for (const device of ['nope', '', 'cuda:99', 'a'.repeat(1e5), 'cpu\0', '%s%n']) {
    await refused(t, `device ${device.slice(0, 9)}`, load({ device }), /device/i, 'CLVP_DEVICE')
  }
  await refused(t, 'an unknown name', load({ thread: 1 }), /'thread'.*threads/)
  for (const options of [null, 5, [], 'cpu'])
    await refused(t, inspect(options), load(options), /for options /)
})

t.test('clips', async (t) => {
  const { samples } = tone(0.2)
  const make = (clips, options) => () => clvp.voice(clips, options)
  const path = (name) => join(dir, name)
  await refused(t, 'nothing there', make(path('none.wav')), /none\.wav/, 'CLVP_IO')
  await refused(t, 'a folder', make(path('folder')), /Expected clips \(.*folder/)
  await refused(t, 'an empty file', make(path('empty')), /empty/, 'CLVP_AUDIO')
  await refused(t, 'garbage', make(path('garbage')), /garbage/, 'CLVP_AUDIO')
  await refused(
    t,
    'the second',
    make([{ samples, sampleRate: 22050 }, path('garbage')]),
    /garbage/,
    'CLVP_AUDIO',
  )
  await refused(t, 'no bytes', make(new Uint8Array()), /clips/, 'CLVP_AUDIO')
  await refused(
    t,
    'bytes of garbage',
    make([Buffer.from('RIFF\0\0\0\0WAVEfmt ')]),
    /clips\[0\]/,
    'CLVP_AUDIO',
  )
  for (const clip of [undefined, null, 5, true, '', 'a\0b'])
    await refused(t, inspect(clip), make(clip), /for clips /)
  await refused(t, 'no clips', make([]), /for clips /)
  await refused(t, 'a hole', make([{ samples, sampleRate: 22050 }, undefined]), /for clips\[1\] /)
  await refused(t, 'clips in clips', make([[path('empty')]]), /clips\[0\]/)

  for (const sampleRate of [
    0,
    -1,
    999,
    384_001,
    1.5,
    Number.NaN,
    Infinity,
    '22050',
    null,
    undefined,
    2 ** 31,
    1n,
  ]) {
    const name = `sampleRate ${inspect(sampleRate)}`
    await refused(t, name, make({ samples, sampleRate }), /for clips\.sampleRate /)
  }
  for (const bad of [
    undefined,
    null,
    5,
    'x',
    {},
    ['0'],
    [null],
    new Float64Array(9),
    new Int16Array(9),
    samples.buffer,
  ]) {
    const name = `samples ${inspect(bad)}`
    await refused(t, name, make({ samples: bad, sampleRate: 22050 }), /for clips\.samples /)
  }
  for (const bad of [
    [],
    new Float32Array(),
    [Number.NaN],
    Float32Array.of(0, Infinity),
    Float32Array.of(0, -Infinity),
  ]) {
    const name = `samples ${bad}`
    await refused(t, name, make([{ samples: bad, sampleRate: 22050 }]), /clips\[0\]\.samples /, 'CLVP_AUDIO')
  }
  await refused(t, 'an unknown name', make({ samples, samplerate: 22050 }), /'samplerate'.*sampleRate/)
  for (const combine of ['max', '', null, 5]) {
    await refused(t, `combine ${combine}`, make({ samples, sampleRate: 22050 }, { combine }), /for combine /)
  }
  await refused(t, 'an option', make({ samples, sampleRate: 22050 }, { mean: true }), /'mean'/)
  for (const [option, value, message] of [
    ['windows', 'last', /for windows /],
    ['seconds', 0, /for seconds /],
    ['seconds', 601, /for seconds /],
    ['seconds', '9', /for seconds /],
    ['seed', 1, /seed only with windows: 'random'/],
  ]) {
    await refused(t, `${option} ${value}`, make({ samples, sampleRate: 22050 }, { [option]: value }), message)
  }
  for (const windows of ['first', 'random']) {
    const options = { windows, seconds: 9 }
    await refused(
      t,
      windows,
      make({ samples, sampleRate: 22050 }, options),
      /seconds only with windows: 'all'/,
    )
  }
  await refused(
    t,
    'seed -1',
    make({ samples, sampleRate: 22050 }, { windows: 'random', seed: -1 }),
    /for seed /,
  )
  const loud = { samples: new Float32Array(9000).map((_, i) => (i % 2 ? 3e38 : -3e38)), sampleRate: 8000 }
  const outcome = await clvp.voice(loud).then(
    ({ embedding }) => (embedding.every(Number.isFinite) ? 'finite' : 'not finite'),
    (error) => error.code,
  )
  t.match(outcome, /^(finite|CLVP_AUDIO|CLVP_MODEL_FORMAT)$/, 'samples far out of range')
})

t.test('the other calls', async (t) => {
  for (const options of [{ signal: 5 }, { signals: undefined }, 5, null]) {
    await refused(t, 'rank', () => clvp.rank('Hi.', [Int32Array.of(1)], options), /signal|options/)
    await refused(t, 'embedText', () => clvp.embedText('Hi.', options), /signal|options/)
    await refused(t, 'embedSpeech', () => clvp.embedSpeech(Int32Array.of(1), options), /signal|options/)
  }
  for (const bad of [undefined, null, 5, '', {}]) {
    await refused(t, 'inspectModel', () => inspectModel(bad), /for path /)
    await refused(t, 'convertFolder', () => convertFolder(bad, 'x.gguf'), /for source /)
    await refused(t, 'convertFolder', () => convertFolder('x', bad), /for target /)
  }
  for (const options of [null, 5, [], { typ: 'f16' }, { type: null }, { signal: {} }, { onProgress: 5 }]) {
    await refused(
      t,
      'convertFolder',
      () => convertFolder('x', 'y', options),
      /options|type|signal|onProgress/,
    )
  }
})

t.test('of an options object only its own names count, and each is read once', async (t) => {
  const reads = {}
  const counting = (values) =>
    Object.defineProperties(
      {},
      Object.fromEntries(
        Object.entries(values).map(([name, value]) => {
          const get = () => {
            reads[name] = (reads[name] ?? 0) + 1
            return value
          }
          return [name, { enumerable: true, get }]
        }),
      ),
    )
  const inherited = Object.assign(Object.create({ candidates: 7, bogus: 1 }), few)
  t.same((await clvp.generate('Hello.', inherited)).candidates.map(essence), before)
  t.same((await clvp.generate('Hello.', counting(few))).candidates.map(essence), before)
  await clvp.voice(counting(tone(0.2)), counting({ combine: 'mean' }))
  t.same(new Set(Object.values(reads)), new Set([1]), JSON.stringify(reads))

  Object.prototype.bogus = 1
  Object.prototype.candidates = 7
  try {
    const { candidates } = await clvp.generate('Hello.', { voice, maxTokens: 4, seed: 3 })
    t.equal(candidates.length, 16, 'the default')
  } finally {
    delete Object.prototype.bogus
    delete Object.prototype.candidates
  }

  const thrown = new Error('mine')
  const throwing = Object.defineProperty({ ...few }, 'topK', {
    enumerable: true,
    get() {
      throw thrown
    },
  })
  await t.rejects(clvp.generate('Hi.', throwing), thrown)
  const proxy = new Proxy(few, {})
  t.same((await clvp.generate('Hello.', proxy)).candidates.map(essence), before)
})

t.test('afterwards all is as before', async (t) => {
  t.same((await clvp.generate('Hello.', few)).candidates.map(essence), before)
  t.comment(`${refusals} calls were refused`)
})
