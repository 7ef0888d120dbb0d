/** What speaking costs, stage by stage: both ways from codes to sound. */
import { existsSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { addStages } from '../../dist/lib/index.js'
import { makeSpeechCase, publishedSize } from '../../test/helpers/speech_case.js'
import { writeSpeechFiles } from '../../test/helpers/speech_weights.js'
import { median } from './steps.mjs'

const here = (name) => fileURLToPath(new URL(name, import.meta.url))
/** Steps of the solver, whose steps are as good as several of tortoise's sampler. */
const solverSteps = 20
const recording = /\.(wav|mp3|flac|ogg)$/i

/** Adds random stages of the published sizes to a model of those sizes; a file that is there is kept. */
export async function addRandomStages(model, file, folder) {
  if (existsSync(file)) return
  const stages = mkdtempSync(join(folder, 'stages-'))
  try {
    writeSpeechFiles(stages, makeSpeechCase(publishedSize))
    await addStages(model, stages, `${file}.part`)
    renameSync(`${file}.part`, file)
  } finally {
    rmSync(stages, { recursive: true })
  }
}

/** The first folder of recordings among tortoise's voices. */
function firstVoice(folder) {
  if (folder === undefined) return undefined
  const voices = readdirSync(folder, { withFileTypes: true })
    .filter((each) => each.isDirectory())
    .map(({ name }) => name)
    .sort()
  const name = voices.find((each) => readdirSync(join(folder, each)).some((clip) => recording.test(clip)))
  if (name === undefined) throw new Error(`Expected folders with recordings in ${folder} but found none`)
  return { name, folder: join(folder, name) }
}

/**
 * Trials of all ways, which take turns; with `python`, of tortoise-tts' own classes too.
 *
 * @param {{ file: string, voices?: string, python?: string, threads: number, trials: number, candidates: number, codes: number, steps: number }} options
 * @param ask runs a program that prints JSON
 * @param say tells how far the measurement has come
 */
export function measureSpeak({ file, voices, python, threads, trials, candidates, codes, steps }, ask, say) {
  const voice = firstVoice(voices)
  const ours = (name, wanted) => {
    const asked = { file, voice: voice?.folder, candidates, codes, threads, ...wanted }
    return { name, run: () => ask(process.execPath, [here('speak_trial.mjs'), JSON.stringify(asked)]) }
  }
  const solver = { speech: 'diffusion', sampler: 'dpm++2m', steps: Math.min(steps, solverSteps) }
  const ways = {
    stream: ours('HiFi-GAN, 1 candidate, streamed', {
      candidates: 1,
      sound: { speech: 'hifigan' },
      streams: true,
    }),
    hifigan: ours('HiFi-GAN', { sound: { speech: 'hifigan' } }),
    diffusion: ours(`diffusion, ${steps} steps`, { sound: { speech: 'diffusion', steps } }),
    solver: ours(`diffusion, ${solver.steps} steps of dpm++2m`, { sound: solver }),
    small: ours("the same with parts: 'auto'", { sound: solver, parts: 'auto' }),
    ...(python && {
      reference: {
        name: `tortoise-tts, diffusion, ${steps} steps`,
        run: () =>
          ask(python, [
            here('tortoise_job.py'),
            ...Object.entries({ candidates, codes, steps, threads }).flatMap(([key, value]) => [
              `--${key}`,
              String(value),
            ]),
          ]),
      },
    }),
  }
  const found = Object.fromEntries(Object.keys(ways).map((key) => [key, []]))
  for (let i = 0; i < trials; i++) {
    for (const [key, { name, run }] of Object.entries(ways)) {
      say(`trial ${i + 1} of ${trials}: speak, ${name}`)
      found[key].push(run())
    }
  }
  return {
    voice: voice?.name ?? 'the demo voice',
    candidates,
    codes,
    trials,
    ways: Object.entries(ways).map(([key, { name }]) => withMedians({ key, name, trials: found[key] })),
  }
}

/** The medians of a way; undefined if it was not measured. */
export const speakWay = (result, key) => result.speak?.ways.find((way) => way.key === key)

function withMedians({ key, name, trials }) {
  const numbers = Object.keys(trials[0])
  return {
    key,
    name,
    ...Object.fromEntries(numbers.map((key) => [key, median(trials.map((each) => each[key]))])),
    trials,
  }
}

/** A stream does not tell its stages' times. */
const seconds = (value) => (value > 0 ? `${(value / 1000).toFixed(2)} s` : '')
const megabytes = (bytes) => `${Math.round(bytes / 1e6)} MB`
/** Seconds that a second of sound takes. */
const factor = (ms, length) => (ms / 1000 / length).toFixed(2)
const sum = (values) => values.reduce((total, value) => total + (value ?? 0), 0)

/** [heading, words, table] */
export function speakSection({ voice, candidates, codes, trials, ways }) {
  const rows = [
    ['load', ({ loadMs }) => seconds(loadMs)],
    ['voice', ({ voiceMs }) => seconds(voiceMs)],
    ['drawing and ranking', (way) => seconds(sum([way.drawMs, way.rankMs]))],
    ['latents', ({ latentsMs }) => seconds(latentsMs)],
    ['HiFi-GAN, or diffusion', (way) => seconds(sum([way.hifiganMs, way.diffusionMs]))],
    ['vocoder', ({ vocoderMs }) => seconds(vocoderMs)],
    ['first sound', ({ firstSoundMs }) => seconds(firstSoundMs)],
    ['the call', ({ speakMs }) => seconds(speakMs)],
    ['sound', ({ seconds: length }) => `${length.toFixed(2)} s`],
    ['the call, for a second of sound', (way) => factor(way.speakMs, way.seconds)],
    ['weights', ({ weightBytes }) => (weightBytes ? megabytes(weightBytes) : '')],
    ['peak memory', ({ peakBytes }) => megabytes(peakBytes)],
  ]
  const words = `speak() of Q8_0 with ${voice}: ${candidates} candidates of at most ${codes} codes, one of which becomes sound. tortoise-tts, if it is here: its classes in F32 with random weights, whose loading and reading of clips is not counted. Medians of ${trials}.`
  return [
    'Speaking',
    words,
    [['what', ...ways.map(({ name }) => name)], ...rows.map(([what, cell]) => [what, ...ways.map(cell)])],
  ]
}
