/**
 * Fuzzes the readers of stages of speech: an input names one of several models, and tensors of it that have
 * other shapes or types, are gone, or do not belong to it.
 */
import { readDiffusion } from '../../../dist/quantize/checkpoint/diffusion.js'
import { readDvae } from '../../../dist/quantize/checkpoint/dvae.js'
import { readHifigan } from '../../../dist/quantize/checkpoint/hifigan.js'
import { readRandomLatents } from '../../../dist/quantize/checkpoint/random_latents.js'
import { isOfTransformers, readUnivnet } from '../../../dist/quantize/checkpoint/univnet.js'
import { dvaeShapes } from '../../helpers/dvae.js'
import {
  diffusionTensors,
  hifiganTensors,
  randomLatentTensors,
  univnetConfig,
  univnetTensors,
} from '../../helpers/speech.js'

const config = { path: 'config.json', json: univnetConfig() }
const readUnivnets = (path, tensors) =>
  readUnivnet(path, tensors, isOfTransformers(tensors) ? config : undefined)
const small = { channels: 4, latent: 4, rates: [2], kernels: [3] }
const shapesOf = (tensors) => Object.entries(tensors).map(([name, { shape }]) => [name, shape])

/** Readers with the shapes of what they read. */
const models = {
  dvae: [readDvae, dvaeShapes({ mels: 4, hidden: 2, blocks: 1, embd: 2, codes: 5 })],
  hifigan: [readHifigan, shapesOf(hifiganTensors(small))],
  parametrized: [readHifigan, shapesOf(hifiganTensors({ ...small, norm: 'new' }))],
  diffusion: [readDiffusion, shapesOf(diffusionTensors({ width: 8, latent: 4, blocks: 1 }))],
  univnet: [readUnivnets, shapesOf(univnetTensors({ channels: 2, strides: [2], layers: 2 }))],
  transformers: [
    readUnivnets,
    shapesOf(univnetTensors({ layout: 'transformers', norm: 'none', strides: [2] })),
  ],
  random: [
    (path, tensors) => readRandomLatents('decoder', path, tensors),
    shapesOf(randomLatentTensors({ width: 4 })),
  ],
}
const sizes = { F64: 8, F32: 4, F16: 2, BF16: 2, I64: 8 }

function tensorOf(name, dtype, shape) {
  const bytes = shape.reduce((product, size) => product * size, sizes[dtype] ?? 1)
  const read = async () => {} // zeros
  return { name, path: 'x.pth', dtype, shape, bytes, isScattered: false, read }
}

/**
 * A change: `name type 2,3` for a tensor with another shape, `+name type 2,3` for a new one, `name` for one
 * that is gone.
 */
function change(tensors, line) {
  const [first = '', dtype, dimensions] = line.split(' ')
  const name = first.replace(/^\+/, '')
  const shape = (dimensions ?? '').split(',').map((text) => Math.floor(Math.abs(Number(text))))
  const tensor = tensorOf(name, dtype, shape)
  const isSound = Number.isSafeInteger(tensor.bytes) && (name !== first || tensors.has(name))
  if (dtype === undefined) tensors.delete(name)
  else if (isSound) tensors.set(name, tensor)
}

/** Reads a stage, and the numbers of its small tensors. */
async function run(bytes) {
  const [model, ...lines] = bytes.toString().split('\n')
  const [read, shapes] = Object.hasOwn(models, model) ? models[model] : models.hifigan
  const tensors = new Map(shapes.map(([name, shape]) => [name, tensorOf(name, 'F32', shape)]))
  for (const line of lines) change(tensors, line)
  for (const { name, dims, source } of read('x.pth', tensors).tensors) {
    const elements = dims.reduce((product, size) => product * size, 1)
    if (source.bytes !== elements * sizes[source.dtype]) throw new Error(`${name} has ${source.bytes} bytes`)
    if (source.bytes <= 4096) await source.read(0, new Uint8Array(source.bytes))
  }
}

/** Changes that change nothing: of the first tensors, of the last, and of one that is not there. */
function seedOf([model, [, shapes]]) {
  const lines = [...shapes.slice(0, 2), ...shapes.slice(-2)].map(
    ([name, shape]) => `${name} F32 ${shape.join()}`,
  )
  return Buffer.from([model, ...lines, 'gone'].join('\n'))
}

export const stages = {
  name: 'stages',
  seeds: Object.entries(models).map(seedOf),
  words: [
    ...['weight_g', 'weight_v', '.bias', '.weight', 'conv_pre', 'layers.', '.attn.', '\n', ' ', '\n+'],
    ...['65536', '65537', '0', '-1', '1e9', ' I64 ', ' F64 ', ' BF16 ', '.0.', '.99999.'],
  ].map((word) => Buffer.from(word)),
  run,
}
