/** Models with all stages of speech, and the kinds of calls that make sound: `n` decides their settings, as in kinds.js. */
import { join } from 'node:path'
import { convertFolder, Tensor } from '../../dist/lib/index.js'
import { essence } from '../helpers/model.js'
import { speechSizes, writeSpeechFolder } from '../helpers/speech.js'

/** Recordings have spectrograms of a hundred channels. */
const mels = 100
const { diffusion, vocoder } = speechSizes
/** A model file; its diffusion stage is so large that a call of many steps takes many pieces. */
export async function speechFile(t, { width = diffusion.width, blocks = 2 } = {}) {
  const folder = join(t.testdir({}), 'speech')
  const stages = {
    ...speechSizes,
    diffusion: { ...diffusion, mels, width, blocks },
    vocoder: { ...vocoder, mels },
  }
  writeSpeechFolder(folder, { stages })
  await convertFolder(folder, `${folder}.gguf`, { type: 'f32' })
  return `${folder}.gguf`
}

/** Numbers that follow from the seed. */
export function wave(seed, ...dims) {
  const length = dims.reduce((all, dim) => all * dim, 1)
  return new Tensor(
    Float32Array.from({ length }, (_, i) => 0.5 * Math.sin(i * (1 + seed / 10))),
    dims,
  )
}

const settings = (voice, n) => ({
  ...{ voice, candidates: 1 + (n % 3), maxTokens: 4 + (n % 12), seed: n, deterministic: true, gates: false },
})

const text = (n) => (n % 2 ? `Text number ${n % 5}.` : `Text. Number ${n % 5}.`)

async function speak(clvp, voice, n, options) {
  const { samples, best, parts } = await clvp.speak(text(n), { ...settings(voice, n), ...options })
  return [samples, essence(best), parts.length]
}

function speakByDiffusion(clvp, voice, n, options) {
  return speak(clvp, voice, n, { speech: 'diffusion', steps: 1 + (n % 4), guidance: n % 3, ...options })
}

async function speakStream(clvp, voice, n, options) {
  const samples = []
  for await (const piece of clvp.speakStream(text(n), { ...settings(voice, n), candidates: 1, ...options }))
    samples.push(...piece.samples)
  return samples
}

/** Leaves the loop in the middle. */
async function leave(clvp, voice, n, options) {
  const given = { ...settings(voice, n), candidates: 1, maxTokens: 30, ...options }
  for await (const { samples } of clvp.speakStream(text(n), given)) return samples
}

async function randomVoice(clvp, _, n, options) {
  const { embedding, diffusion } = await clvp.randomVoice({ seed: n, ...options })
  return [embedding, diffusion]
}

export const speakKinds = {
  speak: { draws: true, tells: true, call: speak },
  speakByDiffusion: { draws: true, tells: true, call: speakByDiffusion },
  speakStream: { draws: true, tells: true, call: speakStream },
  leave: { draws: true, tells: true, call: leave },
  randomVoice: { call: randomVoice },
}

/** Calls of SpeechModel. */
export const stageKinds = {
  sample: {
    tells: true,
    call: ({ diffusion: stage }, _, n, options) =>
      stage.sample({
        ...{ latents: wave(n, 1, 2 + n, 64), conditioning: wave(n, 1, 2 * diffusion.width), seed: n },
        ...{ steps: 1 + (n % 9), guidance: n % 3, sampler: ['p', 'ddim', 'dpm++2m'][n % 3], ...options },
      }),
  },
  pass: {
    call: ({ diffusion: stage }, _, n, options) =>
      stage.forward({
        ...{
          x: wave(n, 1, mels, 5 + n),
          timesteps: wave(n, 1),
          conditioning: wave(n, 1, 2 * diffusion.width),
        },
        ...{ latents: wave(n, 1, 3 + n, 64), timesteps: new Tensor(Float32Array.of(n), [1]), ...options },
      }),
  },
  condition: {
    call: ({ diffusion: stage }, _, n, options) =>
      stage.condition({ mels: [wave(n, 1, mels, 20 + n), wave(n, 1, mels, 7)], ...options }),
  },
  vocoder: {
    tells: true,
    call: ({ vocoder: stage }, _, n, options) =>
      stage.forward({ mel: wave(n, 1, mels, 40 * (1 + (n % 7))), seed: n, ...options }),
  },
  hifigan: {
    tells: true,
    call: ({ hifigan }, _, n, options) =>
      hifigan.forward({ latents: wave(n, 1, 5 * (1 + n), 64), conditioning: wave(n, 1, 64), ...options }),
  },
  encoder: {
    call: ({ encoder }, _, n, options) => encoder.encode({ mel: wave(n, 1, 80, 30 + n), ...options }),
  },
  random: { call: ({ random }, _, n, options) => random.sample({ seed: n, ...options }) },
}
