/** tortoise's HiFi-GAN (HifiganGenerator, hifidecoder.pth): it makes sound of the decoder's latents. */
import { malformed } from '../../lib/base/errors.js'
import type { SourceTensor } from '../formats/source_tensor.js'
import { convolution, transposedConvolution } from './layers.js'
import { unsupported } from './section.js'
import type { StageContent } from './stage.js'
import { TensorReader } from './tensor_reader.js'
import { i32s, u32s } from './values.js'

/** Frames that the first and the last convolution see. */
const EDGE_TAPS = 7
/** Of the three pairs of convolutions in each residual block. No shape tells them. */
const DILATIONS = [1, 3, 5]
/** Channels are halved by each stage. */
const MAX_STAGES = 16
/** Samples of a frame. */
const MAX_HOP = 2 ** 14

/**
 * Reads the generator. All sizes follow from the shapes of its tensors. tortoise itself ignores tensors
 * that are missing or unknown; here both are errors.
 *
 * @throws ClvpError `CLVP_MODEL_FORMAT` for a file of something else, `CLVP_UNSUPPORTED` for a HiFi-GAN of
 *   another layout
 */
export function readHifigan(path: string, tensors: ReadonlyMap<string, SourceTensor>): StageContent {
  const reader = new TensorReader(path, "a HiFi-GAN of tortoise's layout", tensors)
  if (reader.has(/^resblocks\.\d+\.convs\./)) {
    throw unsupported(path, 'it has residual blocks of type 2, but tortoise has those of type 1')
  }
  const [channels, latent] = [reader.size('conv_pre', 0), reader.size('conv_pre', 1)]
  const conditioning = reader.size('cond_layer', 1)
  convolution(reader, 'conv_pre', 'hifigan.pre', { inputs: latent, outputs: channels, taps: EDGE_TAPS })
  convolution(reader, 'cond_layer', 'hifigan.cond', { inputs: conditioning, outputs: channels, taps: 1 })
  const stages = reader.count('upsampling stages', /^ups\.(\d{1,5})\./, 1, MAX_STAGES)
  const rates = Array.from({ length: stages }, (_, stage) => upsampling(reader, stage, channels))
  if (rates.reduce((product, rate) => product * rate, 1) > MAX_HOP) {
    throw unsupported(path, `it makes more than ${MAX_HOP} samples of a frame`)
  }
  const kernels = residualBlocks(reader, stages, channels)
  convolution(reader, 'conv_post', 'hifigan.post', {
    inputs: channels >> stages,
    outputs: 1,
    taps: EDGE_TAPS,
  })
  reader.finish()
  return {
    values: {
      ...u32s('clvp.hifigan', {
        latent_length: latent,
        channel_count: channels,
        conditioning_length: conditioning,
      }),
      ...i32s('clvp.hifigan', {
        upsample_rates: rates,
        resblock_kernel_sizes: kernels,
        resblock_dilations: DILATIONS,
      }),
    },
    tensors: reader.tensors,
    agreements: [
      {
        what: 'channels of latents',
        size: latent,
        key: 'clvp.decoder.embedding_length',
        whose: "the decoder's width",
      },
      {
        what: 'channels of a voice',
        size: conditioning,
        key: 'clvp.decoder.embedding_length',
        whose: "the decoder's width",
      },
    ],
  }
}

/** @returns how many frames the stage makes of one: half of what its kernel sees */
function upsampling(reader: TensorReader, stage: number, channels: number): number {
  const [from, inputs, outputs] = [`ups.${stage}`, channels >> stage, channels >> (stage + 1)]
  const taps = reader.size(from, 2)
  if (outputs < 1) throw malformed(reader.path, `${channels} channels cannot be halved ${stage + 1} times`)
  if (taps % 2 !== 0) {
    throw unsupported(
      reader.path,
      `the kernel of ${from} is ${taps}, which is not twice the rate of its stage`,
    )
  }
  transposedConvolution(reader, from, `hifigan.up.${stage}`, { inputs, outputs, taps })
  return taps / 2
}

/** @returns the kernel sizes, the same for each stage */
function residualBlocks(reader: TensorReader, stages: number, channels: number): number[] {
  const blocks = reader.count('residual blocks', /^resblocks\.(\d{1,5})\./, 1)
  const perStage = blocks / stages
  if (!Number.isInteger(perStage)) {
    throw malformed(
      reader.path,
      `it has ${blocks} residual blocks: expected the same number for each of ${stages} stages`,
    )
  }
  const kernels = Array.from({ length: perStage }, (_, kernel) => {
    const taps = reader.size(`resblocks.${kernel}.convs1.0`, 2)
    if (taps % 2 === 1) return taps
    throw unsupported(reader.path, `resblocks.${kernel} has a kernel of ${taps}: expected an odd number`)
  })
  for (let block = 0; block < blocks; block++) {
    const [stage, kernel] = [Math.floor(block / perStage), block % perStage]
    const width = channels >> (stage + 1)
    const sizes = { inputs: width, outputs: width, taps: kernels[kernel]! }
    for (const dilation of DILATIONS.keys()) {
      const to = `hifigan.res.${stage}.${kernel}`
      convolution(reader, `resblocks.${block}.convs1.${dilation}`, `${to}.first.${dilation}`, sizes)
      convolution(reader, `resblocks.${block}.convs2.${dilation}`, `${to}.second.${dilation}`, sizes)
    }
  }
  return kernels
}
