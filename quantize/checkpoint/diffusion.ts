/**
 * tortoise's diffusion decoder (DiffusionTts, diffusion_decoder.pth): it makes mel spectrograms of the
 * decoder's latents.
 */
import { malformed } from '../../lib/base/errors.js'
import { permuted } from '../formats/permuted.js'
import type { SourceTensor } from '../formats/source_tensor.js'
import { convolution, linear, norm } from './layers.js'
import { hasGroups, unsupported } from './section.js'
import type { StageContent } from './stage.js'
import { MAX_CODES, TensorReader } from './tensor_reader.js'
import { u32s } from './values.js'

/** Distances between positions that have a bias of their own. */
const BUCKETS = 32
/** Of the mel prediction that only training uses. */
const SKIPPED = /^mel_head\./

/** Blocks of each kind: their names in the checkpoint, with their number as the group. */
const COUNTS = {
  context_block_count: [
    'blocks of the contextual embedder',
    /^contextual_embedder\.(\d{1,5})\.(?:norm|qkv|proj_out|relative)/,
  ],
  latent_block_count: ['blocks of the latent conditioner', /^latent_conditioner\.(\d{1,5})\./],
  code_block_count: ['blocks of the code converter', /^code_converter\.(\d{1,5})\./],
  integrator_block_count: ['blocks of the integrator', /^conditioning_timestep_integrator\.(\d{1,5})\./],
  block_count: ['layers with attention', /^layers\.(\d{1,5})\.(?:resblk|attn)\./],
  tail_block_count: ['layers', /^layers\.(\d{1,5})\./],
} as const
/** Convolutions before the blocks of these. */
const CONTEXT_CONVOLUTIONS = 2
const LATENT_CONVOLUTIONS = 1

/**
 * Reads the model. All sizes follow from the shapes of its tensors.
 *
 * @throws ClvpError `CLVP_MODEL_FORMAT` for a file of something else, `CLVP_UNSUPPORTED` for a diffusion
 *   decoder of another layout
 */
export function readDiffusion(path: string, tensors: ReadonlyMap<string, SourceTensor>): StageContent {
  const reader = new TensorReader(path, "a diffusion decoder of tortoise's layout", tensors, SKIPPED)
  const sizes = {
    embedding_length: reader.size('inp_block', 0),
    head_count: reader.size('layers.0.attn.relative_pos_embeddings.relative_attention_bias', 1),
    mel_channel_count: reader.size('inp_block', 1),
    latent_length: reader.size('latent_conditioner.0', 1),
    code_count: reader.size('code_embedding', 0, MAX_CODES),
  }
  const { embedding_length: width, head_count: heads } = sizes
  if (width % heads !== 0) throw malformed(path, `its width ${width} is not a multiple of its ${heads} heads`)
  if (!hasGroups(width))
    throw unsupported(path, `its width ${width} gives no group norm: expected a multiple of 4`)
  const counts = countBlocks(reader)
  new Layers(reader, sizes, counts).read()
  reader.finish()
  return {
    values: u32s('clvp.diffusion', { ...sizes, ...counts }),
    tensors: reader.tensors,
    agreements: [
      {
        what: 'channels of latents',
        size: sizes.latent_length,
        key: 'clvp.decoder.embedding_length',
        whose: "the decoder's width",
      },
      {
        what: 'mel channels',
        size: sizes.mel_channel_count,
        key: 'clvp.vocoder.mel_channel_count',
        whose: "the vocoder's",
      },
      {
        what: 'channels of a voice',
        size: 2 * width,
        key: 'clvp.random.diffusion_length',
        whose: "the random voices'",
      },
    ],
  }
}

type Counts = Record<keyof typeof COUNTS, number>

function countBlocks(reader: TensorReader): Counts {
  const found = Object.entries(COUNTS).map(([key, [what, pattern]]) => [key, reader.count(what, pattern)])
  const { context_block_count, latent_block_count, block_count, tail_block_count, ...others }: Counts =
    Object.fromEntries(found)
  return {
    context_block_count: Math.max(0, context_block_count - CONTEXT_CONVOLUTIONS),
    latent_block_count: Math.max(0, latent_block_count - LATENT_CONVOLUTIONS),
    ...others,
    block_count,
    tail_block_count: tail_block_count - block_count,
  }
}

interface Sizes {
  readonly embedding_length: number
  readonly head_count: number
  readonly mel_channel_count: number
  readonly latent_length: number
  readonly code_count: number
}

/** The layers, in the order of the model file. */
class Layers {
  readonly #reader: TensorReader
  readonly #sizes: Sizes
  readonly #counts: Counts

  constructor(reader: TensorReader, sizes: Sizes, counts: Counts) {
    this.#reader = reader
    this.#sizes = sizes
    this.#counts = counts
  }

  read(): void {
    const [reader, counts] = [this.#reader, this.#counts]
    const { embedding_length: c, mel_channel_count: mels, latent_length, code_count } = this.#sizes
    linear(reader, 'time_embed.0', 'diff.time.first', { inputs: c, outputs: c })
    linear(reader, 'time_embed.2', 'diff.time.second', { inputs: c, outputs: c })
    convolution(reader, 'inp_block', 'diff.in', { inputs: mels, outputs: c, taps: 3 })
    convolution(reader, 'integrating_conv', 'diff.mix', { inputs: 2 * c, outputs: c, taps: 1 })
    const latents = { inputs: latent_length, outputs: c, taps: 3 }
    convolution(reader, 'latent_conditioner.0', 'diff.latent.in', latents)
    this.#attentions(
      'latent_conditioner',
      LATENT_CONVOLUTIONS,
      'diff.latent.blk',
      counts.latent_block_count,
      c,
    )
    reader.add(
      'diff.code.embd.weight',
      [c, code_count],
      reader.take('code_embedding.weight', [code_count, c]),
    )
    this.#attentions('code_converter', 0, 'diff.code.blk', counts.code_block_count, c)
    norm(reader, 'code_norm', 'diff.code_norm', c)
    reader.add('diff.uncond.weight', [c], reader.take('unconditioned_embedding', [1, c, 1]))
    const [first, second] = ['contextual_embedder.0', 'contextual_embedder.1']
    convolution(reader, first, 'diff.context.in.0', { inputs: mels, outputs: c, taps: 3 })
    convolution(reader, second, 'diff.context.in.1', { inputs: c, outputs: 2 * c, taps: 3 })
    const context = counts.context_block_count
    this.#attentions('contextual_embedder', CONTEXT_CONVOLUTIONS, 'diff.context.blk', context, 2 * c)
    this.#diffusionLayers('conditioning_timestep_integrator', 'diff.integrate', counts.integrator_block_count)
    this.#diffusionLayers('layers', 'diff.blk', counts.block_count)
    for (let i = 0; i < counts.tail_block_count; i++) {
      this.#residual(`layers.${counts.block_count + i}`, `diff.tail.${i}.res`)
    }
    norm(reader, 'out.0', 'diff.out_norm', c)
    convolution(reader, 'out.2', 'diff.out', { inputs: c, outputs: 2 * mels, taps: 3 })
  }

  #attentions(from: string, first: number, to: string, count: number, width: number): void {
    for (let i = 0; i < count; i++) this.#attention(`${from}.${first + i}`, `${to}.${i}`, width)
  }

  #diffusionLayers(from: string, to: string, count: number): void {
    for (let i = 0; i < count; i++) {
      this.#residual(`${from}.${i}.resblk`, `${to}.${i}.res`)
      this.#attention(`${from}.${i}.attn`, `${to}.${i}.attn`, this.#sizes.embedding_length)
    }
  }

  #residual(from: string, to: string): void {
    const [reader, c] = [this.#reader, this.#sizes.embedding_length]
    norm(reader, `${from}.in_layers.0`, `${to}.norm1`, c)
    convolution(reader, `${from}.in_layers.2`, `${to}.in`, { inputs: c, outputs: c, taps: 1 })
    linear(reader, `${from}.emb_layers.1`, `${to}.emb`, { inputs: c, outputs: 2 * c })
    norm(reader, `${from}.out_layers.0`, `${to}.norm2`, c)
    convolution(reader, `${from}.out_layers.3`, `${to}.out`, { inputs: c, outputs: c, taps: 3 })
  }

  /**
   * The rows of query, key and value take turns, head by head. Here they follow each other: all queries,
   * all keys, all values.
   */
  #attention(from: string, to: string, c: number): void {
    const [reader, heads] = [this.#reader, this.#sizes.head_count]
    norm(reader, `${from}.norm`, `${to}.norm`, c)
    const weight = reader.weight(`${from}.qkv`, [3 * c, c, 1])
    const bias = reader.take(`${from}.qkv.bias`, [3 * c])
    const split = [heads, 3, c / heads]
    reader.add(`${to}.attn_qkv.weight`, [c, 3 * c], permuted(weight, [...split, c], [1, 0, 2, 3]))
    reader.add(`${to}.attn_qkv.bias`, [3 * c], permuted(bias, split, [1, 0, 2]))
    convolution(reader, `${from}.proj_out`, `${to}.attn_out`, { inputs: c, outputs: c, taps: 1 })
    const distances = reader.take(`${from}.relative_pos_embeddings.relative_attention_bias.weight`, [
      BUCKETS,
      heads,
    ])
    reader.add(`${to}.attn_bias.weight`, [heads, BUCKETS], distances)
  }
}
