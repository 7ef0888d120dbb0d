// Sound for a pipe: bytes come as the samples do, and their header says that the length is unknown.
import t from 'tap'
import { encodeSound } from '../../dist/lib/index.js'
import { speech } from '../helpers/signals.js'
import { decoded } from '../helpers/sound.js'

const wrong = { code: 'CLVP_INVALID_ARGUMENT' }
const samples = speech(1, 24_000)
const pieces = [samples.subarray(0, 1001), samples.subarray(1001)]
const sampleRate = 24_000

async function collect(stream) {
  const parts = []
  for await (const bytes of stream) parts.push(bytes)
  return Buffer.concat(parts)
}

t.test('WAV', async (t) => {
  for (const bitDepth of [16, 24, 32]) {
    const bytes = await collect(encodeSound(pieces, { sampleRate, bitDepth, metadata: { title: 'a' } }))
    t.equal(bytes.readUInt32LE(4), 2 ** 32 - 1)
    t.equal(bytes.readUInt32LE(bytes.indexOf('data') + 4), 2 ** 32 - 1)
    const back = await decoded(bytes, sampleRate)
    t.equal(back.length, samples.length)
    t.ok(back.every((value, i) => Math.abs(value - samples[i]) <= 2 ** -15))
  }
})

t.test('raw samples', async (t) => {
  const bytes = await collect(encodeSound(pieces, { sampleRate, format: 'raw' }))
  t.same(
    Int16Array.from({ length: 9 }, (_, i) => bytes.readInt16LE(2 * (i + 5000))),
    Int16Array.from(samples.subarray(5000, 5009), (each) => Math.round(each * 2 ** 15)),
  )
  t.equal(bytes.length, 2 * samples.length)
  const floats = await collect(encodeSound(pieces, { sampleRate, format: 'raw', bitDepth: 32 }))
  t.equal(floats.readFloatLE(4 * 5000), samples[5000])
})

t.test('the first bytes come with the first piece', async (t) => {
  let isAsked = false
  async function* slow() {
    yield pieces[0]
    isAsked = true
    yield pieces[1]
  }
  const stream = encodeSound(slow(), { sampleRate })
  t.equal((await stream.next()).value.length, 44)
  t.equal((await stream.next()).value.length, 2 * pieces[0].length)
  t.notOk(isAsked)
  await stream.return()
})

t.test('a reader that leaves stops the producer', async (t) => {
  let isStopped = false
  async function* endless() {
    try {
      for (;;) yield pieces[0]
    } finally {
      isStopped = true
    }
  }
  let count = 0
  for await (const _ of encodeSound(endless(), { sampleRate })) if (++count === 5) break
  await new Promise((resolve) => setImmediate(resolve))
  t.ok(isStopped)
})

t.test('errors', async (t) => {
  for (const [given, options] of [
    [5, { sampleRate }],
    [pieces, undefined],
    [pieces, {}],
    [pieces, { sampleRate: 1 }],
    [pieces, { sampleRate, format: 'aac' }],
    [pieces, { sampleRate, format: 'flac', bitDepth: 32 }],
    [pieces, { sampleRate, x: 1 }],
  ])
    t.throws(() => encodeSound(given, options), wrong)
  await t.rejects(collect(encodeSound([Float32Array.of(Number.NaN)], { sampleRate })), wrong)
  await t.rejects(collect(encodeSound([[0]], { sampleRate })), wrong)
  await t.rejects(collect(encodeSound([], { sampleRate })), { code: 'CLVP_AUDIO' })
  const signal = AbortSignal.timeout(20)
  async function* never() {
    yield pieces[0]
    await new Promise(() => {})
  }
  const timer = setTimeout(() => {}, 5000)
  await t.rejects(collect(encodeSound(never(), { sampleRate, signal })), { code: 'CLVP_ABORTED' })
  clearTimeout(timer)
})
