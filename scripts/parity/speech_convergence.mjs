/** How fast the sampler dpm++2m comes near its limit: twice the steps quarter the distance, for a solver of second order. */
import { rmSync } from 'node:fs'
import { convertFolder, SpeechModel, Tensor } from '../../dist/lib/index.js'
import { differences } from '../../test/helpers/golden.js'
import { framesOf, noise, smoothSize } from '../../test/helpers/speech_case.js'
import { writeSpeechCase } from '../../test/helpers/speech_models.js'
import { printTable } from './table.mjs'

const STEPS = [10, 20, 40, 80]
const LIMIT_STEPS = 1000
const CODES = 5
/** Of the last doubling, and of each. The first ones are far from the limit. */
const LEAST_ORDER = { last: 1.7, each: 1 }

/** Distances from the limit, and the order of each doubling. */
async function measure({ diffusion }, guidance) {
  const { seed, width, mels, diffusion: sizes } = smoothSize
  const tensor = (name, dims, options) => new Tensor(noise(seed, name, dims, options), dims)
  const frames = framesOf(CODES)
  const draw = async (steps) => {
    const { data } = await diffusion.sample({
      latents: tensor('latents', [1, CODES, width]),
      conditioning: tensor('conditioning', [1, 2 * sizes.channels], { scale: 0.5 }),
      noise: tensor('start', [1, mels, frames]),
      ...{ steps, sampler: 'dpm++2m', guidance, temperature: 1 },
    })
    return data
  }
  const limit = await draw(LIMIT_STEPS)
  const distances = []
  for (const steps of STEPS) distances.push(differences(await draw(steps), limit).l2)
  const orders = distances.slice(1).map((distance, i) => Math.log2(distances[i] / distance))
  const passed = orders.at(-1) >= LEAST_ORDER.last && orders.every((order) => order >= LEAST_ORDER.each)
  return { guidance, distances, orders, passed }
}

/**
 * Prints a table; whether the order is the second.
 *
 * @param folder a new one, for the model
 */
export async function compareConvergence(folder, { threads }) {
  const file = `${folder}.gguf`
  writeSpeechCase(smoothSize, folder)
  await convertFolder(folder, file, { type: 'f32' })
  const model = await SpeechModel.fromPretrained(file, { device: 'cpu', threads })
  const found = []
  try {
    for (const guidance of [0, 2]) found.push(await measure(model, guidance))
  } finally {
    await model.dispose()
    rmSync(file)
  }
  const heading = ['dpm++2m', 'steps', `L2 from ${LIMIT_STEPS} steps`, 'order', 'verdict']
  const rows = found.flatMap(({ guidance, distances, orders, passed }) =>
    distances.map((distance, i) => {
      const order = i === 0 ? '' : orders[i - 1].toFixed(2)
      const verdict = i + 1 < STEPS.length ? '' : passed ? 'ok' : 'FAIL'
      return [`guidance ${guidance}`, String(STEPS[i]), distance.toExponential(1), order, verdict]
    }),
  )
  printTable([heading, ...rows])
  return found.every(({ passed }) => passed)
}
