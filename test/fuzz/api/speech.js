/** The calls that make sound: those of Clvp, and those of SpeechModel one by one. */
import { join } from 'node:path'
import { Clvp, convertFolder, SpeechModel, Tensor, Voice } from '../../../dist/lib/index.js'
import { tone } from '../../helpers/model.js'
import { speechSizes, writeSpeechFolder } from '../../helpers/speech.js'
import { call, disposed, drained, floats, GENERATE, LOAD, WATCHED } from './call.js'

const SPEAK = [
  ...GENERATE.filter((name) => name !== 'latents'),
  ...['speech', 'steps', 'sampler', 'guidance', 'guidanceFrom', 'ramp', 'diffusionTemperature'],
  ...['split', 'pauses', 'gates', 'retries', 'brackets'],
]

/** The largest that is allowed: one more must be refused. */
export const speechMost = {
  steps: 4000,
  guidance: 100,
  guidanceFrom: 1,
  diffusionTemperature: 2,
  retries: 100,
}

export const speechOthers = {
  speech: ['auto', 'hifigan', 'diffusion'],
  steps: [1, 2],
  sampler: ['p', 'ddim', 'dpm++2m'],
  guidance: [0, 100],
  ramp: [true, false],
  diffusionTemperature: [0, 2],
  split: [{ max: 20 }, { mode: 'tortoise' }],
  pauses: [0, 1, () => 0.1],
  gates: [false, {}],
  retries: [0, 1],
  brackets: ['read'],
  conditioningFree: [true, false],
}

/** Recordings have spectrograms of a hundred channels. */
const mels = 100
const sizes = {
  ...speechSizes,
  diffusion: { ...speechSizes.diffusion, mels },
  vocoder: { ...speechSizes.vocoder, mels },
}

/** A model with all stages, as Clvp and as SpeechModel. */
export async function makeSpeech() {
  const folder = join(process.cwd(), 'speech')
  const file = `${folder}.gguf`
  writeSpeechFolder(folder, { stages: sizes })
  await convertFolder(folder, file, { type: 'f32' })
  const clvp = await Clvp.load(file, { threads: 1 })
  const model = await SpeechModel.fromPretrained(file, { threads: 1 })
  const voice = await clvp.voice(tone(0.2))
  return {
    ...{ file, clvp, model, voice },
    async dispose() {
      await clvp.dispose()
      await model.dispose()
    },
  }
}

export function callsOfSpeech({ speech }) {
  return [...spoken(speech), ...stages(speech)]
}

function spoken({ clvp, voice }) {
  const few = { voice, candidates: 1, maxTokens: 3, seed: 1, gates: false }
  const text = 'Hi.'
  const samples = { speech: 'diffusion', steps: 1, guidance: 0 }
  return [
    call('speak', (...args) => clvp.speak(...args), { text }, SPEAK, few),
    call('speak by diffusion', (...args) => clvp.speak(...args), { text }, SPEAK, { ...few, ...samples }),
    call('speakStream', (...args) => drained(clvp.speakStream(...args)), { text }, SPEAK, few),
    call('randomVoice', (...args) => clvp.randomVoice(...args), {}, ['seed', 'signal'], { seed: 1 }),
    call('voice of both kinds', (...args) => clvp.voice(...args), { clips: tone(0.2) }, ['signal']),
    call(
      'a voice of two kinds, used',
      (diffusion) =>
        clvp.speak(text, { ...few, ...samples, voice: new Voice(voice.embedding, 1, { diffusion }) }),
      { diffusion: voice.diffusion },
    ),
  ]
}

function stages({ file, model }) {
  const { width } = sizes.diffusion
  const { noise: noises } = sizes.vocoder
  const latents = floats([1, 2, 64])
  const [decoder, diffusion] = [floats([1, 64]), floats([1, 2 * width])]
  const x = floats([1, mels, 8])
  const timesteps = new Tensor(Float32Array.of(5), [1])
  const codes = new Tensor(Int32Array.of(1, 2), [1, 2])
  const stage = ['seed', ...WATCHED]
  return [
    call(
      'SpeechModel.fromPretrained',
      (...args) => disposed(SpeechModel.fromPretrained(...args)),
      { source: file },
      LOAD,
      { threads: 1 },
    ),
    call('diffusion.condition', (options) => model.diffusion.condition(options), {}, ['mels', 'signal'], {
      mels: [x],
    }),
    call('diffusion.condition of a mel', (mel) => model.diffusion.condition({ mels: [mel] }), { mel: x }),
    call(
      'diffusion.forward',
      (options) => model.diffusion.forward(options),
      {},
      ['x', 'timesteps', 'latents', 'codes', 'conditioning', 'conditioningFree', 'signal'],
      { x, timesteps, latents, conditioning: diffusion },
    ),
    call(
      'diffusion.forward of codes',
      (options) => model.diffusion.forward(options),
      {},
      ['x', 'timesteps', 'codes', 'conditioning', 'conditioningFree'],
      { x, timesteps, codes, conditioning: diffusion },
    ),
    call(
      'diffusion.sample',
      (options) => model.diffusion.sample(options),
      {},
      [
        ...['latents', 'conditioning', 'steps', 'sampler', 'guidance', 'guidanceFrom', 'ramp', 'temperature'],
        ...['noise', 'stepNoise', ...stage],
      ],
      { latents, conditioning: diffusion, steps: 2, noise: x, stepNoise: floats([2, mels, 8]) },
    ),
    call('vocoder.forward', (options) => model.vocoder.forward(options), {}, ['mel', 'noise', ...stage], {
      mel: x,
      noise: floats([1, noises, 18]),
    }),
    call(
      'hifigan.forward',
      (options) => model.hifigan.forward(options),
      {},
      ['latents', 'conditioning', ...WATCHED],
      { latents, conditioning: decoder },
    ),
    call('encoder.encode', (options) => model.encoder.encode(options), {}, ['mel', 'signal'], {
      mel: floats([1, 80, 8]),
    }),
    call('random.sample', (options) => model.random.sample(options), {}, ['noise', 'seed', 'signal'], {
      noise: { decoder, diffusion: floats([1, 64]) },
    }),
    call('random.sample of noise', (noise) => model.random.sample({ noise }), {}, ['decoder', 'diffusion'], {
      decoder,
    }),
  ]
}
