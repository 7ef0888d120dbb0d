/** Our answers to a case of speech_case.js, and how they are held against those of the reference's classes. */
import { Tensor } from '../../dist/lib/index.js'
import { tortoiseEnd } from '../../dist/lib/speech/tortoise_end.js'
import { decodeFloats, differences, makeClip, sampleLike } from './golden.js'
import { framesOf, ids, melRange, noise } from './speech_case.js'

/** Of max|a-b|: relative to max|b|, of sound to full scale; of a spectrogram that took many steps. */
const limits = { floats: 1e-4, sound: 1e-4, steps: 1e-3 }
/** What UnivNetGenerator adds behind a spectrogram. */
const padFrames = 10
/** Samples of a clip that tortoise takes, at 24 kHz. */
const window = 102_400
const calm = 83

/** Made-up inputs by name: `Inputs` of scripts/parity/speech_answers.py. */
class Inputs {
  constructor({ seed, stages }) {
    this.seed = seed
    this.stages = stages
    this.width = stages.hifigan.in_channels
    this.mels = stages.diffusion.in_channels
  }

  #floats(name, dims, options) {
    return new Tensor(noise(this.seed, name, dims, options), dims)
  }

  latents(codes) {
    return this.#floats(`latents ${codes}`, [1, codes, this.width])
  }

  codes(count) {
    return new Tensor(ids(this.seed, `codes ${count}`, count, this.stages.diffusion.in_tokens), [1, count])
  }

  voice() {
    return this.#floats('voice', [1, this.width])
  }

  conditioning() {
    return this.#floats('conditioning', [1, 2 * this.stages.diffusion.model_channels], { scale: 0.5 })
  }

  mel(name, frames) {
    return this.#floats(`mel ${name}`, [1, this.mels, frames], melRange)
  }

  noise(name, dims) {
    return this.#floats(`noise ${name}`, dims)
  }
}

function sample({ speech }, given, { codes, steps, sampler, guidance, temperature }) {
  const dims = [given.mels, framesOf(codes)]
  return speech.diffusion.sample({
    ...{ latents: given.latents(codes), conditioning: given.conditioning() },
    ...{ steps, sampler, guidance, temperature },
    noise: given.noise(`start ${codes}`, [1, ...dims]),
    // DDIM adds none.
    ...(sampler === 'p' && { stepNoise: given.noise(`steps ${codes} ${steps}`, [steps, ...dims]) }),
  })
}

function vocode({ speech }, given, { frames }, mel = given.mel(`vocode ${frames}`, frames)) {
  const dims = [1, given.stages.vocoder.noise_dim, frames + padFrames]
  return speech.vocoder.forward({ mel, noise: given.noise(`vocode ${frames}`, dims) })
}

async function randomVoice({ speech }, given, { stage }) {
  const noiseOf = (name) => given.noise(name, [1, given.stages[name].channels])
  const found = await speech.random.sample({
    noise: { decoder: noiseOf('randomDecoder'), diffusion: noiseOf('randomDiffusion') },
  })
  return stage === 'randomDecoder' ? found.decoder : found.diffusion
}

async function voiceOfClips({ clvp }, _given, seeds) {
  const clips = seeds.map((seed) => ({ samples: makeClip({ seed, samples: window }), sampleRate: 24000 }))
  const { diffusion } = await clvp.voice(clips, { windows: 'first' })
  return new Tensor(diffusion, [diffusion.length])
}

async function melOfClip({ session }, _given, clip) {
  const { data, channels, frames } = await session.follow((native) => native.speechMel(makeClip(clip)))
  return new Tensor(data, [1, channels, frames])
}

const many = (count, what) => `${count} ${what}${count === 1 ? '' : 's'}`

/**
 * By subject: the name of a request, our answer to it, and the limit. Models are { speech, univnet, clvp, session }, of which a subject
 * takes one: `univnet` is a SpeechModel with transformers' vocoder.
 */
const subjects = {
  sounds: {
    name: ({ codes }) => `HiFi-GAN, ${many(codes, 'code')}`,
    limit: () => limits.sound,
    isSound: true,
    answer: ({ speech }, given, { codes }) =>
      speech.hifigan.forward({ latents: given.latents(codes), conditioning: given.voice() }),
  },
  forwards: {
    name: ({ by, codes, time }) => `diffusion by ${by}, ${many(codes, 'code')}, time ${time}`,
    limit: () => limits.floats,
    answer({ speech }, given, { by, codes, time }) {
      const x = given.noise(`forward ${codes}`, [1, given.mels, framesOf(codes)])
      const input = { x, timesteps: new Tensor(Int32Array.of(time), [1]) }
      if (by === 'nothing') return speech.diffusion.forward({ ...input, conditioningFree: true })
      const aligned = by === 'codes' ? { codes: given.codes(codes) } : { latents: given.latents(codes) }
      return speech.diffusion.forward({ ...input, ...aligned, conditioning: given.conditioning() })
    },
  },
  conditions: {
    name: ({ clips, frames }) => `conditioning, ${many(clips, 'clip')} of ${frames} frames`,
    limit: () => limits.floats,
    answer({ speech }, given, { clips, frames }) {
      const mels = Array.from({ length: clips }, (_, clip) => given.mel(`condition ${clip}`, frames))
      return speech.diffusion.condition({ mels })
    },
  },
  samples: {
    name: ({ codes, steps, sampler, guidance, temperature }) =>
      `${sampler}, ${steps} steps, guidance ${guidance}, temperature ${temperature}, ${many(codes, 'code')}`,
    limit: () => limits.steps,
    answer: sample,
  },
  vocodes: {
    name: ({ frames }) => `UnivNet, ${many(frames, 'frame')}`,
    limit: () => limits.sound,
    isSound: true,
    answer: vocode,
  },
  univnets: {
    name: ({ frames }) => `transformers' UnivNet, ${many(frames, 'frame')}`,
    limit: () => limits.sound,
    isSound: true,
    answer({ univnet }, given, { frames }) {
      const dims = [1, given.stages.univnet.model_in_channels, frames + padFrames]
      const mel = given.mel(`vocode ${frames}`, frames)
      return univnet.vocoder.forward({ mel, noise: given.noise(`univnet ${frames}`, dims) })
    },
  },
  chains: {
    name: ({ codes, steps }) => `latents to sound, ${many(codes, 'code')}, ${steps} steps`,
    limit: () => limits.steps,
    isSound: true,
    async answer(models, given, request) {
      const mel = await sample(models, given, request)
      return vocode(models, given, { frames: framesOf(request.codes) }, mel)
    },
  },
  randoms: {
    name: ({ stage }) => `random voice, ${stage === 'randomDecoder' ? 'decoder' : 'diffusion'}`,
    limit: () => limits.floats,
    answer: randomVoice,
  },
  mels: {
    name: ({ samples }) => `mel of ${samples} samples`,
    limit: () => limits.floats,
    answer: melOfClip,
  },
  voices: {
    name: ({ length }) => `voice of ${many(length, 'clip')}`,
    limit: () => limits.floats,
    answer: voiceOfClips,
  },
}

function compareTensor({ name, limit, isSound }, request, actual, expected) {
  const wanted = decodeFloats(expected.data)
  const row = { quantity: name(request), limit: limit() }
  if (actual.dims.join() !== expected.shape.join()) {
    const found = `[${actual.dims}] for [${expected.shape}]`
    return { ...row, compared: found, max: Number.NaN, l2: Number.NaN, passed: false }
  }
  const { max, l2 } = differences(sampleLike(actual.data, expected), wanted)
  const largest = wanted.reduce((most, each) => Math.max(most, Math.abs(each)), 0)
  const rms = Math.sqrt(wanted.reduce((sum, each) => sum + each * each, 0) / wanted.length)
  return {
    ...row,
    compared: `${wanted.length} floats, rms ${rms.toPrecision(2)}`,
    ...{ max, l2, passed: (isSound ? max * largest : max) <= limit() },
  }
}

/**
 * Our answers to a subject beside the reference's: rows { quantity, compared, max, l2, limit, passed }. `max` is max|a-b| / max|b|.
 *
 * @param models what `subjects` take
 * @param expected the reference's answers
 */
export async function compareSpeech(models, asked, subject, expected) {
  const given = new Inputs(asked)
  const rows = []
  for (const [i, request] of asked[subject].entries()) {
    const actual = await subjects[subject].answer(models, given, request)
    rows.push(compareTensor(subjects[subject], request, actual, expected[i]))
  }
  return rows
}

/** Whether rows of codes end where tortoise ends them, as one row of a table. */
export function compareEnds(expected) {
  const wrong = expected.findIndex(({ fixed, kept }) => tortoiseEnd(Int32Array.from(fixed), calm) !== kept)
  const compared = `${expected.length} rows`
  return { quantity: 'ends of rows', compared, max: 0, l2: 0, limit: 0, passed: wrong < 0 }
}
