/**
 * The vocoder UnivNet: tortoise's (UnivNetGenerator, vocoder.pth) or transformers' (UnivNetModel). It makes
 * sound of mel spectrograms.
 */
import { malformed } from '../../lib/base/errors.js'
import { permuted } from '../formats/permuted.js'
import type { SourceTensor } from '../formats/source_tensor.js'
import { convolution, transposedConvolution } from './layers.js'
import { type JsonObject, Section, unsupported } from './section.js'
import type { StageContent } from './stage.js'
import { TensorReader } from './tensor_reader.js'
import { i32s, u32s } from './values.js'

/** Frames that the first and the last convolution see, and those of the kernel predictor's first one. */
const EDGE_TAPS = 7
const PREDICTOR_TAPS = 5
/** Frames that all other convolutions see, the predicted ones too. */
const TAPS = 3
/** Samples of a frame, and most frames between the taps of a convolution. */
const MAX_HOP = 2 ** 14
const MAX_DILATION = 4096
/** tortoise's, which its files do not tell. */
const SLOPE = 0.2
const DILATION_BASE = 3

/** Where the two implementations keep the layers: I stands for a block, J for a layer in it. */
const LAYOUTS = {
  tortoise: {
    block: 'res_stack.I',
    up: 'res_stack.I.convt_pre.1',
    predictorIn: 'res_stack.I.kernel_predictor.input_conv.0',
    residual: 'res_stack.I.kernel_predictor.residual_convs.J',
    first: 'res_stack.I.kernel_predictor.residual_convs.J.1',
    second: 'res_stack.I.kernel_predictor.residual_convs.J.3',
    kernel: 'res_stack.I.kernel_predictor.kernel_conv',
    bias: 'res_stack.I.kernel_predictor.bias_conv',
    convolution: 'res_stack.I.conv_blocks.J',
    dilated: 'res_stack.I.conv_blocks.J.1',
    post: 'conv_post.1',
  },
  transformers: {
    block: 'resblocks.I',
    up: 'resblocks.I.convt_pre',
    predictorIn: 'resblocks.I.kernel_predictor.input_conv',
    residual: 'resblocks.I.kernel_predictor.resblocks.J',
    first: 'resblocks.I.kernel_predictor.resblocks.J.conv1',
    second: 'resblocks.I.kernel_predictor.resblocks.J.conv2',
    kernel: 'resblocks.I.kernel_predictor.kernel_conv',
    bias: 'resblocks.I.kernel_predictor.bias_conv',
    convolution: 'resblocks.I.resblocks.J',
    dilated: 'resblocks.I.resblocks.J.conv',
    post: 'conv_post',
  },
} as const

type Layout = Readonly<Record<keyof (typeof LAYOUTS)['tortoise'], string>>

/** Tensors of transformers' implementation alone. */
const OF_TRANSFORMERS = /^resblocks\.\d+\.kernel_predictor\./

/** Whether transformers wrote the tensors, so that a config.json goes with them. */
export function isOfTransformers(tensors: ReadonlyMap<string, SourceTensor>): boolean {
  return [...tensors.keys()].some((name) => OF_TRANSFORMERS.test(name))
}

/**
 * Reads the generator. All sizes follow from the shapes of its tensors.
 *
 * @param config config.json of transformers' UnivNetModel, which says what the shapes cannot; undefined for
 *   tortoise's file
 * @throws ClvpError `CLVP_MODEL_FORMAT` for a file of something else, `CLVP_UNSUPPORTED` for a UnivNet of
 *   another layout
 */
export function readUnivnet(
  path: string,
  tensors: ReadonlyMap<string, SourceTensor>,
  config: { path: string; json: JsonObject } | undefined,
): StageContent {
  const layout = LAYOUTS[config ? 'transformers' : 'tortoise']
  const reader = new TensorReader(path, "a UnivNet of tortoise's or transformers' layout", tensors)
  const sizes = readSizes(reader, layout)
  const { dilations, slope } = config ? readConfig(config, sizes.layers) : usualSettings(reader, sizes.layers)
  const { noise, channels, mels, hidden, residuals, blocks } = sizes
  convolution(reader, 'conv_pre', 'vocoder.pre', { inputs: noise, outputs: channels, taps: EDGE_TAPS })
  const strides = Array.from({ length: blocks }, (_, i) => readBlock(reader, layout, i, sizes))
  if (strides.reduce((product, stride) => product * stride, 1) > MAX_HOP) {
    throw unsupported(path, `it makes more than ${MAX_HOP} samples of a frame`)
  }
  convolution(reader, layout.post, 'vocoder.post', { inputs: channels, outputs: 1, taps: EDGE_TAPS })
  reader.finish()
  return {
    values: {
      ...u32s('clvp.vocoder', {
        noise_channel_count: noise,
        channel_count: channels,
        mel_channel_count: mels,
        hidden_channel_count: hidden,
        predictor_block_count: residuals,
      }),
      ...i32s('clvp.vocoder', { strides, dilations }),
      'clvp.vocoder.leaky_relu_slope': { type: 'f32', value: slope },
    },
    tensors: reader.tensors,
    agreements: [
      {
        what: 'mel channels',
        size: mels,
        key: 'clvp.diffusion.mel_channel_count',
        whose: "the diffusion decoder's",
      },
    ],
  }
}

interface Sizes {
  readonly noise: number
  readonly channels: number
  readonly mels: number
  readonly hidden: number
  /** Residual blocks of a kernel predictor. */
  readonly residuals: number
  /** Convolutions of a block. */
  readonly layers: number
  readonly blocks: number
}

function readSizes(reader: TensorReader, layout: Layout): Sizes {
  const first = numbered(layout.predictorIn, 0)
  const inFirst = (name: string) => pattern(numbered(name, 0, '(\\d{1,5})'))
  return {
    noise: reader.size('conv_pre', 1),
    channels: reader.size('conv_pre', 0),
    mels: reader.size(first, 1),
    hidden: reader.size(first, 0),
    residuals: reader.count('blocks of the kernel predictor', inFirst(layout.residual)),
    layers: reader.count('convolutions in a block', inFirst(layout.convolution), 1),
    blocks: reader.count('blocks', pattern(numbered(layout.block, '(\\d{1,5})')), 1),
  }
}

/** @returns the stride: half of what the transposed convolution's kernel sees */
function readBlock(reader: TensorReader, layout: Layout, i: number, sizes: Sizes): number {
  const { channels, mels, hidden, residuals, layers } = sizes
  const to = `vocoder.blk.${i}`
  const up = numbered(layout.up, i)
  const taps = reader.size(up, 2)
  if (taps % 2 !== 0)
    throw unsupported(reader.path, `the kernel of ${up} is ${taps}, which is not twice a stride`)
  transposedConvolution(reader, up, `${to}.up`, { inputs: channels, outputs: channels, taps })
  const mel = { inputs: mels, outputs: hidden, taps: PREDICTOR_TAPS }
  convolution(reader, numbered(layout.predictorIn, i), `${to}.predict.in`, mel)
  const inner = { inputs: hidden, outputs: hidden, taps: TAPS }
  for (let j = 0; j < residuals; j++) {
    convolution(reader, numbered(layout.first, i, j), `${to}.predict.res.${j}.first`, inner)
    convolution(reader, numbered(layout.second, i, j), `${to}.predict.res.${j}.second`, inner)
  }
  predictedKernels(reader, numbered(layout.kernel, i), `${to}.predict.kernel`, sizes)
  const biases = { inputs: hidden, outputs: layers * 2 * channels, taps: TAPS }
  convolution(reader, numbered(layout.bias, i), `${to}.predict.bias`, biases)
  for (let j = 0; j < layers; j++) {
    const own = { inputs: channels, outputs: channels, taps: TAPS }
    convolution(reader, numbered(layout.dilated, i, j), `${to}.conv.${j}`, own)
  }
  return taps / 2
}

/**
 * The convolution that predicts kernels. torch's rows are (layer, input, output, tap); here they are
 * (layer, output, tap, input), so that a frame's kernel is a matrix as any other convolution's.
 */
function predictedKernels(
  reader: TensorReader,
  from: string,
  to: string,
  { channels, hidden, layers }: Sizes,
): void {
  const split = [layers, channels, 2 * channels, TAPS]
  const rows = split.reduce((product, size) => product * size, 1)
  const weight = reader.weight(from, [rows, hidden, TAPS])
  const bias = reader.take(`${from}.bias`, [rows])
  const order = [0, 2, 3, 1]
  reader.add(
    `${to}.weight`,
    [TAPS * hidden, rows],
    permuted(weight, [...split, hidden, TAPS], [...order, 5, 4]),
  )
  reader.add(`${to}.bias`, [rows], permuted(bias, split, order))
}

interface Settings {
  readonly dilations: readonly number[]
  readonly slope: number
}

function usualSettings(reader: TensorReader, layers: number): Settings {
  const dilations = Array.from({ length: layers }, (_, i) => DILATION_BASE ** i)
  if (dilations.at(-1)! <= MAX_DILATION) return { dilations, slope: SLOPE }
  throw unsupported(
    reader.path,
    `it has ${layers} convolutions in a block: expected dilations of at most ${MAX_DILATION}`,
  )
}

function readConfig({ path, json }: { path: string; json: JsonObject }, layers: number): Settings {
  const section = new Section(path, json)
  section.only('model_type', 'univnet', 'univnet')
  const kernels = [
    ...section.sizes('resblock_kernel_sizes', [TAPS], MAX_DILATION),
    section.size('kernel_predictor_conv_size', TAPS, 1, MAX_DILATION),
  ]
  if (kernels.some((taps) => taps !== TAPS))
    throw unsupported(path, `only kernels of ${TAPS} frames are supported`)
  const lists = section.lists('resblock_dilation_sizes', [[1, 3, 9, 27]], MAX_DILATION)
  const [dilations] = lists as [number[]]
  if (lists.some((list) => list.join() !== dilations.join())) {
    throw unsupported(path, 'the dilations differ from block to block')
  }
  if (dilations.length !== layers) {
    throw malformed(
      path,
      `it has ${dilations.length} dilations for a block, but the weights have ${layers} convolutions`,
    )
  }
  return { dilations, slope: section.epsilon('leaky_relu_slope', SLOPE) }
}

function numbered(name: string, block: number | string, layer: number | string = ''): string {
  return name.replace('I', String(block)).replace('J', String(layer))
}

/** Matches names below a layer. */
function pattern(layer: string): RegExp {
  return new RegExp(`^${layer.replaceAll('.', '\\.')}\\.`)
}
