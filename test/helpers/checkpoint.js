// Checkpoints for tests, made from a recipe (test/fixtures/recipes.json), so that no weights are committed.
//
//     const recipe = readRecipe('plain')
//     writeCheckpoint(recipe, dir)                  // a Hugging Face folder, as transformers would save it
//     writeCheckpoint(recipe, dir, { shards: 3 })   // with model.safetensors.index.json
//     writeCheckpoint({ ...recipe, codebook: 298 }, dir)   // with codebook.safetensors, of which Python knows nothing
//
// scripts/parity/weights.py makes the same bytes in Python: every value is a hash of (seed, parameter's name,
// element's index), exact until one rounding to float32. Change both or neither; `weights.py --self-test` compares.

import { createHash } from 'node:crypto'
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'

const BLOCK = 1 << 20 // elements made and written at a time

// --- recipes -------------------------------------------------------------------------------------------------

/** All recipes, in their file's order. */
export function readRecipes() {
  return JSON.parse(readFileSync(new URL('../fixtures/recipes.json', import.meta.url), 'utf8'))
}

/** The names of the recipes that `npm test` uses: all but the one of the published size. */
export const tinyRecipes = readRecipes()
  .map((recipe) => recipe.name)
  .filter((name) => name !== 'full')

export function readRecipe(name) {
  const found = readRecipes().find((recipe) => recipe.name === name)
  if (!found) throw new Error(`no recipe is called ${name}`)
  return found
}

const encoderDefaults = {
  attention_dropout: 0.1,
  bos_token_id: 255,
  dropout: 0.1,
  eos_token_id: 0,
  hidden_act: 'gelu',
  hidden_size: 768,
  initializer_factor: 1,
  intermediate_size: 1536,
  layer_norm_eps: 1e-5,
  model_type: 'clvp_encoder',
  num_attention_heads: 12,
  num_hidden_layers: 20,
  pad_token_id: null,
  projection_dim: 768,
  summary_type: 'mean',
  use_attention_bias: false,
  use_rotary_embedding: true,
  vocab_size: 256,
}

const decoderDefaults = {
  activation_function: 'gelu_new',
  add_cross_attention: false,
  attention_dropout: 0.1,
  bos_token_id: 8192,
  decoder_fixing_codes: [83, 45, 45, 248],
  embd_pdrop: 0.1,
  eos_token_id: 8193,
  feature_size: 80,
  hidden_size: 1024,
  initializer_factor: 1,
  initializer_range: 0.02,
  layer_norm_epsilon: 1e-5,
  max_position_embeddings: 608,
  max_text_tokens: 404,
  model_type: 'clvp_decoder',
  n_inner: null,
  num_attention_heads: 16,
  num_hidden_layers: 30,
  num_mel_attn_blocks: 6,
  pad_token_id: null,
  resid_pdrop: 0.1,
  summary_activation: null,
  summary_first_dropout: 0.1,
  summary_proj_to_labels: true,
  summary_type: 'cls_index',
  summary_use_proj: true,
  use_attention_bias: true,
  use_cache: true,
  vocab_size: 8194,
}

/** The whole config.json of a recipe, with transformers' defaults filled in as its save_pretrained does. */
export function fullConfig(recipe) {
  const { text_config, speech_config, decoder_config, ...rest } = recipe.config
  return {
    architectures: ['ClvpModelForConditionalGeneration'],
    decoder_config: { ...decoderDefaults, ...decoder_config },
    dtype: 'float32',
    initializer_factor: 1,
    logit_scale_init_value: 2.6592,
    model_type: 'clvp',
    projection_dim: 768,
    speech_config: { ...encoderDefaults, ...speech_config },
    text_config: { ...encoderDefaults, ...text_config },
    transformers_version: '5.23.0',
    ...rest,
  }
}

function fullPreprocessor(recipe) {
  return {
    chunk_length: 30,
    default_audio_length: 6,
    feature_extractor_type: 'ClvpFeatureExtractor',
    feature_size: 80,
    hop_length: 256,
    mel_norms: null,
    n_fft: 1024,
    padding_side: 'right',
    padding_value: 0,
    return_attention_mask: false,
    sampling_rate: 22050,
    ...withSampleCounts(recipe.preprocessor),
  }
}

/** The two counts that the extractor derives and saves with the rest. */
function withSampleCounts(preprocessor) {
  const samples = 30 * (preprocessor.sampling_rate ?? 22050)
  const hop = preprocessor.hop_length ?? 256
  return { n_samples: samples, nb_max_frames: Math.floor(samples / hop), ...preprocessor }
}

// --- values: the same as weights.py, bit for bit ---------------------------------------------------------------

/** FNV-1a over the name's bytes, started from the seed. */
export function nameKey(seed, name) {
  let key = (0x811c9dc5 ^ Math.imul(seed, 0x9e3779b1)) >>> 0
  for (const byte of Buffer.from(name)) key = Math.imul(key ^ byte, 0x01000193) >>> 0
  return key
}

/** The hash of one counter: 32 bits, unsigned. */
export function hash(key, index) {
  let x = Math.imul(index, 0x9e3779b9) ^ key
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d)
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b)
  return (x ^ (x >>> 16)) >>> 0
}

/** Fills `out` with float32 values in [offset - scale, offset + scale), those with the indices from `start`. */
function fillUniform(out, key, start, scale, offset) {
  // The scale is a float32, so the product of it and 24 bits is exact in a double and rounded once, as in numpy.
  const step = Math.fround(scale) * 2 ** -23
  for (let i = 0; i < out.length; i++) out[i] = ((hash(key, start + i) >>> 8) - 8388608) * step
  if (offset !== 0) for (let i = 0; i < out.length; i++) out[i] += offset
}

/** `count` float32 values in [offset - scale, offset + scale): what weights.py calls uniform(). */
export function uniform(seed, name, count, scale, offset = 0) {
  const out = new Float32Array(count)
  fillUniform(out, nameKey(seed, name), 0, scale, Math.fround(offset))
  return out
}

/** The [scale, offset] of a parameter by its kind. Uniform in [-a, a) has the deviation a / sqrt(3). */
function spread({ name, shape }) {
  if (name.endsWith('.bias')) return [0.2, 0]
  if (name.includes('norm')) return [0.2, 1]
  if (name.includes('position_embed')) return [Math.sqrt(3) * 0.5, 0]
  if (name.includes('embed')) return [Math.sqrt(3), 0]
  // Conv1D of the decoder's MLP is stored [in, out]; everything else [out, in(, 1)].
  const fanIn = name.includes('.mlp.c_') ? shape[0] : shape[1]
  return [Math.sqrt(3) / Math.sqrt(fanIn), 0]
}

/** Calls `use` with a tensor's values, block by block; the block is reused. */
function eachBlock(recipe, tensor, use) {
  if (tensor.values) return use(tensor.values)
  const [scale, offset] = spread(tensor)
  const key = nameKey(recipe.seed, tensor.name)
  const fixed = (recipe.set ?? []).filter(([name]) => name === tensor.name)
  const block = new Float32Array(Math.min(BLOCK, tensor.count))
  for (let at = 0; at < tensor.count; at += block.length) {
    const part = block.subarray(0, Math.min(block.length, tensor.count - at))
    fillUniform(part, key, at, scale, offset)
    for (const [, index, value] of fixed)
      if (index >= at && index < at + part.length) part[index - at] = value
    use(part)
  }
}

// --- which tensors a config has ----------------------------------------------------------------------------------

/** A norm or a Linear: weight of `shape`, and a bias of `biases` elements unless that is 0. */
function layer(prefix, shape, biases) {
  const weight = [`${prefix}.weight`, shape]
  return biases ? [weight, [`${prefix}.bias`, [biases]]] : [weight]
}

function attention(prefix, width, withBias) {
  const qkv = ['q', 'k', 'v'].flatMap((p) =>
    layer(`${prefix}.${p}_proj`, [width, width], withBias ? width : 0),
  )
  return [...qkv, ...layer(`${prefix}.out_proj`, [width, width], width)]
}

function conditioningTensors(config) {
  const { hidden_size: width, max_text_tokens, feature_size, num_mel_attn_blocks } = config.decoder_config
  const found = [
    ...layer('conditioning_encoder.text_token_embedding', [config.text_config.vocab_size, width], 0),
    ...layer('conditioning_encoder.text_position_embedding', [max_text_tokens, width], 0),
    ...layer('conditioning_encoder.mel_conv', [width, feature_size, 1], width),
  ]
  for (let i = 0; i < num_mel_attn_blocks; i++) {
    found.push(...layer(`conditioning_encoder.group_norms.${i}`, [width], width))
    const block = `conditioning_encoder.mel_attn_blocks.${i}`
    found.push(...attention(block, width, config.decoder_config.use_attention_bias))
  }
  return found
}

function decoderTensors(config) {
  const { hidden_size: width, vocab_size, n_inner, use_attention_bias } = config
  const inner = n_inner ?? 4 * width
  const decoder = 'speech_decoder_model.model.decoder'
  const found = [
    ...layer(`${decoder}.input_embeds_layer`, [vocab_size, width], 0),
    ...layer(`${decoder}.position_embeds_layer`, [config.max_position_embeddings, width], 0),
  ]
  for (let i = 0; i < config.num_hidden_layers; i++) {
    const block = `${decoder}.layers.${i}`
    found.push(...layer(`${block}.input_layernorm`, [width], width))
    found.push(...attention(`${block}.attn`, width, use_attention_bias))
    found.push(...layer(`${block}.post_attention_layernorm`, [width], width))
    found.push(...layer(`${block}.mlp.c_fc`, [width, inner], inner))
    found.push(...layer(`${block}.mlp.c_proj`, [inner, width], width))
  }
  return [
    ...found,
    ...layer(`${decoder}.layer_norm`, [width], width),
    ...layer('speech_decoder_model.final_norm', [width], width),
    ...layer('speech_decoder_model.lm_head', [vocab_size, width], vocab_size),
  ]
}

function encoderTensors(prefix, config) {
  const { hidden_size: width, intermediate_size: inner } = config
  const found = layer(`${prefix}.token_embedding`, [config.vocab_size, width], 0)
  if (config.use_rotary_embedding) found.push(rotaryFrequencies(prefix, config))
  for (let i = 0; i < config.num_hidden_layers; i++) {
    const block = `${prefix}.layers.${i}`
    found.push(...layer(`${block}.input_rmsnorm`, [width], 0))
    found.push(...attention(`${block}.self_attn`, width, config.use_attention_bias))
    found.push(...layer(`${block}.post_attention_rmsnorm`, [width], 0))
    found.push(...layer(`${block}.mlp.fc1.proj`, [2 * inner, width], 2 * inner))
    found.push(...layer(`${block}.mlp.fc2`, [width, inner], width))
  }
  found.push(...layer(`${prefix}.final_layer_norm`, [width], width))
  found.push(...layer(`${prefix}.projection`, [config.projection_dim, width], 0))
  return found
}

/** A buffer that transformers saves with the weights, though it follows from the config. */
function rotaryFrequencies(prefix, config) {
  const width = Math.max(Math.floor(config.projection_dim / (2 * config.num_attention_heads)), 32)
  const values = Float32Array.from({ length: Math.ceil(width / 2) }, (_, i) => {
    return 1 / Math.fround(10000 ** Math.fround((2 * i) / width))
  })
  return [`${prefix}.rotary_pos_emb.inv_freq`, [values.length], values]
}

/** Every tensor of the recipe's model.safetensors, in the order they are written. */
export function listTensors(recipe) {
  const config = fullConfig(recipe)
  const listed = [
    ['logit_scale', [], Float32Array.of(config.logit_scale_init_value)],
    ...conditioningTensors(config),
    ...decoderTensors(config.decoder_config),
    ...encoderTensors('text_encoder_model', config.text_config),
    ...encoderTensors('speech_encoder_model', config.speech_config),
  ]
  return listed.map(([name, shape, values]) => {
    return { name, shape, values, count: shape.reduce((a, b) => a * b, 1) }
  })
}

/** SHA-256 over all parameters' names and bytes, by name: what weights.py calls digest(). */
export function hashCheckpoint(recipe) {
  const total = createHash('sha256')
  const parameters = listTensors(recipe).filter(({ name }) => !name.endsWith('inv_freq'))
  for (const tensor of parameters.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    total.update(`${tensor.name}\0`)
    eachBlock(recipe, tensor, (block) => total.update(bytesOf(block)))
  }
  return total.digest('hex')
}

/**
 * Frames [codes, 4, mels] of as many codes as `recipe.codebook` says: of each a hum and three broad peaks that move a little, at
 * random. It is no voice, but no noise either.
 */
export function makeCodebook(recipe) {
  const { feature_size: mels } = fullPreprocessor(recipe)
  const frames = new Float32Array(recipe.codebook * 4 * mels)
  const random = uniform(recipe.seed, 'codebook', 8 * recipe.codebook, 1)
  for (let code = 0; code < recipe.codebook; code++) {
    const [loudness, tilt, ...peaks] = random.subarray(8 * code, 8 * code + 8)
    for (let i = 0; i < 4 * mels; i++) {
      const time = Math.floor(i / mels) / 4
      const pitch = (i % mels) / mels
      const peak = (place, move) =>
        Math.exp(-(((pitch - 0.5 - 0.45 * place - 0.05 * move * time) / 0.07) ** 2))
      const sum = peak(peaks[0], peaks[3]) + peak(peaks[1], peaks[4]) + peak(peaks[2], peaks[5])
      frames[4 * mels * code + i] = -7 + 2 * loudness - (2 + tilt) * pitch + 5 * sum
    }
  }
  return frames
}

// --- files ----------------------------------------------------------------------------------------------------------

/** A typed array's bytes, without copying. Files are little-endian; so is every machine that Node runs on here. */
export function bytesOf(array) {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength)
}

function writeSafetensors(recipe, tensors, path) {
  const header = { __metadata__: { format: 'pt' } }
  let end = 0
  for (const { name, shape, count } of tensors) {
    header[name] = { dtype: 'F32', shape, data_offsets: [end, end + 4 * count] }
    end += 4 * count
  }
  const text = JSON.stringify(header)
  const padded = Buffer.from(text.padEnd(Math.ceil(text.length / 8) * 8))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(padded.length))
  const file = openSync(path, 'w')
  try {
    writeWhole(file, length)
    writeWhole(file, padded)
    for (const tensor of tensors) eachBlock(recipe, tensor, (block) => writeWhole(file, bytesOf(block)))
  } finally {
    closeSync(file)
  }
}

function writeWhole(file, bytes) {
  for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at)
}

export function writeCodebook(recipe, dir) {
  const values = makeCodebook(recipe)
  const shape = [recipe.codebook, 4, fullPreprocessor(recipe).feature_size]
  const tensor = { name: 'codebook', shape, values, count: values.length }
  writeSafetensors(recipe, [tensor], join(dir, 'codebook.safetensors'))
}

/** Deals tensors out to `count` runs of about the same size, as transformers does by a size limit. */
function splitShards(tensors, count) {
  const total = tensors.reduce((sum, tensor) => sum + tensor.count, 0)
  const shards = Array.from({ length: count }, () => [])
  let before = 0
  for (const tensor of tensors) {
    shards[Math.min(count - 1, Math.floor((before * count) / total))].push(tensor)
    before += tensor.count
  }
  return shards.filter((shard) => shard.length > 0)
}

function writeShards(recipe, tensors, dir, count) {
  const shards = splitShards(tensors, count)
  const weightMap = {}
  shards.forEach((shard, i) => {
    const numbers = [i + 1, shards.length].map((n) => String(n).padStart(5, '0'))
    const file = `model-${numbers[0]}-of-${numbers[1]}.safetensors`
    writeSafetensors(recipe, shard, join(dir, file))
    for (const { name } of shard) weightMap[name] = file
  })
  const elements = tensors.reduce((sum, tensor) => sum + tensor.count, 0)
  const metadata = { total_parameters: elements, total_size: 4 * elements }
  writeJson(dir, 'model.safetensors.index.json', { metadata, weight_map: weightMap })
}

const floatFields = /"(initializer_factor|logit_scale_init_value|padding_value)": (-?\d+)(?=[,\n])/g

function writeJson(dir, file, value) {
  // transformers refuses an integer where a config has a float, and JSON.stringify writes 1.0 as 1.
  const text = JSON.stringify(value, null, 2).replace(floatFields, '"$1": $2.0')
  writeFileSync(join(dir, file), `${text}\n`)
}

/**
 * A vocabulary for a text embedding of `size` rows, whose last one is bos: size - 1 tokens and the merges that
 * make the longer ones. Only its first 40 tokens are as in the published vocabulary.
 */
export function makeVocabulary(size) {
  const tokens = ['[STOP]', '[UNK]', '[SPACE]', ..."!'(),-./:;?", ...'abcdefghijklmnopqrstuvwxyz']
  const merges = []
  const add = (first, second) => {
    if (tokens.length >= size - 1) return
    tokens.push(first + second)
    merges.push(`${first} ${second}`)
  }
  for (const first of 'eaoitnsrhl') for (const second of 'thenraisodlucm') add(first, second)
  for (const pair of [...merges]) for (const third of 'ser') add(pair.replace(' ', ''), third)
  return { tokens: tokens.slice(0, size - 1), merges }
}

function writeTokenizer(dir, size) {
  const { tokens, merges } = makeVocabulary(size)
  writeFileSync(
    join(dir, 'vocab.json'),
    JSON.stringify(Object.fromEntries(tokens.map((token, i) => [token, i]))),
  )
  writeFileSync(join(dir, 'merges.txt'), ['#version: 0.2', ...merges, ''].join('\n'))
  writeJson(dir, 'tokenizer_config.json', {
    add_prefix_space: false,
    bos_token: '<|endoftext|>',
    eos_token: '[STOP]',
    errors: 'replace',
    pad_token: '[STOP]',
    tokenizer_class: 'ClvpTokenizer',
    unk_token: '[UNK]',
  })
}

/** Writes a recipe's checkpoint as a Hugging Face folder; weights in several files if `shards` is more than 1. */
export function writeCheckpoint(recipe, dir, { shards = 1 } = {}) {
  mkdirSync(dir, { recursive: true })
  const config = fullConfig(recipe)
  writeJson(dir, 'config.json', config)
  writeJson(dir, 'preprocessor_config.json', fullPreprocessor(recipe))
  if (recipe.generation_config) writeJson(dir, 'generation_config.json', recipe.generation_config)
  writeTokenizer(dir, config.text_config.vocab_size)
  const tensors = listTensors(recipe)
  if (shards > 1) writeShards(recipe, tensors, dir, shards)
  else writeSafetensors(recipe, tensors, join(dir, 'model.safetensors'))
  if (recipe.codebook) writeCodebook(recipe, dir)
  return dir
}
