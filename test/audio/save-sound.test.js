// A saved sound is a whole file or none, whatever happens on the way.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { checkSoundFile } from '../../dist/lib/audio/output/save_sound.js'
import { encodeSound, Sound, saveSound } from '../../dist/lib/index.js'
import { speech } from '../helpers/signals.js'
import { decoded } from '../helpers/sound.js'

const wrong = { code: 'CLVP_INVALID_ARGUMENT' }
const samples = speech(3, 24_000)
const sound = new Sound(samples, 24_000, { title: 'a' })
const sampleRate = 24_000

t.test('pieces give the file that the whole gives', async (t) => {
  const dir = t.testdir()
  const asked = []
  async function* pieces() {
    for (let at = 0; at < samples.length; at += 10_007) {
      asked.push(readdirSync(dir).join())
      yield samples.subarray(at, at + 10_007)
    }
    yield new Float32Array()
  }
  for (const name of ['a.wav', 'a.FLAC']) {
    await sound.save(join(dir, `whole-${name}`))
    await saveSound(join(dir, name), pieces(), { sampleRate, metadata: sound.metadata })
    t.ok(readFileSync(join(dir, name)).equals(readFileSync(join(dir, `whole-${name}`))), name)
  }
  t.match(asked[0], /a\.wav\..*\.tmp/, 'the temporary file is there before the first piece')
  t.same(readdirSync(dir).sort(), ['a.FLAC', 'a.wav', 'whole-a.FLAC', 'whole-a.wav'])
})

t.test('in memory as in a file', async (t) => {
  const dir = t.testdir()
  for (const [format, how] of [
    ['wav', 'toWav'],
    ['flac', 'toFlac'],
  ]) {
    for (const options of [{}, { bitDepth: 24 }, { metadata: false }]) {
      const file = join(dir, `a.${format}`)
      await sound.save(file, options)
      t.ok(readFileSync(file).equals(await sound[how](options)), `${format} ${JSON.stringify(options)}`)
    }
  }
})

t.test('the format is that of the extension, or of the option', async (t) => {
  const dir = t.testdir()
  await sound.save(join(dir, 'a'), { format: 'flac' })
  await sound.save(join(dir, 'a.sound'), { format: 'wav' })
  t.equal(readFileSync(join(dir, 'a'), 'latin1').slice(0, 4), 'fLaC')
  t.equal(readFileSync(join(dir, 'a.sound'), 'latin1').slice(0, 4), 'RIFF')
  for (const name of ['b', 'b.txt', 'b.aac', '.wav', 'b.wav.bak'])
    await t.rejects(
      sound.save(join(dir, name)),
      { ...wrong, message: /\.wav, \.flac, \.mp3, \.opus, \.ogg/ },
      name,
    )
  await t.rejects(sound.save(join(dir, 'b.mp3'), { format: 'wav' }), { ...wrong, message: /ends in \.wav/ })
  t.same(readdirSync(dir).sort(), ['a', 'a.sound'])
})

t.test('wrong arguments', async (t) => {
  const file = join(t.testdir(), 'a.wav')
  for (const options of [
    null,
    { bitDepth: 8 },
    { bitDepth: '16' },
    { metadata: {} },
    { format: 'aac' },
    { x: 1 },
    { signal: {} },
  ])
    await t.rejects(sound.save(file, options), wrong)
  await t.rejects(sound.save(file.replace('.wav', '.flac'), { bitDepth: 32 }), wrong)
  await t.rejects(sound.save(file.replace('.wav', '.ogg'), { bitDepth: 16 }), wrong)
  for (const pieces of [undefined, 5, 'abc', {}, samples, [[1]], [samples, 'a']])
    await t.rejects(saveSound(file, pieces, { sampleRate }), wrong)
  for (const options of [undefined, {}, { sampleRate: 5 }, { sampleRate, metadata: true }])
    await t.rejects(saveSound(file, [samples], options), wrong)
  await t.rejects(saveSound(file, [], { sampleRate }), { code: 'CLVP_AUDIO' })
  await t.rejects(saveSound(file, [new Float32Array()], { sampleRate }), { code: 'CLVP_AUDIO' })
  for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
    const pieces = [Float32Array.of(0, 1), Float32Array.of(0, bad)]
    await t.rejects(saveSound(file, pieces, { sampleRate }), { ...wrong, message: /sample 3/ })
  }
  t.same(readdirSync(join(file, '..')), [])
})

t.test('the old file stays when the producer fails', async (t) => {
  const dir = t.testdir({ 'a.wav': 'old' })
  const mine = new Error('mine')
  async function* pieces() {
    yield samples
    throw mine
  }
  await t.rejects(saveSound(join(dir, 'a.wav'), pieces(), { sampleRate }), mine)
  t.same(readdirSync(dir), ['a.wav'])
  t.equal(readFileSync(join(dir, 'a.wav'), 'utf8'), 'old')
})

t.test('an abort ends it at once, though the producer never gives another piece', async (t) => {
  const dir = t.testdir()
  const controller = new AbortController()
  let isStopped = false
  const pieces = {
    [Symbol.asyncIterator]: () => ({
      count: 0,
      next() {
        return this.count++ === 0 ? Promise.resolve({ value: samples, done: false }) : new Promise(() => {})
      },
      async return() {
        isStopped = true
        return { done: true }
      },
    }),
  }
  const saved = saveSound(join(dir, 'a.wav'), pieces, { sampleRate, signal: controller.signal })
  await sleep(30)
  controller.abort(new Error('enough'))
  await t.rejects(saved, { code: 'CLVP_ABORTED', cause: { message: 'enough' } })
  t.ok(isStopped)
  t.same(readdirSync(dir), [])
  const before = AbortSignal.abort()
  const calls = [
    () => sound.save(join(dir, 'a.wav'), { signal: before }),
    () => sound.toWav({ signal: before }),
    () => sound.toFlac({ signal: before }),
  ]
  for (const call of calls) await t.rejects(call(), { code: 'CLVP_ABORTED' })
})

t.test('long sounds leave the event loop its time', async (t) => {
  const long = new Sound(new Float32Array(20 * 60 * 24_000).fill(0.25), 24_000)
  let turns = 0
  const timer = setInterval(() => turns++, 1)
  await long.toFlac()
  clearInterval(timer)
  t.ok(turns > 50, `${turns} turns`)
})

t.test('samples that go away while they are encoded', async (t) => {
  const going = new Float32Array(200_000)
  const stream = encodeSound([going], { sampleRate })
  await stream.next() // the header
  await stream.next() // the first part
  structuredClone(going.buffer, { transfer: [going.buffer] })
  await t.rejects(stream.next(), wrong)
})

t.test('what saving needs is checked before there is a sound', async (t) => {
  const dir = t.testdir({ file: '' })
  await checkSoundFile(join(dir, 'a.wav'), { bitDepth: 32 })
  t.same(readdirSync(dir), ['file'])
  await t.rejects(checkSoundFile(join(dir, 'a.txt')), wrong)
  await t.rejects(checkSoundFile(join(dir, 'a.flac'), { bitDepth: 32 }), wrong)
  await t.rejects(checkSoundFile(join(dir, 'no', 'a.wav')), { code: 'CLVP_IO' })
  await t.rejects(checkSoundFile(join(dir, 'file', 'a.wav')), { code: 'CLVP_IO' })
  await t.rejects(checkSoundFile(''), wrong)
})

t.test('a sound knows its length, and leaves its samples out of JSON', async (t) => {
  t.equal(sound.seconds, 3)
  t.same(JSON.parse(JSON.stringify(sound)), { sampleRate: 24_000, seconds: 3, metadata: { title: 'a' } })
  t.throws(() => {
    sound.metadata.title = 'b'
  }, TypeError)
  for (const bad of [[], [samples], [samples, 5], [[1], 24_000], [new Float32Array(), 24_000]])
    t.throws(() => new Sound(...bad), wrong)
  class Speech extends Sound {
    text = 'Hi.'
  }
  const file = join(t.testdir(), 'a.flac')
  await new Speech(samples, 24_000).save(file)
  t.equal((await decoded(readFileSync(file), 24_000)).length, samples.length)
})

t.test('an existing file is replaced, also one that cannot be written to', async (t) => {
  const file = join(t.testdir({}), 'a.wav')
  writeFileSync(file, 'old', { mode: 0o400 })
  await sound.save(file)
  t.equal(readFileSync(file, 'latin1').slice(0, 4), 'RIFF')
})
