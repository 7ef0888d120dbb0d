/** What a type does to the stages that turn codes into sound: their output beside that of the same stages in F32. */
import { loadModel } from '../../dist/lib/addon/jobs.js'
import { Tensor } from '../../dist/lib/index.js'
import { createSession } from '../../dist/lib/session/session.js'
import { DiffusionModel } from '../../dist/lib/speech/diffusion_model.js'
import { Hifigan, Vocoder } from '../../dist/lib/speech/sound_stages.js'
import { differences } from '../../test/helpers/golden.js'
import { framesOf, melRange, noise } from '../../test/helpers/speech_case.js'

const SEED = 1
/** Natural logarithm of 1,000: a frame that is 60 dB below the loudest is silent. */
const SILENT = Math.log(1000)
/** Steps of a sampling that is timed. */
const TIMED_STEPS = 2

/** The stages of a model, and the session that they share. */
export async function openStages(file, { parts, threads }) {
  const session = createSession(await loadModel(file, { device: 'cpu', parts }), threads ? { threads } : {})
  return {
    session,
    hifigan: new Hifigan(session),
    diffusion: new DiffusionModel(session),
    vocoder: new Vocoder(session),
    dispose: () => session.dispose(),
  }
}

const made = (name, dims, range) => new Tensor(noise(SEED, name, dims, range), dims)

function speak({ session, hifigan }, latents = 60) {
  const { latentWidth, voiceWidth } = session.info.speech.hifigan
  return hifigan.forward({
    latents: made('latents', [1, latents, latentWidth]),
    conditioning: made('voice', [1, voiceWidth]),
  })
}

function sample({ session, diffusion }, sampler, { steps = 20, guidance = 2, latents = 30 } = {}) {
  const { width, latentWidth, melChannels } = session.info.speech.diffusion
  const frames = framesOf(latents)
  return diffusion.sample({
    ...{ steps, sampler, guidance },
    latents: made('latents', [1, latents, latentWidth]),
    conditioning: made('conditioning', [1, 2 * width], { scale: 0.5 }),
    noise: made('start', [1, melChannels, frames]),
    ...(sampler === 'p' && { stepNoise: made('steps', [steps, melChannels, frames]) }),
  })
}

function predict({ session, diffusion }, latents = 30) {
  const { width, latentWidth, melChannels } = session.info.speech.diffusion
  return diffusion.forward({
    x: made('start', [1, melChannels, framesOf(latents)]),
    timesteps: new Tensor(Int32Array.of(1234), [1]),
    latents: made('latents', [1, latents, latentWidth]),
    conditioning: made('conditioning', [1, 2 * width], { scale: 0.5 }),
  })
}

/** Sound of a spectrogram; by default of a made-up one of 100 frames. */
function vocode({ session, vocoder }, mel) {
  const { melChannels, noiseChannels } = session.info.speech.vocoder
  const given = mel ?? made('mel', [1, melChannels, 100], melRange)
  return vocoder.forward({ mel: given, noise: made('vocoder', [1, noiseChannels, given.dims[2] + 10]) })
}

/**
 * By stage: `answer` gives its output, `timed` a call that is long enough to time; `sound` makes sound of the output, by the F32 model
 * where the stage itself does not.
 */
export const runs = [
  { key: 'hifigan', stage: 'hifigan', name: 'HiFi-GAN', answer: speak, timed: speak },
  { key: 'pass', stage: 'diffusion', name: 'diffusion, one pass', answer: predict },
  {
    key: 'p',
    stage: 'diffusion',
    name: 'diffusion, `p`',
    isMel: true,
    answer: (model) => sample(model, 'p'),
    timed: (model) => sample(model, 'p', { steps: TIMED_STEPS }),
  },
  {
    key: 'ddim',
    stage: 'diffusion',
    name: 'diffusion, `ddim`',
    isMel: true,
    answer: (model) => sample(model, 'ddim'),
  },
  { key: 'vocoder', stage: 'vocoder', name: 'UnivNet', answer: vocode, timed: vocode },
]

// --- distances --------------------------------------------------------------------------------------------------------

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length

/**
 * Mean distance of two spectrograms of natural logarithms, over the frames in which the expected one is not silent: whose loudest channel
 * is within 60 dB of the loudest of all.
 */
function melDistance(found, expected) {
  const [, channels, frames] = expected.dims
  const at = (mel, channel, frame) => mel.data[channel * frames + frame]
  const loudness = Array.from({ length: frames }, (_, frame) =>
    Math.max(...Array.from({ length: channels }, (_, channel) => at(expected, channel, frame))),
  )
  const limit = Math.max(...loudness) - SILENT
  const distances = loudness.flatMap((level, frame) =>
    level < limit
      ? []
      : Array.from({ length: channels }, (_, channel) =>
          Math.abs(at(found, channel, frame) - at(expected, channel, frame)),
        ),
  )
  return mean(distances)
}

async function melOf({ session }, sound) {
  const { data, channels, frames } = await session.speechMel(sound.data)
  return new Tensor(data, [1, channels, frames])
}

const largestDifference = (found, expected) =>
  found.data.reduce((most, value, i) => Math.max(most, Math.abs(value - expected.data[i])), 0)

/** { mel, largest } of a sound; of a spectrogram, of itself and of what the F32 vocoder makes of it. */
async function soundDistance({ isMel }, reference, found, expected) {
  const sounds = isMel
    ? [await vocode(reference, found), await vocode(reference, expected)]
    : [found, expected]
  const mels = isMel
    ? [found, expected]
    : [await melOf(reference, sounds[0]), await melOf(reference, sounds[1])]
  return { mel: melDistance(...mels), largest: largestDifference(...sounds) }
}

async function milliseconds(call) {
  const started = performance.now()
  await call()
  return performance.now() - started
}

/** The median of the ratios of a call's time to F32's, taking turns. */
async function timeRatio(run, reference, found, rounds) {
  const ratios = []
  for (let round = 0; round < rounds; round++) {
    const exact = await milliseconds(() => run.timed(reference))
    ratios.push((await milliseconds(() => run.timed(found))) / exact)
  }
  return ratios.sort((a, b) => a - b)[Math.floor(rounds / 2)]
}

/** A run's { error, mel, largest, time } beside F32's answer; those that it has. */
export async function measure(run, { reference, found, expected, rounds }) {
  const answer = await run.answer(found)
  const isSound = run.isMel || run.stage !== 'diffusion'
  return {
    error: differences(answer.data, expected.data).l2,
    ...(isSound && (await soundDistance(run, reference, answer, expected))),
    ...(run.timed && { time: await timeRatio(run, reference, found, rounds) }),
  }
}
