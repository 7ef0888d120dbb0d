/** The encoder of tortoise's discrete VAE (DiscreteVAE, dvae.pth): it makes codes of recordings. */
import { malformed } from '../../lib/base/errors.js'
import { permuted } from '../formats/permuted.js'
import type { SourceTensor } from '../formats/source_tensor.js'
import { convolution } from './layers.js'
import { unsupported } from './section.js'
import type { StageContent } from './stage.js'
import { MAX_CODES, TensorReader } from './tensor_reader.js'
import { i32s, u32s } from './values.js'

/** Convolutions that halve the frames: two, so that a code stands for four. */
const HALVINGS = 2
/** Frames that a convolution sees. */
const TAPS = 3

/** What only training and decoding need. */
const SKIPPED = /^(decoder|discrete_loss)\.|^codebook\.(cluster_size|embed_avg)$/

/** The convolutions of a residual block: their places in the checkpoint, and their names in a model file. */
const BLOCK_PARTS = [
  ['0', 'first', TAPS],
  ['2', 'second', TAPS],
  ['4', 'third', 1],
] as const

/** Files of the same name from other systems have codes of another meaning. */
const ADVICE =
  'Files of this name from other systems, such as XTTS with 1024 codes, make codes of another meaning'

/**
 * Reads the encoder and the codebook. All sizes follow from the shapes of their tensors.
 *
 * @throws ClvpError `CLVP_MODEL_FORMAT` for a file of something else, `CLVP_UNSUPPORTED` for a DiscreteVAE
 *   of another layout than tortoise's
 */
export function readDvae(path: string, tensors: ReadonlyMap<string, SourceTensor>): StageContent {
  const reader = new TensorReader(path, "an encoder of tortoise's layout", tensors, SKIPPED)
  const halvings = reader.count('halving convolutions', /^encoder\.(\d{1,5})\.0\./)
  if (halvings === 0) throw malformed(path, 'it holds no encoder of a DiscreteVAE')
  if (halvings !== HALVINGS) {
    throw unsupported(path, `it halves the frames ${halvings} times, tortoise ${HALVINGS} times`)
  }
  const mels = reader.size('encoder.0.0', 1)
  const channels: number[] = []
  for (let i = 0; i < HALVINGS; i++) {
    const outputs = reader.size(`encoder.${i}.0`, 0)
    const sizes = { inputs: channels.at(-1) ?? mels, outputs, taps: TAPS }
    convolution(reader, `encoder.${i}.0`, `dvae.halve.${i}`, sizes)
    channels.push(outputs)
  }
  const width = channels.at(-1)!
  const behind = reader.count('residual blocks', /^encoder\.(\d{1,5})\.net\./)
  const blocks = Math.max(0, behind - HALVINGS)
  for (let i = 0; i < blocks; i++) {
    for (const [part, name, taps] of BLOCK_PARTS) {
      const from = `encoder.${HALVINGS + i}.net.${part}`
      convolution(reader, from, `dvae.blk.${i}.${name}`, { inputs: width, outputs: width, taps })
    }
  }
  const last = `encoder.${HALVINGS + blocks}`
  const embd = reader.size(last, 0)
  convolution(reader, last, 'dvae.out', { inputs: width, outputs: embd, taps: 1 })
  const codes = readCodebook(reader, embd)
  reader.finish()
  return {
    values: {
      ...i32s('clvp.dvae', { channels }),
      ...u32s('clvp.dvae', { block_count: blocks, embedding_length: embd, code_count: codes }),
    },
    tensors: reader.tensors,
    agreements: [
      {
        what: 'mel channels',
        size: mels,
        key: 'clvp.mel.channel_count',
        whose: "as the model's voices have",
      },
      {
        what: 'codes',
        size: codes,
        key: 'clvp.speech.vocab_size',
        whose: "the speech encoder's vocabulary",
        advice: ADVICE,
      },
    ],
  }
}

/** tortoise stores one code a column; the core reads one a row. */
function readCodebook(reader: TensorReader, embd: number): number {
  const codes = reader.sizeOf('codebook.embed', 1, MAX_CODES)
  const embed = reader.take('codebook.embed', [embd, codes])
  reader.add('dvae.codebook.weight', [embd, codes], permuted(embed, [embd, codes], [1, 0]))
  return codes
}
