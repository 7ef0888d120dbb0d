import { basename } from 'node:path'
import type { ClvpError } from '../../lib/base/errors.js'
import { malformed } from '../../lib/base/errors.js'
import type { SourceTensor } from '../formats/source_tensor.js'
import type { PairFiles } from './pair_files.js'
import { type JsonObject, Section, unsupported } from './section.js'

/** Channels per attention head in both of tortoise's models. */
const HEAD_WIDTH = 64
const MAX_WIDTH = 2 ** 16

type Tensors = ReadonlyMap<string, SourceTensor>

/**
 * Derives config.json settings from the shapes of tortoise's checkpoints. Settings that shapes do not determine are omitted
 * and get transformers' defaults, which are tortoise's.
 *
 * @param given a complete or partial config.json; used only for settings that the shapes do not determine
 */
export function findConfig(
  paths: PairFiles,
  given: JsonObject,
  decoder: Tensors,
  encoders: Tensors,
): JsonObject {
  const sizes = new Sizes(paths.autoregressive, decoder)
  const scores = new Sizes(paths.clvp, encoders)
  const text = encoderConfig('text', scores, given.text_config)
  const speech = encoderConfig('speech', scores, given.speech_config)
  const rows = sizes.size('text_embedding.weight', 0)
  if (rows !== text.vocab_size) {
    throw malformed(
      sizes.path,
      `it has embeddings for ${rows} text tokens, but ${basename(paths.clvp)} has them for ${text.vocab_size}. Expected the same ` +
        'vocabulary in both: a fine-tune with a tokenizer of its own needs a CLVP that was trained with the same tokenizer',
    )
  }
  return {
    model_type: 'clvp',
    projection_dim: text.projection_dim,
    // tortoise starts a text with the last id of the vocabulary, and ends it with 0.
    text_config: { ...text, bos_token_id: rows - 1, eos_token_id: 0 },
    speech_config: speech,
    decoder_config: decoderConfig(sizes, given.decoder_config),
  }
}

function encoderConfig(tower: 'text' | 'speech', sizes: Sizes, given: unknown) {
  const layers = `${tower}_transformer.transformer.attn_layers.layers`
  const width = sizes.size(`${tower}_emb.weight`, 1)
  return {
    model_type: 'clvp_encoder',
    vocab_size: sizes.size(`${tower}_emb.weight`, 0),
    hidden_size: width,
    intermediate_size: sizes.size(`${layers}.1.1.wrap.net.3.weight`, 1),
    projection_dim: sizes.size(`to_${tower}_latent.weight`, 0),
    num_hidden_layers: Math.ceil(sizes.count(`${layers}.`) / 2),
    ...sizes.heads(width, `${tower}_config`, given),
  }
}

function decoderConfig(sizes: Sizes, given: unknown) {
  const vocab = sizes.size('mel_embedding.weight', 0)
  const width = sizes.size('mel_embedding.weight', 1)
  const inner = sizes.size('gpt.h.0.mlp.c_fc.weight', 1)
  return {
    model_type: 'clvp_decoder',
    vocab_size: vocab,
    max_position_embeddings: sizes.size('mel_pos_embedding.emb.weight', 0),
    max_text_tokens: sizes.size('text_pos_embedding.emb.weight', 0),
    hidden_size: width,
    n_inner: inner === 4 * width ? null : inner,
    num_hidden_layers: sizes.count('gpt.h.'),
    ...sizes.heads(width, 'decoder_config', given),
    num_mel_attn_blocks: sizes.count('conditioning_encoder.attn.'),
    feature_size: sizes.size('conditioning_encoder.init.weight', 1),
    // The last two codes.
    bos_token_id: vocab - 2,
    eos_token_id: vocab - 1,
  }
}

/**
 * Rejects an encoder whose rotary width differs from transformers'. In transformers it depends on the projection's width;
 * in tortoise it is always 32 channels.
 */
export function checkRotary(path: string, config: JsonObject, encoders: Tensors): void {
  for (const tower of ['text', 'speech']) {
    const name = `${tower}_transformer.transformer.attn_layers.rotary_pos_emb.inv_freq`
    const count = encoders.get(name)?.shape[0]
    const section = new Section('config.json', config).section(`${tower}_config`)
    const heads = section.size('num_attention_heads', 0, 1, MAX_WIDTH)
    const width = Math.max(Math.floor(section.size('projection_dim', 0, 1, MAX_WIDTH) / (2 * heads)), 32)
    if (count === undefined || count === Math.ceil(width / 2)) continue
    throw unsupported(
      `${path}: ${name}`,
      `it rotates ${2 * count} channels, but transformers' CLVP of these sizes rotates ${width}`,
    )
  }
}

/** The shapes of one file. */
class Sizes {
  readonly path: string
  readonly #tensors: Tensors

  constructor(path: string, tensors: Tensors) {
    this.path = path
    this.#tensors = tensors
  }

  /** One dimension of a matrix that must be there. */
  size(name: string, dimension: 0 | 1): number {
    const shape = this.#tensors.get(name)?.shape
    if (!shape) throw this.#malformed(`tensor ${name} is missing`)
    const size = shape[dimension]
    if (shape.length < 2 || !size)
      throw this.#malformed(`tensor ${name} has the shape [${shape}]: expected a matrix`)
    return size
  }

  /** Number of blocks: one more than the highest number after `prefix`. */
  count(prefix: string): number {
    let count = 0
    for (const name of this.#tensors.keys()) {
      const number = name.startsWith(prefix) ? /^(\d{1,5})\./.exec(name.slice(prefix.length))?.[1] : undefined
      if (number !== undefined) count = Math.max(count, Number(number) + 1)
    }
    return count
  }

  /** The number of heads, which shapes do not determine. Empty if it is given: that value takes precedence. */
  heads(width: number, section: string, given: unknown): { num_attention_heads?: number } {
    const isGiven = typeof given === 'object' && given !== null && Object.hasOwn(given, 'num_attention_heads')
    if (isGiven) return {}
    if (width % HEAD_WIDTH === 0) return { num_attention_heads: width / HEAD_WIDTH }
    throw this.#malformed(
      `a width of ${width} is not a multiple of ${HEAD_WIDTH}, the channels per head in tortoise: ` +
        `set num_attention_heads of ${section} in a config.json beside it`,
    )
  }

  #malformed(reason: string): ClvpError {
    return malformed(this.path, reason)
  }
}
