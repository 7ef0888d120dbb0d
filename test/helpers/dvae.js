/**
 * Made-up dvae.pth files and a plain reading of them in double precision, written on its own: docs of the layout are in
 * docs/model-format.md. scripts/parity/dvae_reference.py makes the same weights in Python.
 */
import { writeFileSync } from 'node:fs'
import { bytesOf, uniform } from './checkpoint.js'
import { packTorch } from './torch.js'

/** The encoder's and the codebook's tensors, as [name, shape]. */
export function dvaeShapes({ mels, hidden, blocks, embd, codes }) {
  const wide = 2 * hidden
  const convolution = (name, outputs, inputs, width) => [
    [`${name}.weight`, [outputs, inputs, width]],
    [`${name}.bias`, [outputs]],
  ]
  return [
    ...convolution('encoder.0.0', hidden, mels, 3),
    ...convolution('encoder.1.0', wide, hidden, 3),
    ...Array.from({ length: blocks }, (_, i) => [
      ...convolution(`encoder.${2 + i}.net.0`, wide, wide, 3),
      ...convolution(`encoder.${2 + i}.net.2`, wide, wide, 3),
      ...convolution(`encoder.${2 + i}.net.4`, wide, wide, 1),
    ]).flat(),
    ...convolution(`encoder.${2 + blocks}`, embd, wide, 1),
    ['codebook.embed', [embd, codes]],
  ]
}

const product = (shape) => shape.reduce((a, b) => a * b, 1)

/** Scales that give many codes for a clip. */
function scaleOf(name, shape) {
  if (name === 'codebook.embed') return 10
  return name.endsWith('.bias') ? 0.1 : Math.fround(2.5 / Math.sqrt(shape[1] * shape[2]))
}

/** `{ name: { shape, values } }` */
export function makeDvae(sizes, seed) {
  return Object.fromEntries(
    dvaeShapes(sizes).map(([name, shape]) => {
      return [name, { shape, values: uniform(seed, name, product(shape), scaleOf(name, shape)) }]
    }),
  )
}

/** As packTorch takes them, with what only training and decoding need. */
export function torchDvae(weights) {
  const pack = (shape, values) => ({ dtype: 'F32', shape, data: Buffer.from(bytesOf(values)) })
  const found = Object.entries(weights).map(([name, { shape, values }]) => [name, pack(shape, values)])
  const [, codes] = weights['codebook.embed'].shape
  return {
    'decoder.0.weight': pack([2, 2, 1], new Float32Array(4)),
    'discrete_loss.accumulator': pack([1, codes], new Float32Array(codes)),
    ...Object.fromEntries(found),
    'codebook.cluster_size': pack([codes], new Float32Array(codes)),
    'codebook.embed_avg': pack([1, codes], new Float32Array(codes)),
  }
}

export function writeDvae(path, weights) {
  writeFileSync(path, packTorch(torchDvae(weights)))
}

/** frames: arrays of channels. */
function convolve({ weight, bias }, frames, stride) {
  const [outputs, inputs, width] = weight.shape
  const margin = (width - 1) / 2
  const found = []
  for (let at = 0; at < frames.length; at += stride) {
    found.push(
      Array.from({ length: outputs }, (_, out) => {
        let sum = bias.values[out]
        for (let tap = 0; tap < width; tap++) {
          const frame = frames[at + tap - margin] ?? []
          for (let i = 0; i < frame.length; i++)
            sum += weight.values[(out * inputs + i) * width + tap] * frame[i]
        }
        return sum
      }),
    )
  }
  return found
}

const relu = (frames) => frames.map((frame) => frame.map((x) => Math.max(0, x)))
const sum = (a, b) => a.map((frame, i) => frame.map((x, j) => x + b[i][j]))

/** Codes of log-mel features that have been divided by the norms: `data` of `[channels, frames]`. */
export function referenceCodes(weights, data, channels) {
  const layer = (name) => ({ weight: weights[`${name}.weight`], bias: weights[`${name}.bias`] })
  const count = data.length / channels
  let x = Array.from({ length: count }, (_, t) =>
    Array.from({ length: channels }, (_, c) => data[c * count + t]),
  )
  x = relu(convolve(layer('encoder.0.0'), x, 2))
  x = relu(convolve(layer('encoder.1.0'), x, 2))
  let at = 2
  for (; weights[`encoder.${at}.net.0.weight`]; at++) {
    const first = relu(convolve(layer(`encoder.${at}.net.0`), x, 1))
    const second = relu(convolve(layer(`encoder.${at}.net.2`), first, 1))
    x = sum(convolve(layer(`encoder.${at}.net.4`), second, 1), x)
  }
  return convolve(layer(`encoder.${at}`), x, 1).map((frame) => nearest(weights['codebook.embed'], frame))
}

function nearest({ shape: [embd, codes], values }, frame) {
  let best = { code: -1, distance: Number.POSITIVE_INFINITY }
  for (let code = 0; code < codes; code++) {
    let distance = 0
    for (let i = 0; i < embd; i++) distance += (frame[i] - values[i * codes + code]) ** 2
    if (distance < best.distance) best = { code, distance }
  }
  return best.code
}
