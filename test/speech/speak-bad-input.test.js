// Each option of speak() and speakStream() that is no good is refused at once, with the common message.
import { join } from 'node:path'
import t from 'tap'
import { Clvp, convertFolder, Voice } from '../../dist/lib/index.js'
import { tone } from '../helpers/model.js'
import { speechSizes, writeSpeechFolder } from '../helpers/speech.js'

const { hifigan, diffusion, vocoder } = speechSizes
const mels = 100 // as many as a recording has

/** A model with some stages, and a voice of it. */
async function open(t, name, stages) {
  const folder = join(t.testdir({}), name)
  writeSpeechFolder(folder, { stages })
  await convertFolder(folder, `${folder}.gguf`, { type: 'f32' })
  const clvp = await Clvp.load(`${folder}.gguf`, { threads: 1 })
  t.teardown(() => clvp.dispose())
  return { clvp, voice: await clvp.voice(tone(0.2)) }
}

const both = await open(t, 'both', {
  hifigan,
  diffusion: { ...diffusion, mels },
  vocoder: { ...vocoder, mels },
})
const silent = await open(t, 'silent', {})
const fast = await open(t, 'fast', { hifigan })

const invalid = (message) => ({ name: 'ClvpError', code: 'CLVP_INVALID_ARGUMENT', message })
const expected = /^Expected .+ but received /s

/** That neither call draws anything before it refuses. */
async function refuses(t, { clvp, voice }, options, error, text = 'Hi.') {
  const drawn = []
  const given = {
    ...{ voice, candidates: 1, maxTokens: 2, onProgress: (each) => drawn.push(each) },
    ...options,
  }
  await t.rejects(clvp.speak(text, given), error)
  t.throws(() => clvp.speakStream(text, given), error)
  t.same(drawn, [], 'nothing was drawn')
}

t.test('values of the sound options', async (t) => {
  const wrong = {
    speech: ['tortoise', 1, null, {}],
    steps: [0, -1, 1.5, 4001, '80', Number.NaN, Number.POSITIVE_INFINITY, 10n],
    sampler: ['ddpm', 3, null],
    guidance: [-1, 101, Number.NaN, Number.POSITIVE_INFINITY, '2', null],
    guidanceFrom: [-0.1, 1.1, Number.NaN, '0.5', null],
    ramp: [1, 'yes', null],
    diffusionTemperature: [-0.1, 2.1, Number.NaN, '1'],
    split: [5, 'tortoise', { max: 0 }, { bogus: 1 }, null],
    pauses: [-1, 11, Number.NaN, '1', null],
    gates: [true, 5, { bogus: 1 }, null],
    retries: [-1, 101, 0.5, '2'],
    brackets: ['cut', true],
    signal: [5, {}, null],
    onProgress: [5, {}, null],
    voice: [undefined, 5, null, {}, new Float32Array(64)],
    compat: ['original', 5, {}, null, [1]],
    normalizer: ['german', 5, null],
    seed: [-1, 0.5, Number.NaN, 2 ** 53, '1'],
    candidates: [0, -1, 65537, '4'],
    maxTokens: [0, 1e6, '2'],
    history: [5, [-1], [1e6]],
    latents: [true],
    bogus: [1],
  }
  for (const [name, values] of Object.entries(wrong)) {
    for (const value of values) {
      const options = { [name]: value }
      await t.rejects(
        both.clvp.speak('Hi.', { voice: both.voice, candidates: 2, maxTokens: 2, ...options }),
        invalid(expected),
        `${name}: ${typeof value === 'bigint' ? value : JSON.stringify(value)}`,
      )
    }
  }
})

t.test('options that are never read are not accepted', async (t) => {
  for (const name of ['steps', 'guidance', 'diffusionTemperature'])
    await refuses(t, both, { speech: 'hifigan', [name]: 1 }, invalid(/Expected no .* with speech: 'hifigan'/))
  await refuses(t, both, { retries: 1 }, invalid(/Expected no retries with one candidate/))
})

t.test('options as a whole', async (t) => {
  const { clvp, voice } = both
  for (const options of [undefined, null, 5, 'text', [], new Float32Array(3)])
    await t.rejects(clvp.speak('Hi.', options), invalid(expected))
  const mine = new Error('mine')
  const options = {
    voice,
    get steps() {
      throw mine
    },
  }
  await t.rejects(clvp.speak('Hi.', options), mine, 'a getter that throws')
  const polluted = Object.create({ bogus: 1, steps: -1 }, { voice: { value: voice, enumerable: true } })
  const { samples } = await clvp.speak(
    'Hi.',
    Object.assign(polluted, { candidates: 1, maxTokens: 2, gates: false }),
  )
  t.ok(samples.length > 0, 'own properties alone count')
})

t.test('texts', async (t) => {
  for (const text of [null, 5, {}, ['Hi.']])
    await refuses(t, both, {}, invalid(/Expected a string for text/), text)
  for (const text of ['', ' \n ', '***'])
    await refuses(t, both, {}, invalid(/Expected letters or numbers .* for text/), text)
  await refuses(t, both, {}, { code: 'CLVP_UNSUPPORTED', message: /bracket/ }, '[Sadly,] hi.')
})

t.test('a model without the stage, before anything is drawn', async (t) => {
  const unsupported = (message) => ({ name: 'ClvpError', code: 'CLVP_UNSUPPORTED', message })
  await refuses(t, silent, {}, unsupported(/Expected a model that can speak/))
  await refuses(t, silent, { speech: 'hifigan' }, unsupported(/the stage 'hifigan'/))
  await refuses(t, fast, { speech: 'diffusion' }, unsupported(/the stage 'diffusion'/))
  await refuses(t, fast, { steps: 5 }, unsupported(/the stage 'diffusion'/))
  await t.rejects(fast.clvp.randomVoice(), unsupported(/the stage 'random'/))
})

t.test("a voice without the diffusion stage's vector, before anything is drawn", async (t) => {
  const { embedding } = both.voice
  for (const voice of [fast.voice, new Voice(embedding, 1, undefined, new Float32Array(3))])
    await refuses(t, both, { voice, speech: 'diffusion' }, invalid(/Expected a voice .* the diffusion stage/))
})
