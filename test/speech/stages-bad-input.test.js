// Each argument of SpeechModel's calls that is no good is refused with a typed error that names it.
import { join } from 'node:path'
import t from 'tap'
import { convertFolder, SpeechModel, Tensor } from '../../dist/lib/index.js'
import { speechSizes, writeSpeechFolder } from '../helpers/speech.js'

const folder = join(t.testdir({}), 'speech')
writeSpeechFolder(folder)
await convertFolder(folder, `${folder}.gguf`, { type: 'f32' })
const model = await SpeechModel.fromPretrained(`${folder}.gguf`, { threads: 1 })
t.teardown(() => model.dispose())

const { width, mels } = speechSizes.diffusion
const { noise } = speechSizes.vocoder
const product = (dims) => dims.reduce((all, dim) => all * dim, 1)
const ones = (...dims) => new Tensor(new Float32Array(product(dims)).fill(0.1), dims)
const ids = (...dims) => new Tensor(new Int32Array(product(dims)), dims)

/** Each call with arguments that are good, and the shapes of its tensors. */
const calls = {
  'diffusion.forward': {
    good: {
      x: ones(1, mels, 8),
      timesteps: ones(1),
      latents: ones(1, 2, 64),
      conditioning: ones(1, 2 * width),
    },
    missing: ['x', 'timesteps', 'latents', 'conditioning'],
  },
  'diffusion.sample': {
    good: {
      ...{ latents: ones(1, 2, 64), conditioning: ones(1, 2 * width), steps: 2 },
      ...{ noise: ones(1, mels, 8), stepNoise: ones(2, mels, 8) },
    },
    missing: ['latents', 'conditioning'],
  },
  'vocoder.forward': { good: { mel: ones(1, mels, 3), noise: ones(1, noise, 13) }, missing: ['mel'] },
  'hifigan.forward': {
    good: { latents: ones(1, 2, 64), conditioning: ones(1, 64) },
    missing: ['latents', 'conditioning'],
  },
  'encoder.encode': { good: { mel: ones(1, 80, 8) }, missing: ['mel'] },
}

function run(name, options) {
  const [stage, method] = name.split('.')
  return model[stage][method](options)
}

const invalid = (message) => ({ name: 'ClvpError', code: 'CLVP_INVALID_ARGUMENT', message })
const naming = (name) => invalid(new RegExp(`^Expected .*(${name}|received neither)`, 's'))
const unlike = /^Expected .+ but received /s

function detached({ data, dims }) {
  const lost = new Tensor(data.slice(), dims)
  structuredClone(lost.data.buffer, { transfer: [lost.data.buffer] })
  return lost
}

/** What could stand where a tensor should, by what is wrong with it. */
function* wrongTensors(good) {
  const { data, dims } = good
  const shaped = (...shape) => (good.data instanceof Int32Array ? ids(...shape) : ones(...shape))
  yield ['a number', 5]
  yield ['null', null]
  yield ['its data alone', data]
  yield ['an object like it', { data, dims }]
  yield ['a hollow tensor', Object.create(Tensor.prototype)]
  yield ['an axis too few', shaped(...dims.slice(1))]
  yield ['an axis too many', shaped(1, ...dims)]
  yield ['a batch of two', shaped(2 * dims[0], ...dims.slice(1))]
  yield ['no numbers', shaped(...dims.slice(0, -1), 0)]
  yield ['detached', detached(good)]
  yield ['a last axis too long', dims.length > 1 && shaped(...dims.slice(0, -1), dims.at(-1) + 1)]
  yield ['numbers of another type', new Tensor(new Int32Array(data.length), dims)]
}

/** Numbers of frames that any call takes. */
const anyLength = { x: 2, mel: 2, timesteps: -1 }
/** Either type does. */
const eitherType = ['timesteps']

t.test('tensors', async (t) => {
  for (const [call, { good }] of Object.entries(calls)) {
    await run(call, good)
    for (const [name, tensor] of Object.entries(good)) {
      if (!(tensor instanceof Tensor)) continue
      for (const [what, wrong] of wrongTensors(tensor)) {
        if (wrong === false || (eitherType.includes(name) && what.includes('another type'))) continue
        if (what === 'a last axis too long' && anyLength[name] === 2 && good.noise === undefined) continue
        if (name === 'timesteps' && what.startsWith('an axis')) continue // one number, of any shape
        await t.rejects(run(call, { ...good, [name]: wrong }), invalid(unlike), `${call}: ${name}: ${what}`)
      }
    }
  }
})

t.test('NaN and infinity', async (t) => {
  for (const [call, { good }] of Object.entries(calls)) {
    for (const [name, tensor] of Object.entries(good)) {
      if (!(tensor instanceof Tensor)) continue
      for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
        const data = tensor.data.slice()
        data[data.length - 1] = value
        await t.rejects(
          run(call, { ...good, [name]: new Tensor(data, tensor.dims) }),
          invalid(unlike),
          `${call}: ${name}: ${value}`,
        )
      }
    }
  }
})

t.test('what is missing, unknown or no object', async (t) => {
  for (const [call, { good, missing }] of Object.entries(calls)) {
    for (const name of missing) {
      const { [name]: _, ...others } = good
      await t.rejects(run(call, others), naming(name), `${call} without ${name}`)
    }
    await t.rejects(run(call, { ...good, bogus: 1 }), invalid(/'bogus'/), call)
    await t.rejects(run(call, { ...good, signal: 5 }), invalid(/AbortSignal for signal/), call)
    for (const options of [undefined, null, 5, 'text', []])
      await t.rejects(run(call, options), invalid(unlike))
    const mine = new Error('mine')
    const throwing = Object.defineProperty({ ...good }, missing[0], {
      enumerable: true,
      get() {
        throw mine
      },
    })
    await t.rejects(run(call, throwing), mine, `${call}: a getter that throws`)
  }
})

t.test('settings', async (t) => {
  const { good } = calls['diffusion.sample']
  const { noise: _, stepNoise: __, ...plain } = good
  for (const [name, values] of Object.entries({
    steps: [0, -1, 1.5, 4001, '5', Number.NaN, 2 ** 31, 10n],
    sampler: ['ddpm', 1, null],
    guidance: [-1, 100.5, Number.NaN, Number.POSITIVE_INFINITY, '1'],
    guidanceFrom: [-1, 1.5, Number.NaN, '1'],
    ramp: [1, null],
    temperature: [-1, 2.5, Number.NaN],
    seed: [-1, 0.5, 2 ** 53, '1'],
    onProgress: [5, {}],
  }))
    for (const value of values)
      await t.rejects(
        model.diffusion.sample({ ...plain, [name]: value }),
        invalid(unlike),
        `${name}: ${String(value)}`,
      )
  await t.rejects(model.diffusion.sample({ ...good, steps: 3 }), naming('stepNoise'))
  for (const seed of [-1, 0.5, '1']) await t.rejects(model.random.sample({ seed }), naming('seed'))
  await t.rejects(model.random.sample({ noise: { decoder: ones(1, 63) } }), naming('noise.decoder'))
  await t.rejects(model.random.sample({ noise: { bogus: ones(1) } }), invalid(/'bogus'/))
})

t.test('the time and codes of a pass', async (t) => {
  const { good } = calls['diffusion.forward']
  const { latents, ...others } = good
  for (const time of [-1, 4000, 1e9])
    await t.rejects(
      model.diffusion.forward({ ...good, timesteps: new Tensor(Float32Array.of(time), [1]) }),
      naming('timesteps'),
    )
  for (const code of [-1, speechSizes.diffusion.codes, 2 ** 31 - 1])
    await t.rejects(
      model.diffusion.forward({ ...others, codes: new Tensor(Int32Array.of(0, code), [1, 2]) }),
      naming('codes'),
    )
  await t.rejects(model.diffusion.forward(others), naming('latents or codes'))
  await t.rejects(model.diffusion.forward({ ...good, codes: ids(1, 2) }), naming('latents or codes'))
  await t.rejects(model.diffusion.forward({ ...others, codes: ids(1, 4097) }), invalid(unlike))
  await t.rejects(model.diffusion.forward({ ...good, latents: ones(1, 4097, 64) }), invalid(unlike))
})

t.test('clips', async (t) => {
  const mel = ones(1, mels, 8)
  for (const list of [
    undefined,
    null,
    mel,
    [],
    [mel, null],
    [ones(1, 3, 8)],
    Array(1000).fill(mel),
    new Set([mel]),
  ])
    await t.rejects(model.diffusion.condition({ mels: list }), naming('mels'))
})

t.test('too long', async (t) => {
  const long = 17833
  await t.rejects(model.vocoder.forward({ mel: ones(1, mels, long) }), invalid(unlike))
  await t.rejects(
    model.hifigan.forward({ latents: ones(1, 4097, 64), conditioning: ones(1, 64) }),
    invalid(unlike),
  )
  await t.rejects(model.diffusion.condition({ mels: [ones(1, mels, long)] }), invalid(unlike))
})

t.test('noise of a random voice that the model does not make', async (t) => {
  const half = join(t.testdir({}), 'half')
  writeSpeechFolder(half, { stages: { randomDecoder: speechSizes.randomDecoder } })
  await convertFolder(half, `${half}.gguf`, { type: 'f32' })
  const decoders = await SpeechModel.fromPretrained(`${half}.gguf`, { threads: 1 })
  t.teardown(() => decoders.dispose())
  t.same(Object.keys(await decoders.random.sample()), ['decoder'])
  const noise = { diffusion: ones(1, 64) }
  await t.rejects(decoders.random.sample({ noise }), {
    code: 'CLVP_UNSUPPORTED',
    message: /noise\.diffusion/,
  })
})
