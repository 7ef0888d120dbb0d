// What auditClip() finds in clips that are made to have one fault each, and that a sound clip has none.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { auditClip } from '../../dist/lib/index.js'
import { joined, noise, silence, speech } from '../helpers/signals.js'
import { wavOf } from '../helpers/wav.js'

const sampleRate = 22050
const audit = (samples, rate = sampleRate) => auditClip({ samples, sampleRate: rate })
const good = speech(12)
const codes = ({ findings }) => findings.map(({ code }) => code)

t.test('a good clip', async (t) => {
  const found = await audit(good)
  t.same(found.findings, [])
  t.match(found, {
    name: 'clip',
    measures: { format: 'samples', sampleRate, channels: 1, seconds: 12, bandwidth: 8000, clipped: 0 },
  })
  t.ok(Object.values(found.measures).every((value) => typeof value === 'string' || Number.isFinite(value)))
  t.same(JSON.parse(JSON.stringify(found)), found, 'plain data')
})

const clipped = good.map((sample) => Math.max(-0.9, Math.min(0.9, 12 * sample)))
const tone = Float32Array.from({ length: 12 * sampleRate }, (_, i) => 0.4 * Math.sin(i / 30))
const cases = {
  'no-sound': [silence(5), 'error'],
  clipping: [clipped, 'error'],
  'too-quiet': [good.map((sample) => sample / 100), 'warning'],
  noisy: [good.map((sample, i) => sample + 0.08 * hiss(i)), 'warning'],
  'music-like': [tone, 'warning'],
  'mostly-silent': [joined(good, silence(15)), 'note'],
  offset: [good.map((sample) => sample + 0.05), 'note'],
}
function hiss(i) {
  hiss.values ??= noise(12 * sampleRate, 7)
  return hiss.values[i]
}

for (const [code, [samples, severity]] of Object.entries(cases)) {
  t.test(code, async (t) => {
    const { findings } = await audit(samples)
    const found = findings.find((each) => each.code === code)
    t.match(found, { severity, message: /\w.*[:,] .*\.$/ }, codes({ findings }).join())
    if (code !== 'music-like')
      t.same(
        findings.filter((each) => each.severity === 'error' && each !== found),
        [],
      )
  })
}

t.test('too short, and how much', async (t) => {
  const severity = async (seconds) =>
    (await audit(speech(seconds))).findings.find(({ code }) => code === 'too-short')?.severity
  t.same([await severity(1), await severity(5), await severity(16)], ['warning', 'note', undefined])
})

t.test('too long', async (t) => {
  const spoken = speech(3, 8000)
  const long = joined(...Array.from({ length: 210 }, () => spoken))
  const found = await audit(long, 8000)
  t.ok(codes(found).includes('too-long'))
  t.equal(found.measures.seconds, 600)
})

t.test('missing frequencies', async (t) => {
  const telephone = await audit(speech(12, 8000), 8000)
  t.ok(codes(telephone).includes('narrow-band'), `${telephone.measures.bandwidth} Hz`)
  const compressed = await audit(speech(12, 11_025), 11_025)
  t.ok(codes(compressed).includes('band-limited'), `${compressed.measures.bandwidth} Hz`)
})

t.test('files: names, formats, channels', async (t) => {
  const dir = t.testdir({})
  const file = join(dir, 'me.wav')
  writeFileSync(file, wavOf({ samples: speech(8), sampleRate }))
  const found = await auditClip(file)
  t.match(found, { name: 'me.wav', measures: { format: 'WAV', sampleRate, channels: 1, seconds: 8 } })
  t.notOk(codes(found).includes('stereo'))

  const stereo = wavOf({ samples: speech(8), sampleRate })
  stereo.writeUInt16LE(2, 22)
  stereo.writeUInt16LE(4, 32)
  t.match((await auditClip(stereo)).measures, { channels: 2, seconds: 4 })
  t.ok(codes(await auditClip(stereo)).includes('stereo'))

  const fixtures = new URL('../fixtures/audio/', import.meta.url)
  for (const [name, format] of Object.entries({ mp3: 'MP3', flac: 'FLAC', ogg: 'Ogg Vorbis', wav: 'WAV' })) {
    const { measures } = await auditClip(fileURLToPath(new URL(`tone.${name}`, fixtures)))
    t.match(measures, { format }, `${format}: ${measures.sampleRate} Hz, ${measures.channels} channels`)
    t.ok(measures.sampleRate >= 8000 && measures.channels >= 1)
  }
})

t.test('what is no clip', async (t) => {
  await t.rejects(auditClip(5), { code: 'CLVP_INVALID_ARGUMENT' })
  await t.rejects(auditClip(Buffer.from('RIFF')), { code: 'CLVP_AUDIO' })
  await t.rejects(auditClip('there is none.wav'), { code: 'CLVP_IO' })
  await t.rejects(auditClip({ samples: speech(1), sampleRate }, { deep: true }), {
    code: 'CLVP_INVALID_ARGUMENT',
  })
  await t.rejects(auditClip({ samples: speech(1), sampleRate }, { signal: AbortSignal.abort() }), {
    code: 'CLVP_ABORTED',
  })
})
