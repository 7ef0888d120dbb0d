// Silence: what is left out at a clip's ends, and what is too little sound for a voice.
import t from 'tap'
import { findSound, isAudible } from '../../dist/lib/audio/levels.js'
import { joined, noise, silence, speech } from '../helpers/signals.js'

const rate = 22050
const within = (t, actual, expected, what) =>
  t.ok(Math.abs(actual / rate - expected) <= 0.03, `${what}: ${actual / rate} s, about ${expected}`)

t.test('leading and trailing silence', async (t) => {
  const tone = Float32Array.from({ length: 2 * rate }, (_, i) => 0.3 * Math.sin(i / 20))
  const { start, end, seconds } = findSound(joined(silence(4), tone, silence(3)), rate)
  within(t, start, 3.95, 'start, 50 ms before the sound')
  within(t, end, 6.05, 'end, 50 ms after it')
  t.ok(Math.abs(seconds - 2) < 0.03)
})

t.test('a room that hums is silence too', async (t) => {
  const hum = noise(4 * rate).map((value) => value * 0.003)
  const spoken = speech(3)
  const { start, noise: floor } = findSound(joined(hum, spoken, hum.slice(0, rate)), rate)
  within(t, start, 3.97, 'start')
  t.ok(floor > -70 && floor < -50, `${floor} dBFS`)
})

t.test('a click is no sound', async (t) => {
  const click = Float32Array.from({ length: 200 }, (_, i) => (i % 2 ? 1 : -1))
  const { start } = findSound(joined(click, silence(4), speech(2)), rate)
  within(t, start, 4, 'start')
  t.notOk(isAudible(findSound(joined(silence(1), click, silence(1)), rate)), 'alone')
})

t.test('all of a steady clip is sound', async (t) => {
  for (const seconds of [0.1, 0.25, 1]) {
    const tone = Float32Array.from({ length: seconds * rate }, (_, i) => 0.3 * Math.sin(i / 10))
    t.match(findSound(tone, rate), { start: 0, end: tone.length }, `${seconds} s`)
    t.ok(isAudible(findSound(tone, rate)))
  }
})

t.test('too little', async (t) => {
  const loud = (count) => noise(count).map((value) => value / 2)
  const clips = {
    none: new Float32Array(),
    'one sample': Float32Array.of(0.5),
    '1 ms': loud(22),
    '90 ms': loud(0.08 * rate),
    'digital silence': silence(6),
    'an offset': silence(6).fill(0.4),
    'the noise of a converter': noise(6 * rate).map((value) => value / 8000),
  }
  for (const [name, samples] of Object.entries(clips)) t.notOk(isAudible(findSound(samples, rate)), name)
})
