/** Steps of the diffusion model against what is heard: the table that the presets rest on. */
import { mean } from '../statistics.mjs'
import { markdownTable, percent } from './context.mjs'
import { errorRate } from './words.mjs'

const sentences = 24
const settings = [
  { sampler: 'p', steps: 400 },
  { sampler: 'p', steps: 80 },
  ...[5, 10, 20, 30, 50].flatMap((steps) => [
    { sampler: 'ddim', steps },
    { sampler: 'dpm++2m', steps },
  ]),
]

export async function measureSteps(context) {
  const { clvp, voice } = context
  const rows = []
  let reference
  for (const { sampler, steps } of settings) {
    const began = performance.now()
    const files = []
    let seconds = 0
    for (const [i, { text }] of context.sentences.slice(0, sentences).entries()) {
      const options = { voice, candidates: 8, seed: i, gates: false, speech: 'diffusion', sampler, steps }
      const sound = await clvp.speak(text, options)
      seconds += sound.samples.length / sound.sampleRate
      files.push({ text, file: await context.keep(`steps-${sampler}-${steps}-${i}`, sound) })
    }
    const took = (performance.now() - began) / 1000
    reference ??= files
    const pairs = files.map(({ file }, i) => ({ made: file, true: reference[i].file }))
    const apart = mean(context.judge('nearness.py', ['JOB'], pairs))
    rows.push([
      sampler,
      steps,
      apart.toFixed(3),
      percent(errorRate(context, files)),
      (took / seconds).toFixed(2),
    ])
    console.error(`measured ${sampler}, ${steps} steps`)
  }
  context.tables.steps = markdownTable(
    ['sampler', 'steps', 'mel distance to 400 steps of p', 'word errors', 'seconds for a second of sound'],
    rows,
  )
}
