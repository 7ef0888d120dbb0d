// The memory of a call with its sound: estimated, bounded by maxMemory, and refused before anything is drawn.
import { join } from 'node:path'
import t from 'tap'
import { Clvp, convertFolder } from '../../dist/lib/index.js'
import { tinyFile, tone } from '../helpers/model.js'
import { speechSizes, writeSpeechFolder } from '../helpers/speech.js'

const mels = 100
const stages = {
  hifigan: { ...speechSizes.hifigan, channels: 256, rates: [8, 8, 2, 2] },
  diffusion: { ...speechSizes.diffusion, mels, width: 128 },
  vocoder: { ...speechSizes.vocoder, mels },
}
const folder = join(t.testdir({}), 'speech')
writeSpeechFolder(folder, { stages })
await convertFolder(folder, `${folder}.gguf`, { type: 'f32' })
const clvp = await Clvp.load(`${folder}.gguf`, { threads: 1 })
t.teardown(() => clvp.dispose())
const voice = await clvp.voice(tone(0.2))
const { estimateMemory, estimateBytes } = clvp.info
const draw = { candidates: 1, tokens: 30, textTokens: 10 }

t.test('a sound takes more than its codes, and the parts add up', async (t) => {
  for (const speech of ['hifigan', 'diffusion']) {
    const { total, ...parts } = estimateMemory({ ...draw, speech })
    t.equal(
      Object.values(parts).reduce((a, b) => a + b),
      total,
      speech,
    )
    t.ok(Object.values(parts).every((bytes) => Number.isInteger(bytes) && bytes >= 0))
    t.ok(total > estimateBytes(draw))
    t.ok(total > estimateBytes({ ...draw, tokens: 10, speech }))
  }
  t.equal(estimateMemory(draw).sound, 0)
})

t.test('guidance doubles a pass of the diffusion model', async (t) => {
  const asked = { ...draw, tokens: 40, speech: 'diffusion' }
  const [once, twice] = [0, 2].map((guidance) => estimateMemory({ ...asked, guidance }).activations)
  t.equal(twice, 2 * once)
  t.equal(estimateBytes({ ...asked, guidance: 2 }), estimateBytes(asked))
})

t.test('a bad request', async (t) => {
  for (const wrong of [
    { speech: 'auto' },
    { speech: 5 },
    { guidance: 2 },
    { speech: 'diffusion', guidance: -1 },
  ])
    t.throws(() => estimateMemory({ ...draw, ...wrong }), {
      code: 'CLVP_INVALID_ARGUMENT',
      message: /^Expected/,
    })
  const plain = await Clvp.load(await tinyFile())
  t.teardown(() => plain.dispose())
  t.throws(() => plain.info.estimateMemory({ candidates: 1, tokens: 9, speech: 'hifigan' }), {
    code: 'CLVP_UNSUPPORTED',
  })
})

t.test('speak() within maxMemory, and beyond it before anything is drawn', async (t) => {
  const told = []
  const options = {
    ...{ voice, candidates: 1, maxTokens: 30, seed: 1, gates: false, onProgress: (each) => told.push(each) },
  }
  for (const speech of ['hifigan', 'diffusion']) {
    const text = 'Hi.'
    const textTokens = (await clvp.explain(text)).tokens.length
    const fits = estimateBytes({ candidates: 1, tokens: 30, textTokens, speech })
    t.ok((await clvp.speak(text, { ...options, speech, maxMemory: fits })).samples.length > 0, speech)
    told.length = 0
    const error = {
      code: 'CLVP_OUT_OF_MEMORY',
      message: /^Expected a call within maxMemory, .*: use fewer tokens/,
    }
    await t.rejects(clvp.speak(text, { ...options, speech, maxMemory: fits - 1 }), error)
    t.throws(() => clvp.speakStream(text, { ...options, speech, maxMemory: fits - 1 }), error)
    t.same(told, [])
    t.ok((await clvp.generate(text, { voice, candidates: 1, maxTokens: 30, maxMemory: fits - 1 })).best)
  }
})
