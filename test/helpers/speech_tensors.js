/**
 * Names and shapes of the tensors in tortoise's files that turn codes into sound, and in transformers' UnivNetModel. Sizes are the
 * arguments of the classes' constructors.
 */

const times = (count, make) => Array.from({ length: count }, (_, i) => make(i)).flat()

const layer = (name, shape, biases = shape[0]) => [
  { name: `${name}.weight`, shape },
  { name: `${name}.bias`, shape: [biases] },
]
const norm = (name, width) => layer(name, [width])

/** A convolution as torch's weight norm keeps it, or with the norm taken off. */
function normed(name, shape, biases = shape[0], isPlain = false) {
  if (isPlain) return layer(name, shape, biases)
  return [
    { name: `${name}.bias`, shape: [biases] },
    { name: `${name}.weight_g`, shape: [shape[0], 1, 1], of: shape },
    { name: `${name}.weight_v`, shape },
  ]
}

function hifiganTensors(sizes) {
  const { in_channels, upsample_initial_channel: wide, cond_channels, upsample_kernel_sizes } = sizes
  const { resblock_kernel_sizes: kernels, resblock_dilation_sizes: dilations } = sizes
  const channels = (stage) => wide / 2 ** stage
  return [
    ...normed('conv_pre', [wide, in_channels, 7]),
    ...upsample_kernel_sizes.flatMap((kernel, i) =>
      normed(`ups.${i}`, [channels(i), channels(i + 1), kernel], channels(i + 1)),
    ),
    ...times(upsample_kernel_sizes.length, (stage) =>
      kernels.flatMap((kernel, j) =>
        ['convs1', 'convs2'].flatMap((convs) =>
          times(dilations[j].length, (d) => {
            const width = channels(stage + 1)
            return normed(`resblocks.${stage * kernels.length + j}.${convs}.${d}`, [width, width, kernel])
          }),
        ),
      ),
    ),
    ...normed('conv_post', [1, channels(upsample_kernel_sizes.length), 7]),
    ...layer('cond_layer', [wide, cond_channels, 1]),
  ]
}

const buckets = 32

function attention(name, width, heads) {
  return [
    ...norm(`${name}.norm`, width),
    ...layer(`${name}.qkv`, [3 * width, width, 1]),
    ...layer(`${name}.proj_out`, [width, width, 1]),
    {
      name: `${name}.relative_pos_embeddings.relative_attention_bias.weight`,
      shape: [buckets, heads],
    },
  ]
}

function residual(name, width) {
  return [
    ...norm(`${name}.in_layers.0`, width),
    ...layer(`${name}.in_layers.2`, [width, width, 1]),
    ...layer(`${name}.emb_layers.1`, [2 * width, width]),
    ...norm(`${name}.out_layers.0`, width),
    ...layer(`${name}.out_layers.3`, [width, width, 3]),
  ]
}

function diffusionTensors(sizes) {
  const { model_channels: width, num_heads: heads, num_layers, in_channels: mels, out_channels } = sizes
  const both = (name) => [...residual(`${name}.resblk`, width), ...attention(`${name}.attn`, width, heads)]
  return [
    { name: 'unconditioned_embedding', shape: [1, width, 1] },
    ...layer('inp_block', [width, mels, 3]),
    ...layer('time_embed.0', [width, width]),
    ...layer('time_embed.2', [width, width]),
    { name: 'code_embedding.weight', shape: [sizes.in_tokens, width] },
    ...times(3, (i) => attention(`code_converter.${i}`, width, heads)),
    ...norm('code_norm', width),
    ...layer('latent_conditioner.0', [width, sizes.in_latent_channels, 3]),
    ...times(4, (i) => attention(`latent_conditioner.${i + 1}`, width, heads)),
    ...layer('contextual_embedder.0', [width, mels, 3]),
    ...layer('contextual_embedder.1', [2 * width, width, 3]),
    ...times(5, (i) => attention(`contextual_embedder.${i + 2}`, 2 * width, heads)),
    ...times(3, (i) => both(`conditioning_timestep_integrator.${i}`)),
    ...layer('integrating_conv', [width, 2 * width, 1]),
    ...layer('mel_head', [mels, width, 3]),
    ...times(num_layers, (i) => both(`layers.${i}`)),
    ...times(3, (i) => residual(`layers.${num_layers + i}`, width)),
    ...norm('out.0', width),
    ...layer('out.2', [out_channels, width, 3]),
  ]
}

/** What UnivNetGenerator calls its layers, and what UnivNetModel does. */
const vocoderNames = {
  tortoise: {
    post: 'conv_post.1',
    block: (i) => `res_stack.${i}`,
    up: 'convt_pre.1',
    input: 'input_conv.0',
    residual: (j) => [1, 3].map((at) => `residual_convs.${j}.${at}`),
    conv: (j) => `conv_blocks.${j}.1`,
  },
  transformers: {
    post: 'conv_post',
    block: (i) => `resblocks.${i}`,
    up: 'convt_pre',
    input: 'input_conv',
    residual: (j) => ['conv1', 'conv2'].map((at) => `resblocks.${j}.${at}`),
    conv: (j) => `resblocks.${j}.conv`,
  },
}

function vocoderTensors({ noise, channels, mels, hidden, blocks, strides, dilations }, names, isPlain) {
  const conv = (name, shape, biases = shape[0]) => normed(name, shape, biases, isPlain)
  const kernels = dilations.length * channels * 2 * channels * 3
  return [
    ...conv('conv_pre', [channels, noise, 7]),
    ...strides.flatMap((stride, i) => {
      const predictor = `${names.block(i)}.kernel_predictor`
      return [
        ...conv(`${names.block(i)}.${names.up}`, [channels, channels, 2 * stride], channels),
        ...conv(`${predictor}.${names.input}`, [hidden, mels, 5]),
        ...times(blocks, (j) =>
          names.residual(j).flatMap((name) => conv(`${predictor}.${name}`, [hidden, hidden, 3])),
        ),
        ...conv(`${predictor}.kernel_conv`, [kernels, hidden, 3]),
        ...conv(`${predictor}.bias_conv`, [dilations.length * 2 * channels, hidden, 3]),
        ...dilations.flatMap((_, j) =>
          conv(`${names.block(i)}.${names.conv(j)}`, [channels, channels, 3], channels),
        ),
      ]
    }),
    ...conv(names.post, [1, channels, 7]),
  ]
}

/** Sizes that UnivNetGenerator fixes: its hidden channels and residual blocks. */
const predictor = { hidden: 64, blocks: 3 }

function tortoiseVocoder(sizes) {
  const { noise_dim: noise, channel_size: channels, n_mel_channels: mels, strides, dilations } = sizes
  const shape = { noise, channels, mels, strides, dilations, ...predictor }
  return vocoderTensors(shape, vocoderNames.tortoise, false)
}

function univnetTensors(config) {
  const shape = {
    noise: config.model_in_channels,
    channels: config.model_hidden_channels,
    mels: config.num_mel_bins,
    hidden: config.kernel_predictor_hidden_channels,
    blocks: config.kernel_predictor_num_blocks,
    strides: config.resblock_stride_sizes,
    dilations: config.resblock_dilation_sizes[0],
  }
  return vocoderTensors(shape, vocoderNames.transformers, true)
}

const randomTensors = ({ channels }) => times(6, (i) => layer(`layers.${i}`, [channels, channels]))

/** Each stage's tensors as [{ name, shape }], from the arguments of its class. */
export const stages = {
  hifigan: hifiganTensors,
  diffusion: diffusionTensors,
  vocoder: tortoiseVocoder,
  univnet: univnetTensors,
  randomDecoder: randomTensors,
  randomDiffusion: randomTensors,
}
