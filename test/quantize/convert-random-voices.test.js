// tortoise's rlg_auto.pth and rlg_diffuser.pth become parts of the model file, scaled as they are used.
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { randomLatentTensors } from '../helpers/speech.js'
import { convertStage, layer, refusals, stageFolder, worst } from '../helpers/stage_case.js'

const stages = { randomDecoder: { width: 64, seed: 2 }, randomDiffusion: { width: 48, seed: 3 } }
const lengths = (values) =>
  Object.fromEntries(Object.entries(values).filter(([key]) => key.startsWith('clvp.random.')))

t.test('both halves, or one', async (t) => {
  const folder = stageFolder(t, stages)
  const half = (name, width) => [0, 1, 2, 3, 4, 5].flatMap((i) => layer(`random.${name}.${i}`, width, width))
  const both = await convertStage(folder, 'random.')
  t.same(lengths(both.values), {
    'clvp.random.layer_count': 6,
    'clvp.random.decoder_length': 64,
    'clvp.random.diffusion_length': 48,
  })
  t.same(both.shapes, [...half('decoder', 64), ...half('diffusion', 48)])
  rmSync(join(folder, 'rlg_auto.pth'))
  const one = await convertStage(folder, 'random.')
  t.same(lengths(one.values), {
    'clvp.random.layer_count': 6,
    'clvp.random.decoder_length': 0,
    'clvp.random.diffusion_length': 48,
  })
  t.same(one.shapes, half('diffusion', 48))
  rmSync(join(folder, 'rlg_diffuser.pth'))
  t.same(lengths((await convertStage(folder, 'random.')).values), {})
})

t.test('weights and biases of all layers but the last are scaled', async (t) => {
  const weights = randomLatentTensors(stages.randomDiffusion)
  const { numbers } = await convertStage(stageFolder(t, stages), 'random.')
  const scaled = (name, factor) => (i) => weights[name].values[i] * factor
  const rounding = 2 ** -24
  const difference = async (name, from, factor) => worst(await numbers(name), scaled(from, factor))
  const weight = await difference('random.diffusion.4.weight', 'layers.4.weight', 0.1 / Math.sqrt(48))
  t.ok(weight < rounding, `a weight: ${weight}`)
  const bias = await difference('random.diffusion.0.bias', 'layers.0.bias', 0.1)
  t.ok(bias < rounding, `a bias: ${bias}`)
  t.equal(await difference('random.diffusion.5.weight', 'layers.5.weight', 1), 0)
  t.equal(await difference('random.diffusion.5.bias', 'layers.5.bias', 1), 0)
})

t.test('what is refused', async (t) => {
  const folder = stageFolder(t, { randomDecoder: stages.randomDecoder })
  const refused = refusals(t, folder, 'rlg_auto.pth', randomLatentTensors(stages.randomDecoder))
  const [format, unsupported] = ['CLVP_MODEL_FORMAT', 'CLVP_UNSUPPORTED']
  const other = (width) => (all) => Object.assign(all, randomLatentTensors({ width }))
  await refused(
    (all) => delete all['layers.5.bias'],
    format,
    /layers\.5\.bias is missing: expected a generator/,
  )
  await refused((all) => delete all['layers.0.weight'], format, /layers\.0\.weight is missing/)
  await refused(
    (all) => (all['layers.6.bias'] = all['layers.5.bias']),
    unsupported,
    /layers\.6\.bias does not/,
  )
  await refused(
    (all) => (all['layers.2.bias'] = { shape: [1], values: new Float32Array(1) }),
    format,
    /\[64\]/,
  )
  await refused(other(32), format, /32 channels of a voice: expected 64, the decoder's width/)
})
