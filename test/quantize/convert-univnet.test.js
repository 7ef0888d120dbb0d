// UnivNet, as tortoise's vocoder.pth or as transformers saved it, becomes a part of the model file.
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { convertFolder } from '../../dist/lib/index.js'
import { packSafetensors } from '../helpers/safetensors.js'
import { packable, univnetConfig, univnetTensors, writeTorch } from '../helpers/speech.js'
import { convertStage, fold, layer, refusals, stageFolder, worst } from '../helpers/stage_case.js'

const sizes = { noise: 8, channels: 4, mels: 8, hidden: 8, strides: [2, 4], residuals: 2, layers: 3 }
const weights = univnetTensors(sizes)
const [format, unsupported] = ['CLVP_MODEL_FORMAT', 'CLVP_UNSUPPORTED']

/** The same weights under transformers' names. */
function transformersTensors(tensors) {
  const rename = (name) =>
    name
      .replace(/\.residual_convs\.(\d+)\.1\./, '.resblocks.$1.conv1.')
      .replace(/\.residual_convs\.(\d+)\.3\./, '.resblocks.$1.conv2.')
      .replace(/\.conv_blocks\.(\d+)\.1\./, '.resblocks.$1.conv.')
      .replace(/\.(convt_pre\.1|input_conv\.0)\./, (part) => part.replace(/\.\d\./, '.'))
      .replace('conv_post.1.', 'conv_post.')
      .replace(/^res_stack\./, 'resblocks.')
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [rename(name), tensor]))
}

/** Without weight norm, as transformers publishes it. */
function plainTensors(tensors) {
  return Object.fromEntries(
    Object.entries(tensors).flatMap(([name, tensor]) => {
      if (name.endsWith('.weight_g')) return []
      const layer = name.replace(/\.weight_v$/, '')
      if (layer === name) return [[name, tensor]]
      return [
        [`${layer}.weight`, { shape: tensor.shape, values: fold(tensors[`${layer}.weight_g`], tensor) }],
      ]
    }),
  )
}

function writeSafetensors(path, tensors) {
  const header = {}
  let end = 0
  const parts = Object.entries(packable(tensors)).map(([name, { dtype, shape, data }]) => {
    header[name] = { dtype, shape, data_offsets: [end, end + data.length] }
    end += data.length
    return data
  })
  writeFileSync(path, packSafetensors(header, Buffer.concat(parts)))
}

t.test('keys and tensors', async (t) => {
  const { values, shapes } = await convertStage(stageFolder(t, { vocoder: sizes }), 'vocoder.')
  t.same(Object.fromEntries(Object.entries(values).filter(([key]) => key.includes('vocoder'))), {
    'clvp.vocoder.noise_channel_count': 8,
    'clvp.vocoder.channel_count': 4,
    'clvp.vocoder.mel_channel_count': 8,
    'clvp.vocoder.hidden_channel_count': 8,
    'clvp.vocoder.predictor_block_count': 2,
    'clvp.vocoder.strides': [2, 4],
    'clvp.vocoder.dilations': [1, 3, 9],
    'clvp.vocoder.leaky_relu_slope': Math.fround(0.2),
  })
  const block = (i, stride) => [
    [`vocoder.blk.${i}.up.weight`, [4, 2 * stride * 4]],
    [`vocoder.blk.${i}.up.bias`, [4]],
    ...layer(`vocoder.blk.${i}.predict.in`, 5 * 8, 8),
    ...[0, 1].flatMap((j) =>
      ['first', 'second'].flatMap((part) => layer(`vocoder.blk.${i}.predict.res.${j}.${part}`, 24, 8)),
    ),
    ...layer(`vocoder.blk.${i}.predict.kernel`, 24, 3 * 4 * 8 * 3),
    ...layer(`vocoder.blk.${i}.predict.bias`, 24, 3 * 8),
    ...[0, 1, 2].flatMap((j) => layer(`vocoder.blk.${i}.conv.${j}`, 12, 4)),
  ]
  t.same(shapes, [
    ...layer('vocoder.pre', 56, 4),
    ...block(0, 2),
    ...block(1, 4),
    ...layer('vocoder.post', 28, 1),
  ])
})

t.test('predicted kernels are matrices of rows (output) and columns (tap, input)', async (t) => {
  const { numbers } = await convertStage(stageFolder(t, { vocoder: sizes }), 'vocoder.')
  const name = 'res_stack.1.kernel_predictor.kernel_conv'
  // Row (layer, output, tap, input) is the checkpoint's (layer, input, output, tap).
  const sourceRow = (row) => {
    const [at, output] = [Math.floor(row / 96), Math.floor((row % 96) / 12)]
    const [tap, input] = [Math.floor((row % 12) / 4), row % 4]
    return ((at * 4 + input) * 8 + output) * 3 + tap
  }
  const folded = fold(weights[`${name}.weight_g`], weights[`${name}.weight_v`]) // [288, 8, 3]
  const difference = worst(await numbers('vocoder.blk.1.predict.kernel.weight'), (i) => {
    const [row, tap, channel] = [Math.floor(i / 24), Math.floor((i % 24) / 8), i % 8]
    return folded[(sourceRow(row) * 8 + channel) * 3 + tap]
  })
  t.ok(difference < 2 ** -24, String(difference))
  const bias = weights[`${name}.bias`].values
  t.same(
    [...(await numbers('vocoder.blk.1.predict.kernel.bias'))],
    Array.from({ length: 288 }, (_, row) => bias[sourceRow(row)]),
  )
  const up = fold(weights['res_stack.1.convt_pre.1.weight_g'], weights['res_stack.1.convt_pre.1.weight_v'])
  const upDifference = worst(await numbers('vocoder.blk.1.up.weight'), (i) => {
    const [row, input] = [Math.floor(i / 4), i % 4]
    return up[(input * 4 + (row % 4)) * 8 + Math.floor(row / 4)]
  })
  t.ok(upDifference < 2 ** -24, String(upDifference))
})

t.test("transformers' folder and files give what tortoise's file gives", async (t) => {
  const folder = stageFolder(t, { vocoder: sizes })
  const plain = plainTensors(weights)
  writeTorch(join(folder, 'vocoder.pth'), plain)
  const bytesOf = async (options) => {
    await convertFolder(folder, `${folder}.gguf`, { type: 'f32', ...options })
    return readFileSync(`${folder}.gguf`)
  }
  const expected = await bytesOf()
  rmSync(join(folder, 'vocoder.pth'))
  const univnet = join(folder, '..', 'univnet')
  mkdirSync(univnet)
  writeFileSync(join(univnet, 'config.json'), JSON.stringify(univnetConfig(sizes)))
  writeSafetensors(join(univnet, 'model.safetensors'), transformersTensors(plain))
  t.ok(expected.equals(await bytesOf({ vocoder: univnet })), 'a folder with safetensors')
  t.ok(expected.equals(await bytesOf({ vocoder: join(univnet, 'model.safetensors') })), 'the file')
  rmSync(join(univnet, 'model.safetensors'))
  writeTorch(join(univnet, 'pytorch_model.bin'), transformersTensors(plain))
  t.ok(expected.equals(await bytesOf({ vocoder: univnet })), 'a folder with a torch file')
  renameSync(univnet, join(folder, 'univnet'))
  t.ok(expected.equals(await bytesOf({ vocoder: 'univnet' })), 'a folder in the folder')
  await t.rejects(bytesOf({ vocoder: 'gone' }), { code: 'CLVP_IO', message: /no file gone for vocoder/ })
  rmSync(join(folder, 'univnet/pytorch_model.bin'))
  await t.rejects(bytesOf({ vocoder: 'univnet' }), {
    code: format,
    message: /model\.safetensors or pytorch_model\.bin/,
  })
  const parametrized = Object.entries(transformersTensors(weights)).map(([name, tensor]) => [
    name
      .replace(/weight_g$/, 'parametrizations.weight.original0')
      .replace(/weight_v$/, 'parametrizations.weight.original1'),
    tensor,
  ])
  writeTorch(join(folder, 'univnet/pytorch_model.bin'), Object.fromEntries(parametrized))
  t.ok(expected.equals(await bytesOf({ vocoder: 'univnet' })), 'with weight norm')
})

t.test("transformers' settings", async (t) => {
  const folder = stageFolder(t, {})
  const univnet = join(folder, 'univnet')
  mkdirSync(univnet)
  writeTorch(join(univnet, 'pytorch_model.bin'), transformersTensors(weights))
  const withConfig = (config) => {
    writeFileSync(join(univnet, 'config.json'), JSON.stringify(config))
    return convertStage(folder, 'vocoder.', { vocoder: 'univnet' })
  }
  const usual = univnetConfig(sizes)
  const { values } = await withConfig({
    ...usual,
    leaky_relu_slope: 0.1,
    resblock_dilation_sizes: [
      [1, 2, 5],
      [1, 2, 5],
    ],
  })
  t.same(values['clvp.vocoder.dilations'], [1, 2, 5])
  t.equal(values['clvp.vocoder.leaky_relu_slope'], Math.fround(0.1))
  for (const [changed, code, message] of [
    [
      {
        resblock_dilation_sizes: [
          [1, 3, 9],
          [1, 3, 27],
        ],
      },
      unsupported,
      /dilations differ/,
    ],
    [
      {
        resblock_dilation_sizes: [
          [1, 3],
          [1, 3],
        ],
      },
      format,
      /2 dilations for a block, but the weights have 3/,
    ],
    [{ resblock_dilation_sizes: [1, 3, 9] }, format, /whole numbers from 1/],
    [{ resblock_dilation_sizes: [] }, format, /1 to 64 lists/],
    [{ resblock_dilation_sizes: undefined }, format, /4 dilations/],
    [{ resblock_kernel_sizes: [3, 5] }, unsupported, /kernels of 3 frames/],
    [{ kernel_predictor_conv_size: 5 }, unsupported, /kernels of 3 frames/],
    [{ leaky_relu_slope: -1 }, format, /0 to 1 for leaky_relu_slope/],
    [{ model_type: 'hifigan' }, unsupported, /"hifigan" of type string is not "univnet"/],
  ]) {
    await t.rejects(withConfig({ ...usual, ...changed }), { code, message }, String(message))
  }
  rmSync(join(univnet, 'config.json'))
  await t.rejects(convertFolder(folder, `${folder}.gguf`, { vocoder: 'univnet' }), {
    code: format,
    message: /config\.json: it is missing/,
  })
})

t.test('what is refused', async (t) => {
  const folder = stageFolder(t, { vocoder: sizes })
  const refused = refusals(t, folder, 'vocoder.pth', weights)
  const zeros = (...shape) => ({ shape, values: new Float32Array(shape.reduce((a, b) => a * b, 1)) })
  const predictor = 'res_stack.0.kernel_predictor'
  const without = (pattern) => (all) => {
    for (const name of Object.keys(all)) if (pattern.test(name)) delete all[name]
  }
  await refused((all) => delete all['conv_pre.bias'], format, /conv_pre\.bias is missing: expected a UnivNet/)
  await refused((all) => delete all['conv_post.1.weight_g'], format, /conv_post\.1\.weight_g is missing/)
  await refused(without(/^res_stack\.0\./), format, /res_stack\.0\..*input_conv\.0\.weight is missing/)
  await refused(without(/conv_blocks\.1\./), format, /res_stack\.0\.conv_blocks\.1\.1\.weight is missing/)
  await refused(
    without(/^res_stack\.1\..*residual_convs\.1/),
    format,
    /res_stack\.1\..*convs\.1\.1\.weight is missing/,
  )
  await refused(
    (all) => (all['conv_mid.bias'] = zeros(1)),
    unsupported,
    /conv_mid\.bias does not belong to a UnivNet/,
  )
  await refused(
    (all) => (all['res_stack.1.conv_blocks.3.1.bias'] = zeros(4)),
    unsupported,
    /res_stack\.1\.conv_blocks\.3\.1\.bias does not belong/,
  )
  await refused(
    (all) => (all['res_stack.0.convt_pre.1.weight_v'] = zeros(4, 4, 5)),
    unsupported,
    /not twice a stride/,
  )
  await refused(
    (all) => (all[`${predictor}.kernel_conv.weight_v`] = zeros(287, 8, 3)),
    format,
    /expected the shape \[288, 8, 3\] for the tensor res_stack\.0\.kernel_predictor\.kernel_conv\.weight_v/,
  )
  await refused(
    (all) => (all['res_stack.0.conv_blocks.0.1.weight_v'] = zeros(4, 4, 5)),
    format,
    /shape \[4, 4, 3\]/,
  )
  const long = univnetTensors({ ...sizes, layers: 12 })
  await refused(
    (all) => Object.assign(all, long),
    unsupported,
    /12 convolutions in a block: expected dilations/,
  )
})
