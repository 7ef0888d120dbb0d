// FLAC files are lossless: the addon's decoder finds every sample.
import { createHash } from 'node:crypto'
import fc from 'fast-check'
import t from 'tap'
import { encodeSound, Sound } from '../../dist/lib/index.js'
import { noise, speech } from '../helpers/signals.js'
import { anySamples, decoded } from '../helpers/sound.js'

/** The whole numbers that samples are rounded to, and the same as the decoder gives them. */
function rounded(samples, bits) {
  const scale = 2 ** (bits - 1)
  const numbers = Array.from(samples, (each) =>
    Math.max(-scale, Math.min(scale - 1, Math.round(each * scale))),
  )
  return { numbers, values: Float32Array.from(numbers, (each) => each / scale + 0) }
}

async function isLossless(t, samples, rate) {
  const back = await decoded(await new Sound(samples, rate).toFlac(), rate)
  const { values } = rounded(samples, 16)
  t.ok(Buffer.from(back.buffer).equals(Buffer.from(values.buffer)), `${samples.length} samples`)
}

t.test('any samples come back', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      anySamples,
      fc.constantFrom(16, 24),
      fc.constantFrom(8000, 22_050, 24_000, 96_000, 352_800, 383_999),
      async (samples, bitDepth, rate) => {
        const back = await decoded(await new Sound(samples, rate).toFlac({ bitDepth }), rate)
        const { values } = rounded(samples, bitDepth)
        return back.length === values.length && back.every((value, i) => value === values[i])
      },
    ),
    { numRuns: 150 },
  )
  t.pass()
})

t.test('lengths around a block', async (t) => {
  const whole = noise(2 * 4096 + 1).map((each) => each / 3)
  for (const length of [1, 2, 4, 5, 15, 16, 17, 4095, 4096, 4097, 8191, 8192, 8193]) {
    const samples = whole.subarray(0, length)
    await isLossless(t, samples, 24_000)
  }
})

t.test('numbers of frames in up to three bytes', async (t) => {
  const samples = new Float32Array(2100 * 4096)
  for (let i = 0; i < samples.length; i += 5000) samples.fill((i % 65_536) / 2 ** 15 - 1, i, i + 5000)
  const back = await decoded(await new Sound(samples, 48_000).toFlac(), 48_000)
  t.ok(Buffer.from(back.buffer).equals(Buffer.from(samples.buffer)))
})

t.test('the header tells rate, depth, length and checksum', async (t) => {
  const samples = speech(1, 22_050)
  const bytes = Buffer.from(await new Sound(samples, 22_050).toFlac())
  t.equal(bytes.toString('latin1', 0, 4), 'fLaC')
  t.equal(bytes.readUInt32BE(4), 0x80000022, 'the only block: STREAMINFO')
  const packed = bytes.readBigUInt64BE(18)
  t.equal(Number(packed >> 44n), 22_050)
  t.equal(Number((packed >> 36n) & 31n), 15, '16 bits')
  t.equal(Number(packed & 0xfffffffffn), samples.length)
  const pcm = Buffer.from(Int16Array.from(rounded(samples, 16).numbers).buffer)
  t.equal(bytes.toString('hex', 26, 42), createHash('md5').update(pcm).digest('hex'))
})

t.test('speech gets smaller, silence almost nothing, noise no larger', async (t) => {
  const size = async (samples) => (await new Sound(samples, 24_000).toFlac()).length
  t.ok((await size(speech(4, 24_000))) < 0.6 * 2 * 96_000)
  t.ok((await size(new Float32Array(96_000))) < 500)
  const loud = noise(96_000)
  t.ok((await size(loud)) < 1.003 * 2 * loud.length + 100)
})

t.test('of unknown length', async (t) => {
  const samples = speech(1, 24_000)
  const parts = []
  for await (const bytes of encodeSound([samples.subarray(0, 7), samples.subarray(7)], {
    sampleRate: 24_000,
    format: 'flac',
  }))
    parts.push(bytes)
  const back = await decoded(Buffer.concat(parts), 24_000)
  t.ok(Buffer.from(back.buffer).equals(Buffer.from(rounded(samples, 16).values.buffer)))
})

t.test('there is no floating point', async (t) => {
  const sound = new Sound(Float32Array.of(0.5), 24_000)
  await t.rejects(sound.toFlac({ bitDepth: 32 }), { code: 'CLVP_INVALID_ARGUMENT', message: /24, or WAV/ })
})
