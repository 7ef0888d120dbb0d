/**
 * Made-up checkpoints of tortoise's stages of speech, at any size: what `state_dict()` of its classes
 * holds, under the names that torch gives. Values follow from the seed and the name. Each function returns
 * `{ name: { shape, values } }`.
 *
 *     writeTorch('hifidecoder.pth', hifiganTensors({ latent: 64 }))
 *     writeSpeechFolder(folder)    // a whole folder of tortoise, with all stages
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bytesOf, uniform } from './checkpoint.js'
import { makeDvae, writeDvae } from './dvae.js'
import { dictOf, op } from './pickle.js'
import { packTorch } from './torch.js'
import { tortoiseRecipe, writePairAlone } from './tortoise.js'

const product = (shape) => shape.reduce((a, b) => a * b, 1)

/** How torch names the lengths and the directions of weight norm; 'none' for a plain weight. */
const norms = {
  old: ['weight_g', 'weight_v'],
  new: ['parametrizations.weight.original0', 'parametrizations.weight.original1'],
}

/** Gathers tensors. Weights are scaled so that a layer's output is about as large as its input. */
class Tensors {
  found = {}

  constructor(seed, norm = 'none') {
    this.seed = seed
    this.norm = norm
  }

  add(name, shape, scale, offset = 0) {
    const values = uniform(this.seed, name, product(shape), scale).map((value) => value + offset)
    this.found[name] = { shape, values }
    return values
  }

  bias(name, width) {
    this.add(`${name}.bias`, [width], 0.1)
  }

  /** A linear layer or a convolution; `inputs` are those of one output. */
  layer(name, shape, outputs, inputs) {
    this.add(`${name}.weight`, shape, Math.sqrt(3 / inputs))
    this.bias(name, outputs)
  }

  /** The same with weight norm. */
  normed(name, shape, outputs, inputs) {
    if (this.norm === 'none') return this.layer(name, shape, outputs, inputs)
    const [lengths, directions] = norms[this.norm].map((part) => `${name}.${part}`)
    const values = this.add(directions, shape, 1)
    const width = values.length / shape[0]
    const rows = Array.from({ length: shape[0] }, (_, row) => values.subarray(row * width, (row + 1) * width))
    // As long as a row of the plain layer is, more or less.
    const gains = this.add(lengths, [shape[0], 1, 1], 0.2, 1)
    for (const [row, { length }] of rows.entries()) gains[row] *= Math.sqrt(length / inputs)
    this.bias(name, outputs)
  }

  groupNorm(name, width) {
    this.add(`${name}.weight`, [width], 0.2, 1)
    this.bias(name, width)
  }

  attention(name, width, heads) {
    this.groupNorm(`${name}.norm`, width)
    this.layer(`${name}.qkv`, [3 * width, width, 1], 3 * width, width)
    this.layer(`${name}.proj_out`, [width, width, 1], width, width)
    this.add(`${name}.relative_pos_embeddings.relative_attention_bias.weight`, [32, heads], 0.5)
  }

  residual(name, width) {
    this.groupNorm(`${name}.in_layers.0`, width)
    this.layer(`${name}.in_layers.2`, [width, width, 1], width, width)
    this.layer(`${name}.emb_layers.1`, [2 * width, width], 2 * width, width)
    this.groupNorm(`${name}.out_layers.0`, width)
    this.layer(`${name}.out_layers.3`, [width, width, 3], width, 3 * width)
  }
}

/**
 * HifiganGenerator of type 1: `channels` are those of the first layer, `rates` and `kernels` those of its
 * constructor.
 */
export function hifiganTensors({
  latent = 64,
  channels = 16,
  conditioning = latent,
  rates = [4, 2],
  kernels = [3, 5],
  seed = 1,
  norm = 'old',
} = {}) {
  const tensors = new Tensors(seed, norm)
  tensors.normed('conv_pre', [channels, latent, 7], channels, 7 * latent)
  tensors.layer('cond_layer', [channels, conditioning, 1], channels, conditioning)
  for (const [stage, rate] of rates.entries()) {
    const [inputs, outputs] = [channels >> stage, channels >> (stage + 1)]
    tensors.normed(`ups.${stage}`, [inputs, outputs, 2 * rate], outputs, 2 * inputs)
    for (const [i, taps] of kernels.entries()) {
      const block = `resblocks.${stage * kernels.length + i}`
      for (const part of ['convs1', 'convs2']) {
        for (const dilation of [0, 1, 2]) {
          tensors.normed(`${block}.${part}.${dilation}`, [outputs, outputs, taps], outputs, taps * outputs)
        }
      }
    }
  }
  const last = channels >> rates.length
  tensors.normed('conv_post', [1, last, 7], 1, 7 * last)
  return tensors.found
}

/** DiffusionTts; numbers of blocks as in the keys of a model file. */
export function diffusionTensors({
  width = 32,
  heads = 2,
  mels = 8,
  latent = 64,
  codes = 20,
  contextBlocks = 1,
  latentBlocks = 2,
  codeBlocks = 1,
  integratorBlocks = 1,
  blocks = 2,
  tailBlocks = 1,
  seed = 1,
} = {}) {
  const tensors = new Tensors(seed)
  const attentions = (name, first, count, channels) => {
    for (let i = 0; i < count; i++) tensors.attention(`${name}.${first + i}`, channels, heads)
  }
  const diffusionLayers = (name, count) => {
    for (let i = 0; i < count; i++) {
      tensors.residual(`${name}.${i}.resblk`, width)
      tensors.attention(`${name}.${i}.attn`, width, heads)
    }
  }
  tensors.add('unconditioned_embedding', [1, width, 1], 1)
  tensors.layer('inp_block', [width, mels, 3], width, 3 * mels)
  tensors.layer('time_embed.0', [width, width], width, width)
  tensors.layer('time_embed.2', [width, width], width, width)
  tensors.add('code_embedding.weight', [codes, width], 1)
  attentions('code_converter', 0, codeBlocks, width)
  tensors.groupNorm('code_norm', width)
  tensors.layer('latent_conditioner.0', [width, latent, 3], width, 3 * latent)
  attentions('latent_conditioner', 1, latentBlocks, width)
  tensors.layer('contextual_embedder.0', [width, mels, 3], width, 3 * mels)
  tensors.layer('contextual_embedder.1', [2 * width, width, 3], 2 * width, 3 * width)
  attentions('contextual_embedder', 2, contextBlocks, 2 * width)
  diffusionLayers('conditioning_timestep_integrator', integratorBlocks)
  tensors.layer('integrating_conv', [width, 2 * width, 1], width, 2 * width)
  tensors.layer('mel_head', [mels, width, 3], mels, 3 * width)
  diffusionLayers('layers', blocks)
  for (let i = 0; i < tailBlocks; i++) tensors.residual(`layers.${blocks + i}`, width)
  tensors.groupNorm('out.0', width)
  tensors.layer('out.2', [2 * mels, width, 3], 2 * mels, 3 * width)
  return tensors.found
}

/** Where tortoise's UnivNetGenerator and transformers' UnivNetModel keep their layers. */
const univnets = {
  tortoise: {
    up: (i) => `res_stack.${i}.convt_pre.1`,
    predictor: (i) => `res_stack.${i}.kernel_predictor`,
    input: 'input_conv.0',
    residual: (j) => [`residual_convs.${j}.1`, `residual_convs.${j}.3`],
    dilated: (i, j) => `res_stack.${i}.conv_blocks.${j}.1`,
    post: 'conv_post.1',
  },
  transformers: {
    up: (i) => `resblocks.${i}.convt_pre`,
    predictor: (i) => `resblocks.${i}.kernel_predictor`,
    input: 'input_conv',
    residual: (j) => [`resblocks.${j}.conv1`, `resblocks.${j}.conv2`],
    dilated: (i, j) => `resblocks.${i}.resblocks.${j}.conv`,
    post: 'conv_post',
  },
}

/**
 * UnivNet with as many dilated convolutions in each block as `layers` says. transformers' own needs noise =
 * hidden.
 */
export function univnetTensors({
  noise = 8,
  channels = 4,
  mels = 8,
  hidden = 8,
  strides = [2, 4],
  residuals = 2,
  layers = 3,
  seed = 1,
  norm = 'old',
  layout = 'tortoise',
} = {}) {
  const places = univnets[layout]
  const tensors = new Tensors(seed, norm)
  const convolution = (name, outputs, inputs, taps) => {
    tensors.normed(name, [outputs, inputs, taps], outputs, inputs * taps)
  }
  convolution('conv_pre', channels, noise, 7)
  for (const [i, stride] of strides.entries()) {
    tensors.normed(places.up(i), [channels, channels, 2 * stride], channels, 2 * channels)
    const predictor = places.predictor(i)
    convolution(`${predictor}.${places.input}`, hidden, mels, 5)
    for (let j = 0; j < residuals; j++) {
      for (const name of places.residual(j)) convolution(`${predictor}.${name}`, hidden, hidden, 3)
    }
    convolution(`${predictor}.kernel_conv`, layers * channels * 2 * channels * 3, hidden, 3)
    convolution(`${predictor}.bias_conv`, layers * 2 * channels, hidden, 3)
    for (let j = 0; j < layers; j++) convolution(places.dilated(i, j), channels, channels, 3)
  }
  convolution(places.post, 1, channels, 7)
  return tensors.found
}

/** The config.json that transformers saves with a UnivNetModel of these sizes. */
export function univnetConfig({
  noise = 8,
  channels = 4,
  mels = 8,
  hidden = 8,
  strides = [2, 4],
  residuals = 2,
  dilations = [1, 3, 9],
  slope = 0.2,
} = {}) {
  return {
    architectures: ['UnivNetModel'],
    kernel_predictor_conv_size: 3,
    kernel_predictor_dropout: 0,
    kernel_predictor_hidden_channels: hidden,
    kernel_predictor_num_blocks: residuals,
    leaky_relu_slope: slope,
    model_hidden_channels: channels,
    model_in_channels: noise,
    model_type: 'univnet',
    num_mel_bins: mels,
    resblock_dilation_sizes: strides.map(() => dilations),
    resblock_kernel_sizes: strides.map(() => 3),
    resblock_stride_sizes: strides,
  }
}

/** RandomLatentConverter, whose weights are as large as torch draws them: divided by 0.1. */
export function randomLatentTensors({ width = 64, seed = 1 } = {}) {
  const tensors = new Tensors(seed)
  for (let i = 0; i < 5; i++) {
    tensors.add(`layers.${i}.weight`, [width, width], 10 * Math.sqrt(3))
    tensors.add(`layers.${i}.bias`, [width], 1)
  }
  tensors.layer('layers.5', [width, width], width, width)
  return tensors.found
}

/** Tensors as packTorch takes them. */
export function packable(tensors) {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, { shape, values }]) => {
      return [name, { dtype: 'F32', shape, data: Buffer.from(bytesOf(values)) }]
    }),
  )
}

/** Saves a state dict; `options` are those of packTorch. */
export function writeTorch(path, tensors, options) {
  writeFileSync(path, packTorch(packable(tensors), options))
}

/** Sizes that suit the model of `tortoiseRecipe()`. */
export const speechSizes = {
  dvae: { mels: 80, hidden: 8, blocks: 1, embd: 4, codes: 298 },
  hifigan: { latent: 64, channels: 16, rates: [4, 2], kernels: [3, 5] },
  diffusion: { width: 32, heads: 2, mels: 8, latent: 64, codes: 298 },
  vocoder: { noise: 8, channels: 4, mels: 8, hidden: 8, strides: [2, 4] },
  randomDecoder: { width: 64 },
  randomDiffusion: { width: 64 },
}

/** vocoder.pth holds its state dict in an entry, beside a number of steps. */
function asGenerator(dict) {
  return dictOf([
    ['model_g', dict],
    ['step', op.int(5)],
  ])
}

/** tortoise's names of the stages' files, and how each is written. */
const writers = {
  dvae: ['dvae.pth', (path, sizes) => writeDvae(path, makeDvae(sizes, 1))],
  hifigan: ['hifidecoder.pth', (path, sizes) => writeTorch(path, hifiganTensors(sizes))],
  diffusion: ['diffusion_decoder.pth', (path, sizes) => writeTorch(path, diffusionTensors(sizes))],
  vocoder: ['vocoder.pth', (path, sizes) => writeTorch(path, univnetTensors(sizes), { wrap: asGenerator })],
  randomDecoder: ['rlg_auto.pth', (path, sizes) => writeTorch(path, randomLatentTensors(sizes))],
  randomDiffusion: ['rlg_diffuser.pth', (path, sizes) => writeTorch(path, randomLatentTensors(sizes))],
}

/** Writes the files of some stages into a folder: all, or those that `stages` has sizes for. */
export function writeStages(folder, stages = speechSizes) {
  mkdirSync(folder, { recursive: true })
  for (const [stage, sizes] of Object.entries(stages)) {
    const [name, write] = writers[stage]
    write(join(folder, name), { ...speechSizes[stage], ...sizes })
  }
}

/** Writes a whole folder of tortoise: the pair of a recipe, and stages of speech that suit it. */
export function writeSpeechFolder(folder, { recipe = tortoiseRecipe(), stages = speechSizes } = {}) {
  writePairAlone(recipe, folder)
  writeStages(folder, stages)
}
