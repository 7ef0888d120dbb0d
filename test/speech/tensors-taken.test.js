// Tensors are copied in the call: memory that is taken away, overwritten or shared gives what a plain copy gives.
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
const wave = (...dims) => {
  const length = dims.reduce((all, dim) => all * dim, 1)
  return new Tensor(
    Float32Array.from({ length }, (_, i) => 0.5 * Math.sin(i)),
    dims,
  )
}
const codes = new Tensor(Int32Array.of(1, 20, 7), [1, 3])

/** Arguments of each call, all of them tensors. */
const calls = {
  'diffusion.forward': {
    ...{ x: wave(1, mels, 9), timesteps: new Tensor(Float32Array.of(9), [1]) },
    ...{ latents: wave(1, 3, 64), conditioning: wave(1, 2 * width) },
  },
  'diffusion.forward of codes': {
    ...{ x: wave(1, mels, 9), timesteps: new Tensor(Float32Array.of(9), [1]) },
    ...{ codes, conditioning: wave(1, 2 * width) },
  },
  'diffusion.sample': {
    ...{ latents: wave(1, 2, 64), conditioning: wave(1, 2 * width) },
    ...{ noise: wave(1, mels, 8), stepNoise: wave(2, mels, 8) },
  },
  'diffusion.condition': { mel: wave(1, mels, 9) },
  'vocoder.forward': { mel: wave(1, mels, 5), noise: wave(1, speechSizes.vocoder.noise, 15) },
  'hifigan.forward': { latents: wave(1, 3, 64), conditioning: wave(1, 64) },
  'encoder.encode': { mel: wave(1, 80, 12) },
  'random.sample': { decoder: wave(1, 64), diffusion: wave(1, 64) },
}

async function run(name, given) {
  const [stage, method] = name.split(' ')[0].split('.')
  const options = {
    sample: stage === 'random' ? { noise: given } : { ...given, steps: 2 },
    condition: { mels: [given.mel] },
  }[method]
  const found = await model[stage][method](options ?? given)
  const numbers = (each) => [...each.data]
  return found instanceof Tensor ? numbers(found) : Object.values(found).map(numbers)
}

/** Tensors of copies, in memory of this kind. */
function copies(given, Memory = ArrayBuffer) {
  const copy = ({ data, dims }) => {
    const held = new data.constructor(new Memory(data.byteLength))
    held.set(data)
    return new Tensor(held, dims)
  }
  return Object.fromEntries(Object.entries(given).map(([name, tensor]) => [name, copy(tensor)]))
}

for (const [name, given] of Object.entries(calls)) {
  t.test(name, async (t) => {
    const expected = await run(name, given)
    const taken = copies(given)
    const running = run(name, taken)
    for (const { data } of Object.values(taken)) structuredClone(data.buffer, { transfer: [data.buffer] })
    t.same(await running, expected, 'transferred right after the call')

    const overwritten = copies(given)
    const overwriting = run(name, overwritten)
    for (const { data } of Object.values(overwritten)) data.fill(0)
    t.same(await overwriting, expected, 'overwritten right after the call')

    t.same(await run(name, copies(given, SharedArrayBuffer)), expected, 'shared memory')
    t.same(await run(name, given), expected, 'what was passed is unchanged')
  })
}
