// Parts of a text become one sound: pauses as asked, equal levels, no clicks at the joints.
import fc from 'fast-check'
import t from 'tap'
import { joinSounds, Sound, SoundJoiner } from '../../dist/lib/index.js'
import { joined, noise, silence, speech } from '../helpers/signals.js'

const wrong = { code: 'CLVP_INVALID_ARGUMENT' }
const rate = 24_000
const sound = (samples) => ({ samples, sampleRate: rate })
const louder = (samples, gain) => samples.map((each) => gain * each)
const power = (samples) => samples.reduce((sum, each) => sum + each * each, 0) / samples.length
const decibels = (samples) => 10 * Math.log10(power(samples))
const part = ({ samples, spans }, i) =>
  samples.subarray(Math.round(spans[i].start * rate), Math.round(spans[i].end * rate))

t.test('pauses, and where the parts are', async (t) => {
  const [a, b, c] = [speech(1, rate), speech(0.5, rate), speech(0.7, rate)]
  const whole = joinSounds([a, b, c].map(sound), { pauses: [0.25, 0] })
  t.equal(whole.samples.length, a.length + 0.25 * rate + b.length + c.length)
  t.same(whole.spans, [
    { start: 0, end: 1 },
    { start: 1.25, end: 1.75 },
    { start: 1.75, end: 2.45 },
  ])
  t.ok(whole.samples.subarray(rate, 1.25 * rate).every((each) => each === 0))
  t.equal(
    joinSounds([a, b, c].map(sound), { pauses: 0.1 }).samples.length,
    a.length + b.length + c.length + 0.2 * rate,
  )
  t.equal(new Sound(whole.samples, whole.sampleRate).seconds, 2.45)
})

t.test('a single part stays as it is', async (t) => {
  const loud = louder(noise(5000), 1.7)
  t.same(joinSounds([sound(loud)]).samples, loud)
})

t.test('one by one gives what all at once give', async (t) => {
  const piece = fc.integer({ min: 1, max: 3000 })
  const gain = fc.double({ min: 0, max: 1.5, noNaN: true })
  const pause = fc.double({ min: 0, max: 0.02, noNaN: true })
  fc.assert(
    fc.property(fc.array(fc.tuple(piece, gain, pause), { minLength: 1, maxLength: 6 }), (made) => {
      const parts = made.map(([length, loudness], i) => louder(noise(length, i + 1), loudness))
      const joiner = new SoundJoiner({ sampleRate: rate })
      const pieces = parts.map((each, i) => joiner.add(each, made[i][2]))
      const streamed = joined(...pieces, joiner.end())
      const whole = joinSounds(parts.map(sound), { pauses: made.slice(1).map((each) => each[2]) })
      const most = Math.max(1, ...parts.map((each) => Math.max(...each.map(Math.abs))))
      return (
        Buffer.from(streamed.buffer).equals(Buffer.from(whole.samples.buffer)) &&
        JSON.stringify(whole.spans) === JSON.stringify(joiner.spans) &&
        whole.samples.every((each) => Math.abs(each) <= most)
      )
    }),
    { numRuns: 200 },
  )
  t.pass()
})

t.test('all have the level of the first', async (t) => {
  const first = speech(2, rate, 0.3)
  const inner = (samples) => samples.subarray(1000, -1000)
  for (const [gain, expected] of [
    [0.7, 1],
    [1.4, 1],
    [0.2, 0.4],
    [4, 2],
  ]) {
    const whole = joinSounds([first, louder(first, gain)].map(sound))
    const change = decibels(inner(part(whole, 1))) - decibels(inner(first))
    t.ok(Math.abs(change - 20 * Math.log10(expected)) < 0.05, `${gain}: ${change} dB`)
    const apart = joinSounds([first, louder(first, gain)].map(sound), { matchLevels: false })
    t.same(inner(part(apart, 1)), inner(louder(first, gain)))
  }
})

t.test('silence between words does not count', async (t) => {
  const first = speech(2, rate, 0.3)
  const quiet = joined(silence(1, rate), louder(first, 0.7), silence(2, rate))
  const whole = joinSounds([first, quiet].map(sound))
  const spoken = part(whole, 1).subarray(rate + 1000, 3 * rate - 1000)
  t.ok(Math.abs(decibels(spoken) - decibels(first.subarray(1000, -1000))) < 0.2)
})

t.test('no gain takes a sample beyond 1', async (t) => {
  const peaky = louder(speech(2, rate), 0.1)
  peaky[9999] = 0.8
  const whole = joinSounds([sound(speech(2, rate)), sound(peaky)])
  const peak = Math.max(...part(whole, 1).map(Math.abs))
  t.ok(peak <= 1 && peak > 0.999, `${peak}`)
})

t.test('silent parts change no level', async (t) => {
  const spoken = speech(1, rate, 0.3)
  const whole = joinSounds([silence(1, rate), spoken, silence(1, rate), louder(spoken, 0.8)].map(sound))
  t.same(part(whole, 1).subarray(200, -200), spoken.subarray(200, -200), 'the first that is heard')
  t.ok(part(whole, 2).every((each) => each === 0))
  t.ok(Math.abs(decibels(part(whole, 3)) - decibels(spoken)) < 0.1)
})

t.test('no clicks', async (t) => {
  const constant = new Float32Array(2400).fill(0.5)
  const { samples } = joinSounds([constant, constant].map(sound), { pauses: 0.01 })
  let step = 0
  for (let i = 1; i < samples.length; i++) step = Math.max(step, Math.abs(samples[i] - samples[i - 1]))
  t.ok(step < 0.5 * (Math.PI / 2 / 120) * 1.1, `largest step ${step}`)
  t.equal(samples[0], 0.5, 'the start of the whole is no joint')
  t.equal(samples.at(-1), 0.5)
  t.same(
    joinSounds([sound(Float32Array.of(1)), sound(Float32Array.of(1))]).samples.length,
    2,
    'parts too short to fade',
  )
})

t.test('the samples that are given stay', async (t) => {
  const given = new Float32Array(2400).fill(0.5)
  joinSounds([given, given, louder(given, 0.6)].map(sound))
  t.ok(given.every((each) => each === 0.5))
})

t.test('wrong arguments', async (t) => {
  const good = sound(Float32Array.of(0.5))
  for (const sounds of [
    undefined,
    [],
    good,
    [5],
    [{}],
    [sound([1])],
    [sound(new Float32Array())],
    [{ ...good, sampleRate: 1 }],
    [good, ...new Array(1), good],
  ])
    t.throws(() => joinSounds(sounds), wrong)
  t.throws(() => joinSounds([good, { ...good, sampleRate: 22_050 }]), { ...wrong, message: /24000 Hz/ })
  t.throws(() => joinSounds([sound(Float32Array.of(0, Number.NaN))]), wrong)
  for (const pauses of [-1, 601, 'a', [], [1, 2], [Number.NaN]])
    t.throws(() => joinSounds([good, good], { pauses }), wrong)
  for (const options of [null, { x: 1 }, { matchLevels: 1 }])
    t.throws(() => joinSounds([good], options), wrong)
  for (const options of [undefined, {}, { sampleRate: 5 }, { sampleRate: rate, pauses: 1 }])
    t.throws(() => new SoundJoiner(options), wrong)
  const joiner = new SoundJoiner({ sampleRate: rate })
  t.throws(() => joiner.add([1]), wrong)
  t.throws(() => joiner.add(good.samples, -1), wrong)
  t.same(joiner.end(), new Float32Array())
  t.throws(() => joiner.end(), wrong)
  t.throws(() => joiner.add(good.samples), wrong)
})
