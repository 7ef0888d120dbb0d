/**
 * Made-up weights of the stages that turn codes into sound, by the names and shapes of tortoise's classes and of transformers'
 * UnivNetModel. scripts/parity/speech_models.py loads them, strictly.
 *
 * Sizes are the arguments of the reference's constructors, as speech_case.js makes them.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { uniform } from './checkpoint.js'
import { dictOf } from './pickle.js'
import { packSafetensors } from './safetensors.js'
import { stages } from './speech_tensors.js'
import { packTorch } from './torch.js'

/**
 * How large the values of a parameter are, by the first pattern that its name matches; 1 without one. A matrix of gain 1 keeps the
 * variance of its input. These keep every signal near 1, the sound within [-1, 1], and its tanh far from saturation.
 */
const gains = [
  [/^layers\.[0-4]\.bias$/, 1],
  [/relative_attention_bias/, 0.2],
  [/(proj_out|out_layers\.3|emb_layers\.1)\.weight/, 0.5],
  [/kernel_conv\.bias/, 0.02],
  [/bias$/, 0.1],
  [/(ups|convt_pre)/, 1.4],
  [/cond_layer/, 0.5],
  [/conv_post/, 0.5],
  [/input_conv/, 0.2],
  [/kernel_conv/, 0.15],
  [/bias_conv/, 0.3],
  [/resblocks\.\d+\.convs/, 0.9],
  [/(conv_blocks|resblocks\.\d+\.conv)/, 1.2],
]

/** What followInput() adds where a channel goes on to itself. */
const following = 2
/** Radians a step of the 4,000 that followSlowTimes() keeps. */
const slowest = 0.003

const product = (shape) => shape.reduce((a, b) => a * b, 1)
const gainOf = (name) => gains.find(([pattern]) => pattern.test(name))?.[1] ?? 1

/** Products that are summed for one number of a layer's output. */
function fanOf(name, shape) {
  // The stride of a transposed convolution is half its kernel: two of its frames meet in a sample.
  if (/ups|convt_pre/.test(name)) return 2 * shape[0]
  // EqualLinear of a random voice divides by them itself, and by ten.
  if (/^layers\.[0-4]\.weight$/.test(name)) return 0.01
  return /embedding/.test(name) ? 1 : product(shape.slice(1))
}

/** What the norms of a matrix's first dimension are multiplied by for a gain of 1. */
function unitNorm(name, shape) {
  return /ups|convt_pre/.test(name) ? Math.sqrt(product(shape.slice(1)) / (2 * shape[0])) : 1
}

/** [scale, offset] of a parameter that is uniform in [offset - scale, offset + scale). */
function spreadOf({ name, shape, of }) {
  const gain = gainOf(name)
  if (name.endsWith('weight_v')) return [1, 0]
  if (name.endsWith('weight_g')) {
    const norm = gain * unitNorm(name, of)
    return [0.2 * norm, norm]
  }
  if (name.endsWith('bias')) return [Math.sqrt(3) * gain, 0]
  if (shape.length === 1) return [0.3, 1]
  if (/relative_attention_bias/.test(name)) return [Math.sqrt(3) * gain, 0]
  return [(Math.sqrt(3) * gain) / Math.sqrt(fanOf(name, shape)), 0]
}

/**
 * Makes the predicted noise follow the noisy frames, as a trained model's does, for as many mel channels as there are channels: of frames
 * that it has nothing to do with, every sampler would leave [-1, 1] and be clamped there.
 */
function followInput(values, { model_channels: width, in_channels: mels }) {
  const [input, mix, output] = ['inp_block', 'integrating_conv', 'out.2'].map(
    (name) => values[`${name}.weight`],
  )
  for (let c = 0; c < Math.min(width, mels); c++) {
    input[3 * (c * mels + c) + 1] += following
    mix[c * 2 * width + c] += 1
    output[3 * (c * width + c) + 1] += following
  }
}

/** Lets the diffusion model hear only slow changes of its time, as a trained one: no solver follows the fast ones in few steps. */
function followSlowTimes(values, { model_channels: width }) {
  const weight = values['time_embed.0.weight']
  const half = width / 2
  const isFast = (column) => 10_000 ** (-(column % half) / half) > slowest
  for (let i = 0; i < weight.length; i++) if (isFast(i % width)) weight[i] = 0
}

/** By name the Float32Arrays of a stage: those of `stages` in speech_tensors.js. */
function stageValues(stage, sizes, seed, isSmooth) {
  const values = {}
  for (const tensor of stages[stage](sizes)) {
    const [scale, offset] = spreadOf(tensor)
    values[tensor.name] = uniform(seed, `${stage} ${tensor.name}`, product(tensor.shape), scale, offset)
  }
  if (stage === 'diffusion') followInput(values, sizes)
  if (stage === 'diffusion' && isSmooth) followSlowTimes(values, sizes)
  return values
}

// --- files ------------------------------------------------------------------------------------------------------------

/** `{ name: { dtype, shape, data } }` of a stage, as packTorch takes them. */
function stageTensors(stage, sizes, seed, isSmooth) {
  const values = stageValues(stage, sizes, seed, isSmooth)
  return Object.fromEntries(
    stages[stage](sizes).map(({ name, shape }) => {
      return [name, { dtype: 'F32', shape, data: Buffer.from(values[name].buffer) }]
    }),
  )
}

const torchFiles = {
  hifigan: 'hifidecoder.pth',
  diffusion: 'diffusion_decoder.pth',
  vocoder: 'vocoder.pth',
  randomDecoder: 'rlg_auto.pth',
  randomDiffusion: 'rlg_diffuser.pth',
}

/** Writes transformers' folder of a UnivNetModel. */
function writeUnivnet(folder, config, seed) {
  mkdirSync(folder, { recursive: true })
  const header = { __metadata__: { format: 'pt' } }
  const parts = []
  let end = 0
  for (const [name, { dtype, shape, data }] of Object.entries(stageTensors('univnet', config, seed))) {
    header[name] = { dtype, shape, data_offsets: [end, end + data.length] }
    end += data.length
    parts.push(data)
  }
  writeFileSync(join(folder, 'model.safetensors'), packSafetensors(header, Buffer.concat(parts)))
  const whole = { architectures: ['UnivNetModel'], model_type: 'univnet', ...config }
  writeFileSync(join(folder, 'config.json'), JSON.stringify(whole))
}

/** Writes the files of a case of speech_case.js into a folder: tortoise's five, and transformers' folder `univnet`. */
export function writeSpeechFiles(folder, asked) {
  for (const [stage, file] of Object.entries(torchFiles)) {
    // UnivNet's training saved its generator beside other things.
    const wrap = stage === 'vocoder' ? (state) => dictOf([['model_g', state]]) : (state) => state
    const tensors = stageTensors(stage, asked.stages[stage], asked.seed, asked.isSmooth)
    writeFileSync(join(folder, file), packTorch(tensors, { wrap }))
  }
  writeUnivnet(join(folder, 'univnet'), asked.stages.univnet, asked.seed)
}
