// voice(): which windows of which clips the model hears, and that the voice is the mean of what it makes of them.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { loadTinyModel, tone } from '../helpers/model.js'
import { joined, silence } from '../helpers/signals.js'
import { wavOf } from '../helpers/wav.js'

const { clvp } = await loadTinyModel(t)
const { clipSeconds, sampleRate } = clvp.info
const window = clipSeconds * sampleRate
const clip = (samples) => ({ samples, sampleRate })
/** A tone whose pitch changes all the time, so that no two windows are alike. */
const glide = (seconds) => tone(seconds).samples
const positions = ({ origin }) =>
  origin.clips.map(({ windows }) =>
    windows.map(({ start, end }) => [Math.round(start * sampleRate), Math.round(end * sampleRate)]),
  )

t.test('a clip of one window is heard as it is', async (t) => {
  const samples = glide(0.6)
  const all = await clvp.voice(clip(samples))
  const first = await clvp.voice(clip(samples), { windows: 'first' })
  t.same(all.embedding, first.embedding)
  t.same(positions(all), [[[0, samples.length]]])
  t.match(all.origin, { windows: 'all', clips: [{ name: 'clips', seconds: 0.6 }] })
  t.match(first.origin, { windows: 'first' })
})

t.test('a longer one in windows from its first sample to its last, averaged', async (t) => {
  const samples = glide(2.5 * clipSeconds)
  const made = await clvp.voice(clip(samples))
  const middle = Math.round((samples.length - window) / 2)
  const expected = [
    [0, window],
    [middle, middle + window],
    [samples.length - window, samples.length],
  ]
  t.same(positions(made), [expected])
  const parts = await Promise.all(
    expected.map(([start, end]) => clvp.voice(clip(samples.slice(start, end)), { windows: 'first' })),
  )
  const mean = parts[0].embedding.map((_, i) =>
    parts.reduce((sum, { embedding }) => sum + embedding[i] / 3, 0),
  )
  for (const [i, value] of made.embedding.entries()) t.ok(Math.abs(value - mean[i]) < 1e-6)
  const first = await clvp.voice(clip(samples), { windows: 'first' })
  t.same(positions(first), [[[0, window]]])
  t.same(first.embedding, parts[0].embedding)
  t.notSame(made.embedding, first.embedding)
})

t.test('seconds limits what is heard', async (t) => {
  const samples = glide(4 * clipSeconds)
  const heard = async (seconds, clips = clip(samples)) =>
    positions(await clvp.voice(clips, { seconds })).map(({ length }) => length)
  t.same(await heard(60), [4])
  t.same(await heard(2 * clipSeconds), [2])
  t.same(await heard(0.5), [1], 'one at least')
  t.same(await heard(3 * clipSeconds, [clip(samples), clip(glide(1))]), [2, 1], 'the longer clip gets more')
})

t.test('leading silence is skipped, except with first', async (t) => {
  const sound = glide(0.8)
  const late = clip(joined(silence(4, sampleRate), sound, silence(4, sampleRate)))
  const [[[start, end]]] = positions(await clvp.voice(late))
  t.ok(start > 3.9 * sampleRate && start <= 4 * sampleRate, `${start / sampleRate} s`)
  t.ok(end >= 4.8 * sampleRate && end < 4.9 * sampleRate, `${end / sampleRate} s`)
  t.same(positions(await clvp.voice(late, { windows: 'first' })), [
    [[0, Math.min(window, late.samples.length)]],
  ])
})

t.test('random windows', async (t) => {
  const samples = glide(3 * clipSeconds)
  const at = async (seed) => {
    const made = await clvp.voice([clip(samples), clip(samples)], { windows: 'random', seed })
    t.equal(made.origin.seed, seed)
    return positions(made).flat()
  }
  const one = await at(1)
  t.same(await at(1), one, 'the seed draws them again')
  t.notSame(await at(2), one)
  t.notSame(one[0], one[1], 'each clip has its own')
  for (const [start, end] of one) t.equal(end - start, window)
  const drawn = await clvp.voice(clip(samples), { windows: 'random' })
  const again = await clvp.voice(clip(samples), { windows: 'random', seed: drawn.origin.seed })
  t.same(again.embedding, drawn.embedding, 'the voice tells a seed that was not given')
})

t.test('too little sound is refused, and the message says what there is', async (t) => {
  for (const [name, samples, message] of [
    ['digital silence', silence(5), /at least 0\.1 s of sound .* received 0\.00 s in a clip of 5\.00 s/],
    ['1 ms', glide(0.001), /received 0\.00 s in a clip of 0\.00 s/],
    ['a syllable cut off', glide(0.05), /received 0\.05 s in a clip of 0\.05 s/],
  ]) {
    for (const windows of ['all', 'first', 'random']) {
      await t.rejects(clvp.voice([tone(), clip(samples)], { windows }), { code: 'CLVP_AUDIO', message }, name)
    }
  }
  t.ok(await clvp.voice(tone(0.1)), '0.1 s is enough')
})

t.test('folders', async (t) => {
  const dir = t.testdir({ empty: { 'notes.txt': 'none' } })
  const folder = join(dir, 'emma')
  mkdirSync(folder)
  for (const [name, seconds] of [
    ['b.wav', 0.4],
    ['a.WAV', 0.3],
    ['c.wav', 0.5],
  ]) {
    writeFileSync(join(folder, name), wavOf(tone(seconds)))
  }
  writeFileSync(join(folder, 'notes.txt'), 'no clip')
  const made = await clvp.voice(folder)
  t.equal(made.clips, 3)
  t.same(
    made.origin.clips.map(({ name }) => name),
    ['a.WAV', 'b.wav', 'c.wav'],
    'ordered by name',
  )
  const named = await clvp.voice(['a.WAV', 'b.wav', 'c.wav'].map((name) => join(folder, name)))
  t.same(made.embedding, named.embedding)
  t.equal((await clvp.voice([folder, tone()])).clips, 4, 'beside a clip')
  const empty = join(dir, 'empty')
  await t.rejects(clvp.voice(empty), { code: 'CLVP_INVALID_ARGUMENT', message: /\.wav.*\.ogg.* found none/ })
})
