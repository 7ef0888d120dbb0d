/**
 * tortoise's random voices (RandomLatentConverter): rlg_auto.pth for the decoder, rlg_diffuser.pth for the
 * diffusion.
 */

import { scaled } from '../formats/numbers.js'
import type { SourceTensor } from '../formats/source_tensor.js'
import { linear } from './layers.js'
import type { Agreement, StageContent } from './stage.js'
import { TensorReader } from './tensor_reader.js'
import { u32s } from './values.js'

/** Layers with weights that are scaled when they are used, and one that is not. */
const SCALED_LAYERS = 5
const LAYERS = SCALED_LAYERS + 1
/** Of the weights, relative to 1 / sqrt(inputs), and of the biases. */
const SCALE = 0.1

/**
 * Reads one of the two. Its width follows from the shapes of its tensors.
 *
 * @throws ClvpError `CLVP_MODEL_FORMAT` for a file of something else, `CLVP_UNSUPPORTED` for tensors that
 *   do not belong to one
 */
export function readRandomLatents(
  half: 'decoder' | 'diffusion',
  path: string,
  tensors: ReadonlyMap<string, SourceTensor>,
): StageContent {
  const reader = new TensorReader(path, "a generator of tortoise's random voices", tensors)
  const width = reader.size('layers.0', 1)
  for (let i = 0; i < SCALED_LAYERS; i++) {
    const [from, to] = [`layers.${i}`, `random.${half}.${i}`]
    const weight = scaled(reader.take(`${from}.weight`, [width, width]), SCALE / Math.sqrt(width))
    reader.add(`${to}.weight`, [width, width], weight)
    reader.add(`${to}.bias`, [width], scaled(reader.take(`${from}.bias`, [width]), SCALE))
  }
  linear(reader, `layers.${SCALED_LAYERS}`, `random.${half}.${SCALED_LAYERS}`, {
    inputs: width,
    outputs: width,
  })
  reader.finish()
  return {
    values: u32s('clvp.random', { layer_count: LAYERS, [`${half}_length`]: width }),
    tensors: reader.tensors,
    agreements: [{ what: 'channels of a voice', size: width, ...VOICES[half] }],
  }
}

const VOICES: Readonly<Record<'decoder' | 'diffusion', Omit<Agreement, 'what' | 'size'>>> = {
  decoder: { key: 'clvp.decoder.embedding_length', whose: "the decoder's width" },
  diffusion: {
    key: 'clvp.diffusion.embedding_length',
    times: 2,
    whose: "twice the diffusion decoder's width",
  },
}
