/** What speaking costs, stage by stage: both ways from codes to sound. */
import { existsSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { addStages } from '../../dist/lib/index.js'
import { makeSpeechCase, publishedSize } from '../../test/helpers/speech_case.js'
import { writeSpeechFiles } from '../../test/helpers/speech_weights.js'
import { median } from './steps.mjs'

const trial = fileURLToPath(new URL('speak_trial.mjs', import.meta.url))
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
 * Trials of both ways, which take turns.
 *
 * @param {{ file: string, voices?: string, threads: number, trials: number, candidates: number, codes: number, steps: number }} options
 * @param ask runs a program that prints JSON
 * @param say tells how far the measurement has come
 */
export function measureSpeak({ file, voices, threads, trials, candidates, codes, steps }, ask, say) {
  const voice = firstVoice(voices)
  const ways = [
    { name: 'HiFi-GAN', sound: { speech: 'hifigan' }, trials: [] },
    { name: `diffusion, ${steps} steps`, sound: { speech: 'diffusion', steps }, trials: [] },
  ]
  for (let i = 0; i < trials; i++) {
    for (const { name, sound, trials: found } of ways) {
      say(`trial ${i + 1} of ${trials}: speak, ${name}`)
      const asked = { file, voice: voice?.folder, candidates, codes, threads, sound }
      found.push(ask(process.execPath, [trial, JSON.stringify(asked)]))
    }
  }
  return { voice: voice?.name ?? 'the demo voice', candidates, codes, trials, ways: ways.map(withMedians) }
}

function withMedians({ name, trials }) {
  const numbers = Object.keys(trials[0])
  return {
    name,
    ...Object.fromEntries(numbers.map((key) => [key, median(trials.map((each) => each[key]))])),
    trials,
  }
}

const seconds = (value) => `${(value / 1000).toFixed(2)} s`
const megabytes = (bytes) => `${Math.round(bytes / 1e6)} MB`
/** Seconds that a second of sound takes. */
const factor = (ms, length) => (ms / 1000 / length).toFixed(2)

/** [heading, words, table] */
export function speakSection({ voice, candidates, codes, trials, ways }) {
  const rows = [
    ['load', ({ loadMs }) => seconds(loadMs)],
    ['voice', ({ voiceMs }) => seconds(voiceMs)],
    ['drawing and ranking', ({ drawMs }) => seconds(drawMs)],
    ['latents', ({ latentsMs }) => seconds(latentsMs)],
    ['HiFi-GAN, or diffusion', ({ hifiganMs, diffusionMs }) => seconds(hifiganMs + diffusionMs)],
    ['vocoder', ({ vocoderMs }) => (vocoderMs > 0 ? seconds(vocoderMs) : '')],
    ['the call', ({ speakMs }) => seconds(speakMs)],
    ['sound', ({ seconds: length }) => `${length.toFixed(2)} s`],
    [
      'codes to sound, for a second of it',
      (way) => factor(way.latentsMs + way.hifiganMs + way.diffusionMs + way.vocoderMs, way.seconds),
    ],
    ['the call, for a second of sound', (way) => factor(way.speakMs, way.seconds)],
    ['weights', ({ weightBytes }) => megabytes(weightBytes)],
    ['peak memory', ({ peakBytes }) => megabytes(peakBytes)],
  ]
  const words = `speak() of Q8_0 with ${voice}: ${candidates} candidates of at most ${codes} codes, one of which becomes sound. Medians of ${trials}.`
  return [
    'Speaking',
    words,
    [['what', ...ways.map(({ name }) => name)], ...rows.map(([what, cell]) => [what, ...ways.map(cell)])],
  ]
}
