import { withBlock, withoutBlock } from './tensor_names.js'

/**
 * The layout of one of tortoise's tensors:
 *
 * - `none`: as in transformers
 * - `transposed`: a matrix that Conv1D stores as [in, out]
 * - `columns`: the same, with query, key and value side by side
 * - `heads`: the rows of query, key and value are interleaved by head
 */
export type Split = 'none' | 'transposed' | 'columns' | 'heads'

/** The transformers names for one of tortoise's tensors; three names for query, key and value. */
export interface Mapping {
  readonly names: readonly string[]
  readonly split: Split
}

type Row = readonly [from: string, to: string | readonly string[], split?: Split]

const DECODER = 'speech_decoder_model.model.decoder'
const LAYER = `${DECODER}.layers.N`
const CONDITIONING = 'conditioning_encoder'
const QKV = ['q', 'k', 'v']

/** A layer's weight and bias. */
function both(from: string, to: string, split?: Split): Row[] {
  return ['weight', 'bias'].map((part) => [`${from}.${part}`, `${to}.${part}`, split ?? 'none'])
}

/** The same for a combined query, key and value: `to` has an asterisk in place of q, k or v. */
function three(from: string, to: string, split: Split): Row[] {
  return ['weight', 'bias'].map((part) => [
    `${from}.${part}`,
    QKV.map((letter) => `${to.replace('*', letter)}.${part}`),
    split,
  ])
}

/** autoregressive.pth; `N` stands for a block number. */
const DECODER_ROWS: readonly Row[] = [
  ['text_embedding.weight', `${CONDITIONING}.text_token_embedding.weight`],
  ['text_pos_embedding.emb.weight', `${CONDITIONING}.text_position_embedding.weight`],
  ...both('conditioning_encoder.init', `${CONDITIONING}.mel_conv`),
  ...both('conditioning_encoder.attn.N.norm', `${CONDITIONING}.group_norms.N`),
  ...three('conditioning_encoder.attn.N.qkv', `${CONDITIONING}.mel_attn_blocks.N.*_proj`, 'heads'),
  ...both('conditioning_encoder.attn.N.proj_out', `${CONDITIONING}.mel_attn_blocks.N.out_proj`),
  ['mel_embedding.weight', `${DECODER}.input_embeds_layer.weight`],
  ['mel_pos_embedding.emb.weight', `${DECODER}.position_embeds_layer.weight`],
  ...both('gpt.h.N.ln_1', `${LAYER}.input_layernorm`),
  ...three('gpt.h.N.attn.c_attn', `${LAYER}.attn.*_proj`, 'columns'),
  ...both('gpt.h.N.attn.c_proj', `${LAYER}.attn.out_proj`, 'transposed'),
  ...both('gpt.h.N.ln_2', `${LAYER}.post_attention_layernorm`),
  ...both('gpt.h.N.mlp.c_fc', `${LAYER}.mlp.c_fc`),
  ...both('gpt.h.N.mlp.c_proj', `${LAYER}.mlp.c_proj`),
  ...both('gpt.ln_f', `${DECODER}.layer_norm`),
  ...both('final_norm', 'speech_decoder_model.final_norm'),
  ...both('mel_head', 'speech_decoder_model.lm_head'),
]

/** clvp2.pth. There, attention and feed-forward are separate blocks, with even and odd numbers. */
function encoderRows(tower: 'text' | 'speech'): Row[] {
  const from = `${tower}_transformer.transformer`
  const to = `${tower}_encoder_model`
  const attention = `${from}.attn_layers.layers.EVEN`
  const feedForward = `${from}.attn_layers.layers.ODD`
  const layer = `${to}.layers.N`
  return [
    [`${tower}_emb.weight`, `${to}.token_embedding.weight`],
    [`${attention}.0.0.g`, `${layer}.input_rmsnorm.weight`],
    ...QKV.map((part): Row => {
      return [`${attention}.1.wrap.to_${part}.weight`, `${layer}.self_attn.${part}_proj.weight`]
    }),
    ...both(`${attention}.1.wrap.to_out`, `${layer}.self_attn.out_proj`),
    [`${feedForward}.0.0.g`, `${layer}.post_attention_rmsnorm.weight`],
    ...both(`${feedForward}.1.wrap.net.0.proj`, `${layer}.mlp.fc1.proj`),
    ...both(`${feedForward}.1.wrap.net.3`, `${layer}.mlp.fc2`),
    ...both(`${from}.norm`, `${to}.final_layer_norm`),
    [`to_${tower}_latent.weight`, `${to}.projection.weight`],
  ]
}

const ROWS = new Map<string, Row>(
  [
    ...DECODER_ROWS,
    ...encoderRows('text'),
    ...encoderRows('speech'),
    ['temperature', 'logit_scale'] as const,
  ].map((row) => [row[0], row]),
)

/** Tensors that CLVP in transformers does not use. */
const SKIPPED = [
  /^text_head\.(weight|bias)$/, // predicts text, only in training
  /^gpt\.h\.\d+\.attn\.(bias|masked_bias)$/, // causal masks
  /^gpt\.wte\.weight$/, // GPT-2's own embedding, which tortoise does not use
  /^inference_model\./, // duplicates under the names of tortoise's sampler
  /^(text|speech)_transformer\.transformer\.attn_layers\.rotary_pos_emb\.inv_freq$/, // follows from the sizes
]

/** The mapping of one of tortoise's tensors, or undefined for an unknown name. */
export function mappingOf(name: string): Mapping | 'skipped' | undefined {
  if (SKIPPED.some((pattern) => pattern.test(name))) return 'skipped'
  const [template, number] = withoutBlock(name)
  const plain = ROWS.get(template)
  const parity = number % 2 === 0 ? 'EVEN' : 'ODD'
  const row = plain ?? ROWS.get(template.replace('.layers.N.', `.layers.${parity}.`))
  if (!row) return undefined
  const [, to, split = 'none'] = row
  const block = plain ? number : Math.floor(number / 2)
  return { names: [to].flat().map((target) => withBlock(target, block)), split }
}
