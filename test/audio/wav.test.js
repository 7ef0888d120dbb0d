// WAV files hold the samples that were given, rounded as documented, whatever their depth.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { Sound, writeWav } from '../../dist/lib/index.js'
import { anySamples, decoded } from '../helpers/sound.js'

const wrong = { code: 'CLVP_INVALID_ARGUMENT' }

t.test('any samples come back', async (t) => {
  await fc.assert(
    fc.asyncProperty(anySamples, fc.constantFrom(16, 24, 32), async (samples, bitDepth) => {
      const back = await decoded(await new Sound(samples, 24_000).toWav({ bitDepth }), 24_000)
      const step = bitDepth === 32 ? 0 : 2 ** (1 - bitDepth)
      if (back.length !== samples.length) return false
      // 1 itself is one step above the largest number.
      return back.every(
        (value, i) =>
          Math.abs(value - samples[i]) <= step / 2 || (samples[i] > 1 - step && value >= 1 - step),
      )
    }),
    { numRuns: 100 },
  )
  t.pass()
})

t.test('what was read is written again unchanged', async (t) => {
  const all = Float32Array.from({ length: 2 ** 16 }, (_, i) => i / 2 ** 15 - 1)
  const bytes = await new Sound(all, 8000).toWav()
  const again = await new Sound(await decoded(bytes, 8000), 8000).toWav()
  t.same(again, bytes)
})

t.test('16 bits, mono, no metadata', async (t) => {
  const file = join(t.testdir(), 'a.wav')
  await writeWav(file, Float32Array.of(0, 0.5, -0.5, 1e-5), 22050)
  const bytes = readFileSync(file)
  t.equal(bytes.length, 44 + 8)
  t.equal(bytes.toString('latin1', 0, 4) + bytes.toString('latin1', 8, 16), 'RIFFWAVEfmt ')
  t.equal(bytes.readUInt32LE(4), bytes.length - 8)
  t.same([bytes.readUInt16LE(20), bytes.readUInt16LE(22), bytes.readUInt32LE(24)], [1, 1, 22050])
  t.same([bytes.readUInt32LE(28), bytes.readUInt16LE(32), bytes.readUInt16LE(34)], [44100, 2, 16])
  t.same(
    [44, 46, 48, 50].map((at) => bytes.readInt16LE(at)),
    [0, 16384, -16384, 0],
  )
})

t.test('chunks have an even length', async (t) => {
  const bytes = Buffer.from(await new Sound(Float32Array.of(0.25), 8000).toWav({ bitDepth: 24 }))
  t.equal(bytes.length, 44 + 3 + 1)
  t.equal(bytes.readUInt32LE(4), bytes.length - 8)
  t.equal(bytes.readUInt32LE(40), 3)
  t.equal(bytes.readIntLE(44, 3), 2 ** 21)
})

t.test('what is beyond 1 is cut off', async (t) => {
  const file = join(t.testdir(), 'a.wav')
  await writeWav(file, Float32Array.of(1.5, -7, 1), 8000)
  const bytes = readFileSync(file)
  t.same(
    [44, 46, 48].map((at) => bytes.readInt16LE(at)),
    [32767, -32768, 32767],
  )
  const float = await new Sound(Float32Array.of(1.5, -7, 0.3), 8000).toWav({ bitDepth: 32 })
  t.same(await decoded(float, 8000), Float32Array.of(1, -1, 0.3))
})

t.test('bad arguments and folders leave nothing', async (t) => {
  const dir = t.testdir()
  const file = join(dir, 'a.wav')
  const one = Float32Array.of(1)
  for (const path of ['', 5, undefined]) await t.rejects(writeWav(path, one, 22050), wrong)
  for (const samples of [[1], new Float32Array(), Float32Array.of(Number.NaN), Float64Array.of(1)])
    await t.rejects(writeWav(file, samples, 22050), wrong)
  for (const rate of [0, 999, 384_001, 22050.5, '22050']) await t.rejects(writeWav(file, one, rate), wrong)
  await t.rejects(writeWav(join(dir, 'a.mp3'), one, 22050), { ...wrong, message: /ends in \.wav/ })
  await t.rejects(writeWav(join(dir, 'no', 'a.wav'), one, 22050), { code: 'CLVP_IO' })
  t.same(readdirSync(dir), [])
})
