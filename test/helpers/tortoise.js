/**
 * tortoise's original pair of checkpoints, out of the same weights under transformers' names. This is the way back of
 * quantize/checkpoint/tortoise_names.ts, written on its own: scripts/parity/conversion.mjs compares both with transformers' converter.
 */
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { writeCheckpoint } from './checkpoint.js'
import { pickle, tensor } from './pickle.js'
import { packTorch, tensorsOf, torchEntries } from './torch.js'
import { packZip } from './zip.js'

/** Rows of a matrix, or elements of a vector: `[begin, end)` of a tensor's first dimension. */
function rows({ shape, data }, begin, end) {
  const bytes = data.length / shape[0]
  return data.subarray(begin * bytes, end * bytes)
}

/** The transpose of a matrix of four-byte elements. */
function transpose({ dtype, shape, data }) {
  const [height, width] = shape
  const turned = Buffer.alloc(data.length)
  for (let i = 0; i < height; i++) {
    for (let j = 0; j < width; j++)
      data.copy(turned, 4 * (j * height + i), 4 * (i * width + j), 4 * (i * width + j + 1))
  }
  return { dtype, shape: [width, height], data: turned }
}

function stack(parts) {
  const [{ dtype, shape }] = parts
  return {
    dtype,
    shape: [parts.length * shape[0], ...shape.slice(1)],
    data: Buffer.concat(parts.map(({ data }) => data)),
  }
}

/** q, k and v head by head. */
function interleave(parts, heads) {
  const [{ dtype, shape }] = parts
  const width = shape[0] / heads
  const pieces = []
  for (let h = 0; h < heads; h++)
    for (const part of parts) pieces.push(rows(part, h * width, (h + 1) * width))
  return { dtype, shape: [3 * shape[0], ...shape.slice(1)], data: Buffer.concat(pieces) }
}

/** A matrix as a convolution of width 1. */
function asConvolution(tensor) {
  return tensor.shape.length === 2 ? { ...tensor, shape: [...tensor.shape, 1] } : tensor
}

function decoderTensors(find, { num_hidden_layers, num_mel_attn_blocks, num_attention_heads, hidden_size }) {
  const decoder = 'speech_decoder_model.model.decoder'
  const conditioning = 'conditioning_encoder'
  const found = {}
  const copy = (to, from) => {
    for (const kind of ['weight', 'bias']) {
      const tensor = find(`${from}.${kind}`)
      if (tensor) found[`${to}.${kind}`] = tensor
    }
  }
  const three = (from, kind) => ['q', 'k', 'v'].map((letter) => find(`${from}.${letter}_proj.${kind}`))
  for (let i = 0; i < num_mel_attn_blocks; i++) {
    const to = `conditioning_encoder.attn.${i}`
    const from = `${conditioning}.mel_attn_blocks.${i}`
    copy(`${to}.norm`, `${conditioning}.group_norms.${i}`)
    for (const kind of ['weight', 'bias']) {
      found[`${to}.qkv.${kind}`] = asConvolution(interleave(three(from, kind), num_attention_heads))
      found[`${to}.proj_out.${kind}`] = asConvolution(find(`${from}.out_proj.${kind}`))
    }
  }
  copy('conditioning_encoder.init', `${conditioning}.mel_conv`)
  copy('text_embedding', `${conditioning}.text_token_embedding`)
  copy('text_pos_embedding.emb', `${conditioning}.text_position_embedding`)
  copy('mel_embedding', `${decoder}.input_embeds_layer`)
  copy('mel_pos_embedding.emb', `${decoder}.position_embeds_layer`)
  for (let i = 0; i < num_hidden_layers; i++) {
    const to = `gpt.h.${i}`
    const from = `${decoder}.layers.${i}`
    copy(`${to}.ln_1`, `${from}.input_layernorm`)
    // What older versions of transformers kept with GPT-2's weights.
    found[`${to}.attn.bias`] = { dtype: 'BOOL', shape: [1, 1, 4, 4], data: Buffer.alloc(16) }
    found[`${to}.attn.masked_bias`] = { dtype: 'F32', shape: [], data: Buffer.alloc(4) }
    found[`${to}.attn.c_attn.weight`] = transpose(stack(three(`${from}.attn`, 'weight')))
    found[`${to}.attn.c_attn.bias`] = stack(three(`${from}.attn`, 'bias'))
    found[`${to}.attn.c_proj.weight`] = transpose(find(`${from}.attn.out_proj.weight`))
    found[`${to}.attn.c_proj.bias`] = find(`${from}.attn.out_proj.bias`)
    copy(`${to}.ln_2`, `${from}.post_attention_layernorm`)
    copy(`${to}.mlp.c_fc`, `${from}.mlp.c_fc`)
    copy(`${to}.mlp.c_proj`, `${from}.mlp.c_proj`)
  }
  copy('gpt.ln_f', `${decoder}.layer_norm`)
  copy('final_norm', 'speech_decoder_model.final_norm')
  const [words] = found['text_embedding.weight'].shape
  const zeros = (shape, size) => ({ dtype: 'F32', shape, data: Buffer.alloc(4 * size) })
  found['text_head.weight'] = zeros([words, hidden_size], words * hidden_size)
  found['text_head.bias'] = zeros([words], words)
  copy('mel_head', 'speech_decoder_model.lm_head')
  return found
}

function encoderTensors(find, tower, { num_hidden_layers, projection_dim, num_attention_heads }) {
  const from = `${tower}_encoder_model`
  const to = `${tower}_transformer.transformer`
  const rotary = Math.ceil(Math.max(Math.floor(projection_dim / (2 * num_attention_heads)), 32) / 2)
  const found = {
    [`${tower}_emb.weight`]: find(`${from}.token_embedding.weight`),
    [`to_${tower}_latent.weight`]: find(`${from}.projection.weight`),
    [`${to}.attn_layers.rotary_pos_emb.inv_freq`]: {
      dtype: 'F32',
      shape: [rotary],
      data: Buffer.alloc(4 * rotary),
    },
  }
  const copy = (name, source) => {
    for (const kind of ['weight', 'bias']) {
      const tensor = find(`${source}.${kind}`)
      if (tensor) found[`${name}.${kind}`] = tensor
    }
  }
  for (let i = 0; i < num_hidden_layers; i++) {
    const [attention, feedForward] = [2 * i, 2 * i + 1].map((block) => `${to}.attn_layers.layers.${block}`)
    const layer = `${from}.layers.${i}`
    found[`${attention}.0.0.g`] = find(`${layer}.input_rmsnorm.weight`)
    for (const part of ['q', 'k', 'v'])
      copy(`${attention}.1.wrap.to_${part}`, `${layer}.self_attn.${part}_proj`)
    copy(`${attention}.1.wrap.to_out`, `${layer}.self_attn.out_proj`)
    found[`${feedForward}.0.0.g`] = find(`${layer}.post_attention_rmsnorm.weight`)
    copy(`${feedForward}.1.wrap.net.0.proj`, `${layer}.mlp.fc1.proj`)
    copy(`${feedForward}.1.wrap.net.3`, `${layer}.mlp.fc2`)
  }
  copy(`${to}.norm`, `${from}.final_layer_norm`)
  return found
}

/** `{ autoregressive, clvp2 }`, each as packTorch takes it, out of a folder with model.safetensors. */
export function pairOf(folder) {
  const weights = tensorsOf(join(folder, 'model.safetensors'))
  const config = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8'))
  const find = (name) => weights[name]
  return {
    autoregressive: decoderTensors(find, config.decoder_config),
    clvp2: {
      temperature: find('logit_scale'),
      ...encoderTensors(find, 'text', config.text_config),
      ...encoderTensors(find, 'speech', config.speech_config),
    },
  }
}

/** Writes a pair into a folder. */
export function writePair(folder, { autoregressive, clvp2 }) {
  writeFileSync(join(folder, 'autoregressive.pth'), packTorch(autoregressive))
  writeFileSync(join(folder, 'clvp2.pth'), packTorch(clvp2))
}

/** Saves a folder's weights as tortoise's pair instead. */
export function saveAsPair(folder) {
  writePair(folder, pairOf(folder))
  rmSync(join(folder, 'model.safetensors'))
}

/** Writes a recipe's pair into a folder, and nothing else: autoregressive.pth and clvp2.pth. */
export function writePairAlone(recipe, folder) {
  writeCheckpoint(recipe, folder)
  saveAsPair(folder)
  for (const name of readdirSync(folder)) if (!name.endsWith('.pth')) rmSync(join(folder, name))
}

/** tortoise's mel_norms.pth: one tensor, in no dictionary. */
export function packNorms(norms) {
  const data = Buffer.from(Float32Array.from(norms).buffer)
  const single = tensor({ storage: { count: norms.length }, shape: [norms.length] })
  return packZip(torchEntries(pickle(single), [data]))
}

const encoder = {
  hidden_size: 64,
  intermediate_size: 64,
  projection_dim: 64,
  num_hidden_layers: 1,
  num_attention_heads: 1,
}
/** A small model with tortoise's vocabulary: 255 tokens and the start of a text. */
export const tortoiseRecipe = (words = 256) => ({
  name: 'tortoise',
  seed: 78,
  config: {
    text_config: { ...encoder, vocab_size: words, bos_token_id: words - 1, eos_token_id: 0 },
    speech_config: { ...encoder, vocab_size: 298 },
    decoder_config: {
      ...{ vocab_size: 300, bos_token_id: 298, eos_token_id: 299, hidden_size: 64, num_hidden_layers: 1 },
      ...{ num_attention_heads: 1, max_position_embeddings: 40, max_text_tokens: 40, num_mel_attn_blocks: 1 },
    },
    projection_dim: 64,
  },
  preprocessor: { mel_norms: null },
})
