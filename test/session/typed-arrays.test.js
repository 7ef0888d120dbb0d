// Typed arrays are copied in the call: views, arrays taken away right after it, and shared memory give what a plain copy gives.
import { Worker } from 'node:worker_threads'
import t from 'tap'
import { essence, loadTinyModel, tone } from '../helpers/model.js'
import { wavOf } from '../helpers/wav.js'

const { clvp } = await loadTinyModel(t)
const { samples, sampleRate } = tone(0.5)
const codes = Int32Array.of(5, 6, 7, 8, 200, 9)
const wav = wavOf(tone(0.4))

/** Each kind of array that a call takes: an array, and a call that gives numbers. */
const inputs = {
  samples: [samples, async (samples) => (await clvp.voice({ samples, sampleRate })).embedding],
  codes: [codes, (codes) => clvp.embedSpeech(codes)],
  rows: [codes, async (codes) => (await clvp.rank('Hello.', [codes, codes])).map(({ score }) => score)],
  bytes: [new Uint8Array(wav), async (bytes) => (await clvp.voice(bytes)).embedding],
}

for (const [name, [array, call]] of Object.entries(inputs)) {
  t.test(name, async (t) => {
    const Kind = array.constructor
    const { BYTES_PER_ELEMENT: width } = Kind
    const copy = () => new Kind(array)
    const expected = [...(await call(copy()))]
    const same = async (what, promise) => t.same([...(await promise)], expected, what)

    const padded = new Kind(array.length + 20).fill(1)
    padded.set(array, 7)
    await same('a view into a longer array', call(padded.subarray(7, 7 + array.length)))
    const resizable = new ArrayBuffer(array.byteLength, { maxByteLength: 2 * array.byteLength })
    new Kind(resizable).set(array)
    await same('a view that follows its buffer', call(new Kind(resizable)))
    await same('a class of its own', call(new (class extends Kind {})(array)))

    const taken = copy()
    const running = call(taken)
    structuredClone(taken.buffer, { transfer: [taken.buffer] })
    t.equal(taken.length, 0, 'it is gone')
    await same('transferred right after the call', running)

    const overwritten = copy()
    const overwriting = call(overwritten)
    overwritten.fill(0)
    await same('overwritten right after the call', overwriting)

    const busy = clvp.generate('Hello world.', { voice: await clvp.voice(tone()), candidates: 4, seed: 1 })
    const later = copy()
    const waiting = call(later)
    structuredClone(later.buffer, { transfer: [later.buffer] })
    await same('transferred while the call waits in line', waiting)
    await busy

    const shrunk = new Kind(new ArrayBuffer(array.byteLength, { maxByteLength: array.byteLength }))
    shrunk.set(array)
    const shrinking = call(shrunk)
    shrunk.buffer.resize(width)
    await same('shrunk right after the call', shrinking)

    const shared = new Kind(new SharedArrayBuffer(array.byteLength))
    shared.set(array)
    await same('shared memory', call(shared))

    for (const [what, none] of [
      ['of length 0', new Kind(0)],
      ['taken away before', structuredCloneAway(copy())],
      ['a view that ends beyond its buffer', outOfBounds(Kind)],
    ]) {
      await t.rejects(call(none), { name: 'ClvpError', code: /^CLVP_(INVALID_ARGUMENT|AUDIO)$/ }, what)
    }
  })
}

t.test('each of several clips', async (t) => {
  const make = () => [
    { samples: samples.slice(), sampleRate },
    { samples: samples.slice(1), sampleRate },
    new Uint8Array(wav),
  ]
  const expected = [...(await clvp.voice(make())).embedding]
  const clips = make()
  const running = clvp.voice(clips)
  for (const clip of clips) {
    const { buffer } = clip.samples ?? clip
    structuredClone(buffer, { transfer: [buffer] })
  }
  clips.length = 0
  t.same([...(await running).embedding], expected)
})

t.test('the vector of a voice', async (t) => {
  const options = { candidates: 2, maxTokens: 4, seed: 1 }
  const voice = await clvp.voice({ samples, sampleRate })
  const expected = (await clvp.generate('Hi.', { ...options, voice })).candidates.map(essence)
  const busy = clvp.generate('Hello world.', { ...options, voice })
  const running = clvp.generate('Hi.', { ...options, voice })
  voice.embedding.fill(0)
  t.same((await running).candidates.map(essence), expected)
  await busy
})

t.test('shared memory that another thread keeps writing to', async (t) => {
  const shared = new Int32Array(new SharedArrayBuffer(4 * 50))
  const code = `
    const { workerData: codes } = require('node:worker_threads')
    for (let i = 0; ; i++) codes[i % 50] = i % 3 ? (i * 7919) % 250 : -i`
  const worker = new Worker(code, { eval: true, workerData: shared })
  await new Promise((resolve) => worker.once('online', resolve))
  const outcomes = {}
  for (let i = 0; i < 100; i++) {
    const outcome = await clvp.embedSpeech(shared).then(
      (embedding) => (embedding.every(Number.isFinite) ? 'finite' : 'not finite'),
      (error) => error.code,
    )
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
  }
  await worker.terminate()
  t.same(
    Object.keys(outcomes).filter((outcome) => !['finite', 'CLVP_INVALID_ARGUMENT'].includes(outcome)),
    [],
  )
})

t.test('results are the caller’s own', async (t) => {
  const one = await clvp.embedSpeech(codes)
  const before = [...one]
  one.fill(0)
  structuredClone(one.buffer, { transfer: [one.buffer] })
  t.same([...(await clvp.embedSpeech(codes))], before)
})

function structuredCloneAway(array) {
  structuredClone(array.buffer, { transfer: [array.buffer] })
  return array
}

function outOfBounds(Kind) {
  const buffer = new ArrayBuffer(80, { maxByteLength: 80 })
  const view = new Kind(buffer, 40, 40 / Kind.BYTES_PER_ELEMENT)
  buffer.resize(8)
  return view
}
