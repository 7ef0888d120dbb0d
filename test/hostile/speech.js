/** Hostile files of a model with all stages of speech, each wrong in one way within the keys and tensors of a stage. */
import { changed, find, modelKeys, modelTensors, naming, starting, withKey, withValues } from './corpus.js'
import { bytesOf, readGguf, types } from './gguf.js'

const UNSUPPORTED = 'CLVP_UNSUPPORTED'
const most = { u32: 2 ** 32 - 1, i32: 2 ** 31 - 1 }
const isStageKey = (name) => /^clvp\.(hifigan|diffusion|vocoder|random|dvae)\./.test(name)
const isStageTensor = (name) => /^(hifigan|diff|vocoder|random|dvae)\./.test(name)

/** The key whose presence says that a file has the stage. */
const tells =
  /^clvp\.(hifigan\.channel_count|diffusion\.embedding_length|vocoder\.channel_count|random\.layer_count|dvae\.channels)$/
/** Sizes for which 0 is in range, so that the tensors tell that it is wrong. */
const mayBeZero = /(block_count|random\.(decoder|diffusion)_length)$/

/** Without the key that tells of it, a stage's tensors are strangers. */
function* keys(sound) {
  for (const [name, bytes, message, code] of modelKeys(sound, isStageKey)) {
    const key = name.split(' ')[0]
    if (name.endsWith('missing') && tells.test(key))
      yield [name, bytes, /tensor .* is not part of this model/, code]
    else if (name.endsWith('u32 0') && mayBeZero.test(key))
      yield [name, bytes, /tensor .* is not part of this model|missing/, code]
    else yield [name, bytes, message, code]
  }
}

const list = (sound, name, ...items) => withKey(sound, name, types.array, { type: types.i32, items })

function* lists(sound) {
  for (const { name, value } of readGguf(sound).keys) {
    if (!isStageKey(name) || !value?.items) continue
    const { items } = value
    for (const odd of [0, -1, most.i32, -(2 ** 31)])
      yield [`${name} with ${odd}`, list(sound, name, ...items.slice(1), odd), naming(name, 'holds')]
    yield [`${name}: none`, list(sound, name), naming(name, 'holds 0 numbers')]
    yield [`${name}: 17`, list(sound, name, ...Array(17).fill(1)), naming(name, 'holds 17 numbers')]
    yield [`${name}: 100,000`, list(sound, name, ...Array(1e5).fill(1)), naming(name, 'holds 100000')]
    yield [
      `${name}: one more`,
      list(sound, name, ...items, items.at(-1)),
      /tensor .* (is missing|has the shape)|dvae\.channels/,
    ]
    yield [
      `${name}: as floats`,
      withKey(sound, name, types.array, { type: types.f32, items }),
      naming(name, 'wrong type'),
    ]
  }
  for (const [name, odd] of [
    ['clvp.hifigan.upsample_rates', [3, 2]],
    ['clvp.hifigan.resblock_kernel_sizes', [3, 4]],
  ])
    yield [`${name} [${odd}]`, list(sound, name, ...odd), naming(name, 'expected (even|odd) numbers')]
}

/** Stages whose sizes are in range, but do not go with each other. */
function* relations(sound) {
  const { keys } = readGguf(sound)
  const was = (name) => find(keys, name).value
  const set = (name, value) => withValues(sound, { [name]: value })
  for (const name of [
    'clvp.hifigan.latent_length',
    'clvp.hifigan.conditioning_length',
    'clvp.diffusion.latent_length',
    'clvp.vocoder.mel_channel_count',
    'clvp.random.decoder_length',
    'clvp.random.diffusion_length',
  ])
    yield [`${name} + 1`, set(name, was(name) + 1), naming(name, 'expected')]
  const heads = 'clvp.diffusion.head_count'
  yield [`${heads} 3`, set(heads, 3), naming(heads, 'a divisor')]
  yield [`${heads} 4`, set(heads, 4), /tensor diff\..*attn_bias\.weight has the shape/]
  const width = 'clvp.diffusion.embedding_length'
  yield [`${width} 62`, withValues(sound, { [width]: 62, [heads]: 1 }), naming(width), UNSUPPORTED]
  const channels = 'clvp.hifigan.channel_count'
  yield [`${channels} 6`, set(channels, 6), naming(channels, 'halved 2 times')]
  for (const name of ['clvp.dvae.code_count', 'clvp.diffusion.code_count'])
    yield [`${name} + 1`, set(name, was(name) + 1), /clvp\.dvae\.code_count|tensor diff\.code\.embd.* shape/]
  const count = 'clvp.random.layer_count'
  yield [`${count} 65`, set(count, 65), naming(count, 'expected 1 to 64')]
  for (const { name, type, value } of keys)
    if (isStageKey(name) && /block_count$/.test(name) && type === types.u32)
      yield [`${name} 1024`, set(name, value + 1000), /tensor .* is missing/]
}

/** A HiFi-GAN or UnivNet of other sizes, whose tensors are all there: only the keys tell that it is too large. */
export function* products(sound) {
  const most = 'more than 16384 samples'
  // Products of these are 0, or few, in 32 bits.
  for (const rates of [
    [16384, 16384, 16384],
    [16384, 16384, 16],
    [16384, 2],
    [256, 256, 256, 256],
    [254, 256, 256, 256, 2],
  ])
    yield [`rates [${rates}]`, hifiganOf(sound, rates), naming('clvp.hifigan.upsample_rates', most)]
  for (const strides of [[16384, 16384, 16], [16384, 2], [16384, 16384, 16384], Array(16).fill(4)])
    yield [`strides [${strides}]`, vocoderOf(sound, strides), naming('clvp.vocoder.strides', most)]
}

/** With a stage's tensors replaced, of zeros: `shapes` by name. */
function withStage(sound, prefix, values, shapes) {
  return changed(sound, (file) => {
    const dims = Object.entries(shapes)
    const align = (n) => Math.ceil(n / file.alignment) * file.alignment
    let end = align(file.data.length)
    const placed = dims.map(([name, shape]) => {
      const tensor = { name: `${prefix}.${name}`, dims: shape.map(BigInt), type: 0, offset: BigInt(end) }
      end = align(end + Number(bytesOf(tensor)))
      return tensor
    })
    return {
      keys: file.keys.map((key) => ({ ...key, value: values[key.name] ?? key.value })),
      tensors: [...file.tensors.filter(({ name }) => !name.startsWith(`${prefix}.`)), ...placed],
      data: Buffer.concat([file.data, Buffer.alloc(end - file.data.length)]),
    }
  })
}

const numbers = (...items) => ({ type: types.i32, items })

/** HiFi-GAN with the fewest weights for these rates: one residual convolution of one tap after each. */
function hifiganOf(sound, rates) {
  const { keys } = readGguf(sound)
  const latent = find(keys, 'clvp.hifigan.latent_length').value
  let channels = 2 ** Math.max(1, rates.length)
  const shapes = { 'pre.weight': [7 * latent, channels], 'pre.bias': [channels] }
  Object.assign(shapes, { 'cond.weight': [latent, channels], 'cond.bias': [channels] })
  const values = {
    'clvp.hifigan.channel_count': channels,
    'clvp.hifigan.upsample_rates': numbers(...rates),
    'clvp.hifigan.resblock_kernel_sizes': numbers(1),
    'clvp.hifigan.resblock_dilations': numbers(1),
  }
  for (const [stage, rate] of rates.entries()) {
    const inputs = channels
    channels /= 2
    shapes[`up.${stage}.weight`] = [inputs, 2 * rate * channels]
    shapes[`up.${stage}.bias`] = [channels]
    for (const part of ['first', 'second']) {
      shapes[`res.${stage}.0.${part}.0.weight`] = [channels, channels]
      shapes[`res.${stage}.0.${part}.0.bias`] = [channels]
    }
  }
  return withStage(sound, 'hifigan', values, {
    ...shapes,
    'post.weight': [7 * channels, 1],
    'post.bias': [1],
  })
}

/** UnivNet of one channel. */
function vocoderOf(sound, strides) {
  const { keys } = readGguf(sound)
  const mels = find(keys, 'clvp.vocoder.mel_channel_count').value
  const values = {
    'clvp.vocoder.channel_count': 1,
    'clvp.vocoder.noise_channel_count': 1,
    'clvp.vocoder.hidden_channel_count': 1,
    'clvp.vocoder.predictor_block_count': 0,
    'clvp.vocoder.strides': numbers(...strides),
    'clvp.vocoder.dilations': numbers(1),
  }
  const shapes = { 'pre.weight': [7, 1], 'pre.bias': [1], 'post.weight': [7, 1], 'post.bias': [1] }
  for (const [i, stride] of strides.entries()) {
    const block = `blk.${i}`
    Object.assign(shapes, { [`${block}.up.weight`]: [1, 2 * stride], [`${block}.up.bias`]: [1] })
    Object.assign(shapes, {
      [`${block}.predict.in.weight`]: [5 * mels, 1],
      [`${block}.predict.in.bias`]: [1],
    })
    Object.assign(shapes, {
      [`${block}.predict.kernel.weight`]: [3, 6],
      [`${block}.predict.kernel.bias`]: [6],
    })
    Object.assign(shapes, { [`${block}.predict.bias.weight`]: [3, 2], [`${block}.predict.bias.bias`]: [2] })
    Object.assign(shapes, { [`${block}.conv.0.weight`]: [3, 1], [`${block}.conv.0.bias`]: [1] })
  }
  return withStage(sound, 'vocoder', values, shapes)
}

/** One tensor of each kind: what is wrong with one is as wrong with its neighbours. */
function isSample(name) {
  return /^(hifigan\.(pre|up\.0|res\.1\.1\.second\.2|post)|diff\.(time\.first|mix|uncond|code\.embd|integrate\.0\.res\.emb|blk\.1\.attn\.attn_(qkv|bias)|blk\.1\.res\.norm2)|vocoder\.(blk\.0\.predict\.(kernel|bias)|blk\.1\.up)|random\.diffusion\.3|dvae\.(halve\.1|codebook))\./.test(
    name,
  )
}

/** Names of a stage's tensors that are no matrices: those must be F32. */
const isMatrix = (name) => !/(norm\d?|uncond|embd|attn_bias|codebook)\.weight|\.bias$/.test(name)

/** Each tensor missing, and twice, of another shape and type; and everything that can be wrong with some of them. */
function* tensors(sound) {
  for (const each of modelTensors(sound, isStageTensor)) {
    const [name] = each
    if (/ as f16$/.test(name) && isMatrix(name.split(' ')[0])) continue // whose type may be any weight's
    const isShort = /(missing|with a row more|as i32)$/.test(name)
    if (isShort || isSample(`${name.split(' ')[0]}`)) yield each
  }
}

function* contents(sound) {
  for (const { name } of readGguf(sound).tensors)
    if (isStageTensor(name))
      yield [`${name} with NaN`, starting(sound, name, Number.NaN), naming(name, 'NaN or infinite')]
}

const groups = { keys, lists, relations, tensors, contents }

/**
 * Every hostile file made of a sound one with all stages, one at a time.
 *
 * @yields `{ group, name, bytes, code, message }`
 */
export function* speechCorpus(sound, chosen = groups) {
  for (const [group, cases] of Object.entries(chosen))
    for (const [name, bytes, message, code = 'CLVP_MODEL_FORMAT'] of cases(sound))
      yield { group, name, bytes, code, message }
}

/** Files whose sizes are as large as the keys may say; a load and a short call must be possible. */
export function* largest(sound) {
  yield { name: 'a hop of 16384', bytes: hifiganOf(sound, [4096, 4]) }
  yield { name: 'seven upsamplings', bytes: hifiganOf(sound, Array(7).fill(4)) }
  yield { name: 'strides of 1', bytes: vocoderOf(sound, [1, 1, 1]) }
  yield { name: 'a stride of 16384', bytes: vocoderOf(sound, [16384]) }
  yield { name: 'odd strides', bytes: vocoderOf(sound, [3, 5, 7]) }
}
