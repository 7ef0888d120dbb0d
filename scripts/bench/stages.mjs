/** What the stages from latents to sound take, beside tortoise-tts' own classes: HiFi-GAN, a pass of the diffusion model, UnivNet. */
import { fileURLToPath } from 'node:url'
import { median } from './steps.mjs'

const here = (name) => fileURLToPath(new URL(name, import.meta.url))
export const stageNames = {
  hifigan: 'HiFi-GAN',
  diffusion: 'a pass of the diffusion model',
  vocoder: 'UnivNet',
}

/**
 * Trials of both sides, which take turns.
 *
 * @param {{ file: string, python: string, threads: number, trials: number, codes: number, rounds: number }} options
 * @param ask runs a program that prints JSON
 * @param say tells how far the measurement has come
 */
export function measureStages({ file, python, threads, trials, codes, rounds }, ask, say) {
  const found = { ours: [], reference: [] }
  for (let i = 0; i < trials; i++) {
    say(`trial ${i + 1} of ${trials}: stages, tortoise-tts`)
    const settings = ['--codes', codes, '--threads', threads, '--rounds', rounds].map(String)
    found.reference.push(ask(python, [here('stages_reference.py'), ...settings]))
    say(`trial ${i + 1} of ${trials}: stages, ours`)
    found.ours.push(
      ask(process.execPath, [here('stages_trial.mjs'), JSON.stringify({ file, codes, threads, rounds })]),
    )
  }
  const stages = Object.keys(stageNames).map((name) => {
    const ms = (side) => median(found[side].map((trial) => trial[name]))
    return { name, oursMs: ms('ours'), referenceMs: ms('reference') }
  })
  return { codes, trials, seconds: (codes * 1024) / 22050, stages }
}

/** [heading, words, table]. */
export function stageSections({ codes, trials, seconds, stages }) {
  const ms = (value) => `${value.toFixed(value < 100 ? 1 : 0)} ms`
  return [
    [
      'Stages of speech',
      `From ${codes} latents, ${seconds.toFixed(1)} s of sound, published sizes. torch F32 with tortoise-tts' own classes; ours with the types of a Q8_0 model. Medians of ${trials} trials, taking turns.`,
      [
        ['stage', 'tortoise-tts', 'ours', 'times as fast', 'ours, of the length of the sound'],
        ...stages.map(({ name, oursMs, referenceMs }) => [
          stageNames[name],
          ms(referenceMs),
          ms(oursMs),
          `${(referenceMs / oursMs).toFixed(2)} x`,
          (oursMs / (1000 * seconds)).toFixed(3),
        ]),
      ],
    ],
  ]
}
