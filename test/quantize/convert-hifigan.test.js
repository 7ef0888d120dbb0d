// tortoise's hifidecoder.pth becomes a part of the model file: keys, layout, weight norm, and what is
// refused.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { hifiganTensors, writeTorch } from '../helpers/speech.js'
import { convertStage, fold, layer, refusals, stageFolder, worst } from '../helpers/stage_case.js'

const sizes = { latent: 64, channels: 16, rates: [4, 2], kernels: [3, 5] }
const weights = hifiganTensors(sizes)
/** Of double precision, rounded once. */
const rounding = 2 ** -24

t.test('keys and tensors', async (t) => {
  const { values, shapes } = await convertStage(stageFolder(t, { hifigan: sizes }), 'hifigan.')
  t.same(Object.fromEntries(Object.entries(values).filter(([key]) => key.includes('hifigan'))), {
    'clvp.hifigan.latent_length': 64,
    'clvp.hifigan.channel_count': 16,
    'clvp.hifigan.conditioning_length': 64,
    'clvp.hifigan.upsample_rates': [4, 2],
    'clvp.hifigan.resblock_kernel_sizes': [3, 5],
    'clvp.hifigan.resblock_dilations': [1, 3, 5],
  })
  const block = (name, taps, width) =>
    [0, 1, 2].flatMap((dilation) => [
      ...layer(`${name}.first.${dilation}`, taps * width, width),
      ...layer(`${name}.second.${dilation}`, taps * width, width),
    ])
  t.same(shapes, [
    ...layer('hifigan.pre', 7 * 64, 16),
    ...layer('hifigan.cond', 64, 16),
    ['hifigan.up.0.weight', [16, 8 * 8]],
    ['hifigan.up.0.bias', [8]],
    ['hifigan.up.1.weight', [8, 4 * 4]],
    ['hifigan.up.1.bias', [4]],
    ...block('hifigan.res.0.0', 3, 8),
    ...block('hifigan.res.0.1', 5, 8),
    ...block('hifigan.res.1.0', 3, 4),
    ...block('hifigan.res.1.1', 5, 4),
    ...layer('hifigan.post', 7 * 4, 1),
  ])
})

t.test('weight norm is folded, and rows hold taps one behind the other', async (t) => {
  const { numbers } = await convertStage(stageFolder(t, { hifigan: sizes }), 'hifigan.')
  const folded = (name) => fold(weights[`${name}.weight_g`], weights[`${name}.weight_v`])
  const pre = folded('conv_pre') // [16, 64, 7]
  const preDifference = worst(await numbers('hifigan.pre.weight'), (i) => {
    const [row, tap, channel] = [Math.floor(i / 448), Math.floor((i % 448) / 64), i % 64]
    return pre[(row * 64 + channel) * 7 + tap]
  })
  t.ok(preDifference < rounding, `a convolution: ${preDifference}`)
  const up = folded('ups.0') // [16, 8, 8]
  const upDifference = worst(await numbers('hifigan.up.0.weight'), (i) => {
    const [row, input] = [Math.floor(i / 16), i % 16]
    const [tap, output] = [Math.floor(row / 8), row % 8]
    return up[(input * 8 + output) * 8 + tap]
  })
  t.ok(upDifference < rounding, `a transposed convolution: ${upDifference}`)
  const block = folded('resblocks.3.convs2.1') // the second kernel of the second stage, [4, 4, 5]
  const blockDifference = worst(await numbers('hifigan.res.1.1.second.1.weight'), (i) => {
    const [row, tap, channel] = [Math.floor(i / 20), Math.floor((i % 20) / 4), i % 4]
    return block[(row * 4 + channel) * 5 + tap]
  })
  t.ok(blockDifference < rounding, `a residual block: ${blockDifference}`)
  t.same([...(await numbers('hifigan.cond.weight'))], [...weights['cond_layer.weight'].values])
  t.same(
    [...(await numbers('hifigan.res.0.1.first.2.bias'))],
    [...weights['resblocks.1.convs1.2.bias'].values],
  )
})

t.test("torch's new names of weight norm, and weights without it", async (t) => {
  const folder = stageFolder(t, { hifigan: sizes })
  await convertStage(folder, 'hifigan.')
  const expected = readFileSync(`${folder}.gguf`)
  const renamed = Object.entries(weights).map(([name, tensor]) => [
    name
      .replace(/weight_g$/, 'parametrizations.weight.original0')
      .replace(/weight_v$/, 'parametrizations.weight.original1'),
    tensor,
  ])
  writeTorch(join(folder, 'hifidecoder.pth'), Object.fromEntries(renamed))
  await convertStage(folder, 'hifigan.')
  t.ok(readFileSync(`${folder}.gguf`).equals(expected), 'new names')
  const plain = Object.entries(weights).flatMap(([name, tensor]) => {
    if (name.endsWith('weight_g')) return []
    const layer = name.replace(/\.weight_v$/, '')
    if (layer === name) return [[name, tensor]]
    const values = fold(weights[`${layer}.weight_g`], tensor)
    return [[`${layer}.weight`, { shape: tensor.shape, values }]]
  })
  writeTorch(join(folder, 'hifidecoder.pth'), Object.fromEntries(plain))
  const { numbers } = await convertStage(folder, 'hifigan.')
  const up = Object.fromEntries(plain)['ups.1.weight'].values // [8, 4, 4]
  t.same(
    [...(await numbers('hifigan.up.1.weight'))],
    Array.from({ length: up.length }, (_, i) => {
      const [row, input] = [Math.floor(i / 8), i % 8]
      return up[(input * 4 + (row % 4)) * 4 + Math.floor(row / 4)]
    }),
    'plain',
  )
})

t.test('what is refused', async (t) => {
  const folder = stageFolder(t, { hifigan: sizes })
  const refused = refusals(t, folder, 'hifidecoder.pth', weights)
  const [format, unsupported] = ['CLVP_MODEL_FORMAT', 'CLVP_UNSUPPORTED']
  const zeros = (...shape) => ({ shape, values: new Float32Array(shape.reduce((a, b) => a * b, 1)) })
  await refused((all) => delete all['ups.1.bias'], format, /ups\.1\.bias is missing: expected a HiFi-GAN/)
  await refused((all) => delete all['conv_pre.weight_g'], format, /conv_pre\.weight_g is missing/)
  await refused((all) => delete all['conv_pre.weight_v'], format, /conv_pre\.weight_v is missing/)
  await refused((all) => delete all['cond_layer.weight'], format, /cond_layer\.weight is missing/)
  await refused(
    (all) => delete all['resblocks.1.convs2.2.weight_v'],
    format,
    /convs2\.2\.weight_v is missing/,
  )
  await refused(
    (all) => (all['conv_pre.weight'] = all['conv_pre.weight_v']),
    unsupported,
    /conv_pre\.weight does/,
  )
  await refused(
    (all) => (all['conds.0.weight'] = zeros(8, 64, 1)),
    unsupported,
    /conds\.0\.weight does not belong/,
  )
  await refused(
    (all) => (all['resblocks.0.convs1.3.bias'] = zeros(8)),
    unsupported,
    /convs1\.3\.bias does not belong to a HiFi-GAN of tortoise/,
  )
  await refused((all) => (all['resblocks.0.convs.0.bias'] = zeros(8)), unsupported, /blocks of type 2/)
  await refused(
    (all) => (all['ups.0.weight_g'] = zeros(8, 1, 1)),
    format,
    /expected the shape \[16, 1, 1\] for the tensor ups\.0\.weight_g but found \[8, 1, 1\]/,
  )
  await refused(
    (all) => (all['ups.0.weight_v'] = zeros(16, 8, 7)),
    unsupported,
    /kernel of ups\.0 is 7, which is not twice/,
  )
  await refused(
    (all) => (all['resblocks.1.convs1.0.weight_v'] = zeros(8, 8, 4)),
    unsupported,
    /resblocks\.1 has a kernel of 4: expected an odd number/,
  )
  await refused(
    (all) => Object.assign(all, Object.fromEntries([[`resblocks.4.convs1.0.bias`, zeros(4)]])),
    format,
    /5 residual blocks: expected the same number for each of 2 stages/,
  )
  await refused((all) => (all['conv_post.weight_v'] = zeros(2, 4, 7)), format, /shape \[1, 4, 7\]/)
  await refused((all) => (all['conv_pre.weight_v'] = zeros(16, 64, 7)), format, /hifigan\.pre\.weight/)
  const other = (changed) => (all) => {
    for (const name of Object.keys(all)) delete all[name]
    Object.assign(all, hifiganTensors({ ...sizes, ...changed }))
  }
  await refused(
    other({ latent: 32, conditioning: 64 }),
    format,
    /32 channels of latents: expected 64, the decoder/,
  )
  await refused(other({ conditioning: 32 }), format, /32 channels of a voice: expected 64, the decoder/)
})
