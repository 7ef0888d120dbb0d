// tortoise's diffusion_decoder.pth becomes a part of the model file: keys, layout, and what is refused.
import t from 'tap'
import { diffusionTensors } from '../helpers/speech.js'
import { convertStage, layer, refusals, stageFolder } from '../helpers/stage_case.js'

const sizes = {
  ...{ width: 32, heads: 2, mels: 8, latent: 64, codes: 20 },
  ...{ contextBlocks: 1, latentBlocks: 2, codeBlocks: 1, integratorBlocks: 1, blocks: 2, tailBlocks: 1 },
}
const weights = diffusionTensors(sizes)

const norm = (name, width) => [
  [`${name}.weight`, [width]],
  [`${name}.bias`, [width]],
]
const attention = (name, width) => [
  ...norm(`${name}.norm`, width),
  ...layer(`${name}.attn_qkv`, width, 3 * width),
  ...layer(`${name}.attn_out`, width, width),
  [`${name}.attn_bias.weight`, [2, 32]],
]
const residual = (name) => [
  ...norm(`${name}.norm1`, 32),
  ...layer(`${name}.in`, 32, 32),
  ...layer(`${name}.emb`, 32, 64),
  ...norm(`${name}.norm2`, 32),
  ...layer(`${name}.out`, 96, 32),
]

t.test('keys and tensors', async (t) => {
  const { values, shapes } = await convertStage(stageFolder(t, { diffusion: sizes }), 'diff.')
  t.same(Object.fromEntries(Object.entries(values).filter(([key]) => key.includes('diffusion'))), {
    'clvp.diffusion.embedding_length': 32,
    'clvp.diffusion.head_count': 2,
    'clvp.diffusion.mel_channel_count': 8,
    'clvp.diffusion.latent_length': 64,
    'clvp.diffusion.code_count': 20,
    'clvp.diffusion.context_block_count': 1,
    'clvp.diffusion.latent_block_count': 2,
    'clvp.diffusion.code_block_count': 1,
    'clvp.diffusion.integrator_block_count': 1,
    'clvp.diffusion.block_count': 2,
    'clvp.diffusion.tail_block_count': 1,
  })
  t.same(shapes, [
    ...layer('diff.time.first', 32, 32),
    ...layer('diff.time.second', 32, 32),
    ...layer('diff.in', 24, 32),
    ...layer('diff.mix', 64, 32),
    ...layer('diff.latent.in', 192, 32),
    ...attention('diff.latent.blk.0', 32),
    ...attention('diff.latent.blk.1', 32),
    ['diff.code.embd.weight', [32, 20]],
    ...attention('diff.code.blk.0', 32),
    ...norm('diff.code_norm', 32),
    ['diff.uncond.weight', [32]],
    ...layer('diff.context.in.0', 24, 32),
    ...layer('diff.context.in.1', 96, 64),
    ...attention('diff.context.blk.0', 64),
    ...residual('diff.integrate.0.res'),
    ...attention('diff.integrate.0.attn', 32),
    ...[0, 1].flatMap((i) => [...residual(`diff.blk.${i}.res`), ...attention(`diff.blk.${i}.attn`, 32)]),
    ...residual('diff.tail.0.res'),
    ...norm('diff.out_norm', 32),
    ...layer('diff.out', 96, 16),
  ])
})

t.test('query, key and value follow each other, and rows hold taps one behind the other', async (t) => {
  const { numbers } = await convertStage(stageFolder(t, { diffusion: sizes }), 'diff.')
  // Row (head, part, channel) of the checkpoint becomes row (part, head, channel).
  const sourceRow = (row, width) => {
    const [part, head, channel] = [
      Math.floor(row / width),
      Math.floor((row % width) / (width / 2)),
      row % (width / 2),
    ]
    return (head * 3 + part) * (width / 2) + channel
  }
  for (const [from, to, width] of [
    ['layers.1.attn', 'diff.blk.1.attn', 32],
    ['contextual_embedder.2', 'diff.context.blk.0', 64],
  ]) {
    const [matrix, bias] = ['weight', 'bias'].map((part) => weights[`${from}.qkv.${part}`].values)
    t.same(
      [...(await numbers(`${to}.attn_qkv.weight`))],
      Array.from({ length: 3 * width * width }, (_, i) => {
        return matrix[sourceRow(Math.floor(i / width), width) * width + (i % width)]
      }),
      to,
    )
    const biases = Array.from({ length: 3 * width }, (_, row) => bias[sourceRow(row, width)])
    t.same([...(await numbers(`${to}.attn_qkv.bias`))], biases)
  }
  const out = weights['layers.2.out_layers.3.weight'].values // [32, 32, 3]
  t.same(
    [...(await numbers('diff.tail.0.res.out.weight'))],
    Array.from({ length: out.length }, (_, i) => {
      const [row, tap, channel] = [Math.floor(i / 96), Math.floor((i % 96) / 32), i % 32]
      return out[(row * 32 + channel) * 3 + tap]
    }),
  )
  for (const [to, from] of [
    [
      'diff.latent.blk.1.attn_bias.weight',
      'latent_conditioner.2.relative_pos_embeddings.relative_attention_bias.weight',
    ],
    ['diff.code.embd.weight', 'code_embedding.weight'],
    ['diff.uncond.weight', 'unconditioned_embedding'],
    ['diff.mix.weight', 'integrating_conv.weight'],
    ['diff.blk.0.res.norm2.weight', 'layers.0.resblk.out_layers.0.weight'],
    ['diff.integrate.0.res.emb.weight', 'conditioning_timestep_integrator.0.resblk.emb_layers.1.weight'],
    ['diff.time.second.bias', 'time_embed.2.bias'],
  ]) {
    t.same([...(await numbers(to))], [...weights[from].values], to)
  }
})

t.test('what is refused', async (t) => {
  const folder = stageFolder(t, { diffusion: sizes })
  const refused = refusals(t, folder, 'diffusion_decoder.pth', weights)
  const [format, unsupported] = ['CLVP_MODEL_FORMAT', 'CLVP_UNSUPPORTED']
  const zeros = (...shape) => ({ shape, values: new Float32Array(shape.reduce((a, b) => a * b, 1)) })
  const without = (pattern) => (all) => {
    for (const name of Object.keys(all)) if (pattern.test(name)) delete all[name]
  }
  const other = (changed) => (all) => {
    without(/./)(all)
    Object.assign(all, diffusionTensors({ ...sizes, ...changed }))
  }
  await refused(
    without(/^time_embed\.0\.bias/),
    format,
    /time_embed\.0\.bias is missing: expected a diffusion decoder/,
  )
  await refused(without(/^layers\.0\./), format, /layers\.0\..* is missing/)
  await refused(without(/^latent_conditioner\.1\./), format, /latent_conditioner\.1\.norm\.weight is missing/)
  await refused(without(/^contextual_embedder\.1\./), format, /contextual_embedder\.1\.weight is missing/)
  await refused(without(/^layers\.1\.attn\.qkv/), format, /layers\.1\.attn\.qkv\.weight is missing/)
  await refused(without(/relative_pos/), format, /relative_attention_bias\.weight is missing/)
  await refused((all) => (all['out.3.weight'] = zeros(2)), unsupported, /out\.3\.weight does not belong/)
  await refused(
    (all) => (all['layers.0.resblk.skip_connection.weight'] = zeros(32, 32, 1)),
    unsupported,
    /skip_connection\.weight does not belong/,
  )
  await refused(
    (all) => (all['layers.0.resblk.in_layers.2.weight'] = zeros(32, 32, 3)),
    format,
    /expected the shape \[32, 32, 1\] for the tensor layers\.0\.resblk\.in_layers\.2\.weight but found \[32, 32, 3\]/,
  )
  await refused(
    (all) => (all['out.2.weight'] = zeros(8, 32, 3)),
    format,
    /shape \[16, 32, 3\] for the tensor out\.2/,
  )
  await refused(other({ heads: 3 }), format, /width 32 is not a multiple of its 3 heads/)
  await refused(other({ width: 6 }), unsupported, /width 6 gives no group norm/)
  await refused(other({ latent: 32 }), format, /32 channels of latents: expected 64, the decoder/)
})
