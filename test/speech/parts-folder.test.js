// Parts that are kept in a folder: a call that was interrupted goes on there, and makes the same sound.
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { Clvp } from '../../dist/lib/index.js'
import { makeSpeakingModel, twoParts } from '../helpers/speaking_model.js'

const dir = t.testdir({})
const file = await makeSpeakingModel(dir, ['hifigan'])
const clvp = await Clvp.load(file, { threads: 1 })
t.teardown(() => clvp.dispose())
const voice = await clvp.voice(Clvp.demoVoice)
const base = { voice, seed: 5, maxTokens: 20, candidates: 2, retries: 0, split: twoParts.split }

/** When each file was written. */
const times = (folder) =>
  Object.fromEntries(readdirSync(folder).map((name) => [name, statSync(join(folder, name)).mtimeMs]))
const essence = (sound) =>
  JSON.parse(
    JSON.stringify(sound, (name, value) => (name === 'timings' || name === 'attempts' ? undefined : value)),
  )

t.test('an interrupted call goes on', async (t) => {
  const whole = await clvp.speak(twoParts.text, base)
  const folder = join(dir, 'interrupted')
  const abort = new AbortController()
  const onProgress = ({ part }) => part === 1 && abort.abort()
  const kept = { ...base, partsFolder: folder }
  await t.rejects(clvp.speak(twoParts.text, { ...kept, onProgress, signal: abort.signal }), {
    code: 'CLVP_ABORTED',
  })
  t.same(readdirSync(folder), ['0001.json', '0001.wav'])
  const stages = new Set()
  const sound = await clvp.speak(twoParts.text, {
    ...kept,
    onProgress: ({ part, stage }) => stages.add(`${part} ${stage}`),
  })
  t.ok(stages.size > 0 && [...stages].every((each) => each.startsWith('1 ')), 'only the second part is made')
  t.same(sound.samples, whole.samples)
  t.same(essence(sound), essence(whole))
  t.same(sound.parts[0].candidate.codes, whole.parts[0].candidate.codes)
  t.equal(sound.parts[0].candidate, sound.candidates[sound.candidates.indexOf(sound.best)])
})

t.test('without a seed it takes the one of the parts', async (t) => {
  const { seed: _, ...others } = base
  const options = { ...others, partsFolder: join(dir, 'unseeded') }
  const one = await clvp.speak(twoParts.text, options)
  const two = await clvp.speak(twoParts.text, options)
  t.equal(two.seed, one.seed)
  t.same(two.samples, one.samples)
})

t.test('parts of another text, voice, option or seed are made again', async (t) => {
  const folder = join(dir, 'other')
  const options = { ...base, partsFolder: folder }
  await clvp.speak(twoParts.text, options)
  let before = times(folder)
  const expectMade = async (names, text, more, label) => {
    const sound = await clvp.speak(text, { ...options, ...more })
    const after = times(folder)
    const made = Object.keys(after).filter((name) => after[name] !== before[name] && name.endsWith('.wav'))
    t.same(made, names, label)
    t.same(sound.samples, (await clvp.speak(text, { ...base, ...more })).samples, `${label}: the sound`)
    before = after
  }
  await expectMade([], twoParts.text, { batchSize: 1, pauses: 2 }, 'an option that a part does not depend on')
  await expectMade(['0002.wav'], 'Hello world. That is it.', {}, 'another second part')
  await expectMade(['0001.wav', '0002.wav'], 'Hello world. That is it.', { topK: 5 }, 'an option')
  await expectMade(['0001.wav', '0002.wav'], 'Hello world. That is it.', { topK: 5, seed: 6 }, 'a seed')
  const other = await clvp.voice({
    samples: new Float32Array(22050).map((_, i) => Math.sin(i / 9)),
    sampleRate: 22050,
  })
  await expectMade(['0001.wav', '0002.wav'], 'Hello world. That is it.', { voice: other }, 'a voice')
})

t.test('damaged parts are made again', async (t) => {
  const folder = join(dir, 'damaged')
  const options = { ...base, partsFolder: folder }
  const { samples } = await clvp.speak(twoParts.text, options)
  const at = (name) => join(folder, name)
  for (const damage of [
    () => writeFileSync(at('0001.wav'), readFileSync(at('0001.wav')).subarray(0, 400)),
    () => rmSync(at('0002.wav')),
    () => writeFileSync(at('0001.json'), '{"key":'),
    () => writeFileSync(at('0002.json'), 'null'),
    () =>
      writeFileSync(at('0002.json'), readFileSync(at('0002.json'), 'utf8').replace('"heard":', '"heart":')),
  ]) {
    damage()
    t.same((await clvp.speak(twoParts.text, options)).samples, samples, String(damage))
  }
})

t.test('a folder that cannot be used', async (t) => {
  writeFileSync(join(dir, 'file'), '')
  await t.rejects(clvp.speak('Hi.', { ...base, partsFolder: join(dir, 'file') }), { code: 'CLVP_IO' })
  await t.rejects(clvp.speak('Hi.', { ...base, partsFolder: '' }), { code: 'CLVP_INVALID_ARGUMENT' })
})
