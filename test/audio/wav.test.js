// writeWav writes what other programs, and our own decoder, read back.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { writeWav } from '../../dist/lib/index.js'
import { wavOf } from '../helpers/wav.js'

const wrong = { code: 'CLVP_INVALID_ARGUMENT' }

t.test('16 bits, mono', async (t) => {
  const file = join(t.testdir(), 'a.wav')
  const samples = Float32Array.of(0, 0.5, -0.5, 1, -1, 1e-5)
  await writeWav(file, samples, 22050)
  t.same(readFileSync(file), wavOf({ samples, sampleRate: 22050 }))
})

t.test('what is beyond 1 is cut off', async (t) => {
  const file = join(t.testdir(), 'a.wav')
  await writeWav(file, Float32Array.of(1.5, -7), 8000)
  const bytes = readFileSync(file)
  t.equal(bytes.readInt16LE(44), 32767)
  t.equal(bytes.readInt16LE(46), -32767)
})

t.test('bad arguments and folders leave nothing', async (t) => {
  const dir = t.testdir()
  const file = join(dir, 'a.wav')
  const one = Float32Array.of(1)
  for (const path of ['', 5, undefined]) await t.rejects(writeWav(path, one, 22050), wrong)
  for (const samples of [[1], new Float32Array(), Float32Array.of(Number.NaN), Float64Array.of(1)])
    await t.rejects(writeWav(file, samples, 22050), wrong)
  for (const rate of [0, 999, 384_001, 22050.5, '22050']) await t.rejects(writeWav(file, one, rate), wrong)
  await t.rejects(writeWav(join(dir, 'no', 'a.wav'), one, 22050), { code: 'CLVP_IO' })
  t.same(readdirSync(dir), [])
})
