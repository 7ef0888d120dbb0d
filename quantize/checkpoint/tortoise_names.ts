import { withBlock, withoutBlock } from './tensor_names.js'

/**
 * How a tensor of tortoise's is laid out:
 *
 * - `none`: as transformers has it
 * - `transposed`: a matrix that Conv1D stores as [in, out]
 * - `columns`: the same, with query, key and value side by side
 * - `heads`: the rows of query, key and value take turns, head by head
 */
export type Split = 'none' | 'transposed' | 'columns' | 'heads'

/** What a tensor of tortoise's becomes in transformers; three names for query, key and value. */
export interface Mapping {
  readonly names: readonly string[]
  readonly split: Split
}

type Row = readonly [from: string, to: string | readonly string[], split?: Split]

const DECODER = 'speech_decoder_model.model.decoder'
const LAYER = `${DECODER}.layers.N`
const CONDITIONING = 'conditioning_encoder'
const QKV = ['q', 'k', 'v']

/** Both kinds of a layer's parameters. */
function both(from: string, to: string, split?: Split): Row[] {
  return ['weight', 'bias'].map((part) => [`${from}.${part}`, `${to}.${part}`, split ?? 'none'])
}

/** The same for three in one: `to` has an asterisk where q, k or v goes. */
function three(from: string, to: string, split: Split): Row[] {
  return ['weight', 'bias'].map((part) => [
    `${from}.${part}`,
    QKV.map((letter) => `${to.replace('*', letter)}.${part}`),
    split,
  ])
}

/** autoregressive.pth; `N` is a block's number. */
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

/** clvp2.pth. Attention and feed-forward are blocks of their own there: the even ones and the odd ones. */
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

/** What CLVP in transformers has no use for. */
const SKIPPED = [
  /^text_head\.(weight|bias)$/, // predicts text, in training alone
  /^gpt\.h\.\d+\.attn\.(bias|masked_bias)$/, // causal masks
  /^gpt\.wte\.weight$/, // GPT-2's own embedding, which tortoise does not use
  /^inference_model\./, // the same tensors again, under the names that tortoise's sampler has for them
  /^(text|speech)_transformer\.transformer\.attn_layers\.rotary_pos_emb\.inv_freq$/, // follows from the sizes
]

/** What becomes of one of tortoise's tensors, or undefined for one that its checkpoints do not have. */
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
