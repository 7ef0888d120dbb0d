// Hostile model files with stages of speech, each wrong in one way: each is refused by name, soon, and none
// ends the process.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { Clvp, convertFolder, SpeechModel, Tensor } from '../../dist/lib/index.js'
import { writeSpeechFolder } from '../helpers/speech.js'
import { largest, products, speechCorpus } from './speech.js'

const dir = t.testdir({})
const [folder, path, soundPath] = ['pair', 'model.gguf', 'sound.gguf'].map((name) => join(dir, name))
writeSpeechFolder(folder)
await convertFolder(folder, soundPath, { type: 'f32' })
const sound = readFileSync(soundPath)

/** What a load of bytes is refused with; undefined if it is not. */
async function refusal(bytes) {
  writeFileSync(path, bytes)
  try {
    const clvp = await Clvp.load(path, { threads: 1 })
    await clvp.dispose()
  } catch (error) {
    return error
  }
}

t.test('each hostile file is refused by name, within a second', async (t) => {
  const counts = {}
  for (const { group, name, bytes, code, message } of speechCorpus(sound)) {
    counts[group] = (counts[group] ?? 0) + 1
    const started = performance.now()
    const error = await refusal(bytes)
    const ms = performance.now() - started
    const isRight = error?.name === 'ClvpError' && error.code === code && message.test(error.message)
    if (!isRight) t.match(error, { name: 'ClvpError', code, message }, `${group}: ${name}`)
    if (ms > 1000) t.fail(`${group}: ${name} took ${ms} ms`)
  }
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0)
  t.comment(`${total} files: ${JSON.stringify(counts)}`)
  t.ok(total >= 800, 'as many as there should be')
})

// In 32 bits these products would wrap to 0 or to a few.
t.test('rates whose product is too large for 32 bits', async (t) => {
  for (const { name, bytes, code, message } of speechCorpus(sound, { products }))
    t.match(await refusal(bytes), { name: 'ClvpError', code, message }, name)
})

t.test('sizes at the ends of their ranges load, and speak', async (t) => {
  const ones = (...dims) =>
    new Tensor(new Float32Array(dims.reduce((product, dim) => product * dim, 1)).fill(0.1), dims)
  for (const { name, bytes } of largest(sound)) {
    writeFileSync(path, bytes)
    const model = await SpeechModel.fromPretrained(path, { threads: 1 })
    const sounds = [
      await model.hifigan.forward({ latents: ones(1, 2, 64), conditioning: ones(1, 64) }),
      await model.vocoder.forward({ mel: ones(1, 8, 3) }),
    ]
    for (const { data } of sounds) t.ok(data.length > 0 && data.every(Number.isFinite), name)
    await model.dispose()
  }
})

t.test('the sound file still loads in this process', async (t) => {
  t.notOk(await refusal(sound))
})
