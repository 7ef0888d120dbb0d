/**
 * The tensors of a model file: their names, their sources in a transformers checkpoint, their shapes and how they are
 * converted. The stages of speech have their readers instead (stage.ts); here is only which of their tensors are
 * matrices. `N` stands for a block number.
 */

import { type StageOption, stageOptions } from '../../lib/base/checkpoint_files.js'

/** A size from a tower's hyperparameters; `3embd` is three times `embd`. */
export type Size =
  | 'embd'
  | '3embd'
  | 'ff'
  | '2ff'
  | 'proj'
  | 'vocab'
  | 'textVocab'
  | 'positions'
  | 'textPositions'
  | 'mels'
  | 'one'

export type Tower = 'cond' | 'dec' | 'text' | 'speech'

/** One tensor of the file, or one per block. */
export interface TensorRow {
  readonly tower: Tower
  /** The name in the file. */
  readonly name: string
  /** In GGML's order: the contiguous dimension first. */
  readonly dims: readonly Size[]
  /** The checkpoint's tensors, stacked by rows. */
  readonly sources: readonly string[]
  /** Stored in the type that the user chooses. Other tensors are F32, but for tables that a pattern names. */
  readonly isMatrix: boolean
  /** The checkpoint stores it as [in, out], as transformers' Conv1D does. */
  readonly isTransposed: boolean
  /** Exists only if the tower's attention has biases. */
  readonly isAttentionBias: boolean
}

type Extra = Partial<Pick<TensorRow, 'isMatrix' | 'isTransposed' | 'isAttentionBias'>>

function row(tower: Tower, name: string, dims: Size[], sources: string[], extra: Extra = {}): TensorRow {
  return {
    tower,
    name,
    dims,
    sources,
    isMatrix: false,
    isTransposed: false,
    isAttentionBias: false,
    ...extra,
  }
}

/** A matrix with its bias. */
function linear(
  tower: Tower,
  name: string,
  dims: [Size, Size],
  source: string,
  extra: Extra = {},
): TensorRow[] {
  return [
    row(tower, `${name}.weight`, dims, [`${source}.weight`], { isMatrix: true, ...extra }),
    row(tower, `${name}.bias`, [dims[1]], [`${source}.bias`]),
  ]
}

function norm(tower: Tower, name: string, source: string): TensorRow[] {
  return ['weight', 'bias'].map((part) => row(tower, `${name}.${part}`, ['embd'], [`${source}.${part}`]))
}

function attention(tower: Tower, block: string, source: string): TensorRow[] {
  const parts = (kind: string) => ['q', 'k', 'v'].map((part) => `${source}.${part}_proj.${kind}`)
  return [
    row(tower, `${block}.attn_qkv.weight`, ['embd', '3embd'], parts('weight'), { isMatrix: true }),
    row(tower, `${block}.attn_qkv.bias`, ['3embd'], parts('bias'), { isAttentionBias: true }),
    ...linear(tower, `${block}.attn_out`, ['embd', 'embd'], `${source}.out_proj`),
  ]
}

function conditioningRows(): TensorRow[] {
  const source = 'conditioning_encoder'
  return [
    row('cond', 'cond.text_embd.weight', ['embd', 'textVocab'], [`${source}.text_token_embedding.weight`]),
    row(
      'cond',
      'cond.text_pos.weight',
      ['embd', 'textPositions'],
      [`${source}.text_position_embedding.weight`],
    ),
    ...linear('cond', 'cond.mel_conv', ['mels', 'embd'], `${source}.mel_conv`, { isMatrix: false }),
    ...norm('cond', 'cond.blk.N.norm', `${source}.group_norms.N`),
    ...attention('cond', 'cond.blk.N', `${source}.mel_attn_blocks.N`),
  ]
}

function decoderRows(): TensorRow[] {
  const head = 'speech_decoder_model'
  const source = `${head}.model.decoder`
  const layer = `${source}.layers.N`
  const isTransposed = true
  return [
    row('dec', 'dec.token_embd.weight', ['embd', 'vocab'], [`${source}.input_embeds_layer.weight`]),
    row('dec', 'dec.pos_embd.weight', ['embd', 'positions'], [`${source}.position_embeds_layer.weight`]),
    ...norm('dec', 'dec.blk.N.attn_norm', `${layer}.input_layernorm`),
    ...attention('dec', 'dec.blk.N', `${layer}.attn`),
    ...norm('dec', 'dec.blk.N.ffn_norm', `${layer}.post_attention_layernorm`),
    ...linear('dec', 'dec.blk.N.ffn_up', ['embd', 'ff'], `${layer}.mlp.c_fc`, { isTransposed }),
    ...linear('dec', 'dec.blk.N.ffn_down', ['ff', 'embd'], `${layer}.mlp.c_proj`, { isTransposed }),
    ...norm('dec', 'dec.norm', `${source}.layer_norm`),
    ...norm('dec', 'dec.final_norm', `${head}.final_norm`),
    ...linear('dec', 'dec.lm_head', ['embd', 'vocab'], `${head}.lm_head`),
  ]
}

function encoderRows(tower: 'text' | 'speech'): TensorRow[] {
  const source = `${tower}_encoder_model`
  const layer = `${source}.layers.N`
  const block = `${tower}.blk.N`
  return [
    row(tower, `${tower}.token_embd.weight`, ['embd', 'vocab'], [`${source}.token_embedding.weight`]),
    row(tower, `${block}.attn_norm.weight`, ['embd'], [`${layer}.input_rmsnorm.weight`]),
    ...attention(tower, block, `${layer}.self_attn`),
    row(tower, `${block}.ffn_norm.weight`, ['embd'], [`${layer}.post_attention_rmsnorm.weight`]),
    ...linear(tower, `${block}.ffn_up`, ['embd', '2ff'], `${layer}.mlp.fc1.proj`),
    ...linear(tower, `${block}.ffn_down`, ['ff', 'embd'], `${layer}.mlp.fc2`),
    ...norm(tower, `${tower}.norm`, `${source}.final_layer_norm`),
    row(tower, `${tower}.proj.weight`, ['embd', 'proj'], [`${source}.projection.weight`], { isMatrix: true }),
  ]
}

/** Every tensor, in the file's order. */
export const TENSOR_ROWS: readonly TensorRow[] = [
  row('speech', 'logit_scale', ['one'], ['logit_scale']),
  ...conditioningRows(),
  ...decoderRows(),
  ...encoderRows('text'),
  ...encoderRows('speech'),
]

/**
 * Buffers in checkpoints that a model file does not need: the rotary frequencies follow from the configuration, and the
 * causal masks are constants that older versions of transformers stored.
 */
const SKIPPED = [
  /^(text|speech)_encoder_model\.rotary_pos_emb\.inv_freq$/,
  /^speech_decoder_model\.model\.decoder\.layers\.\d+\.attn\.(bias|masked_bias)$/,
  /^conditioning_encoder\.mel_attn_blocks\.\d+\.(bias|masked_bias)$/,
]

export function isSkipped(source: string): boolean {
  return SKIPPED.some((pattern) => pattern.test(source))
}

export function withBlock(name: string, block: number): string {
  return name.replace(/\.N\./, `.${block}.`)
}

/** Separates a name and its block number: `'dec.blk.3.ffn_up.bias'` becomes `['dec.blk.N.ffn_up.bias', 3]`. */
export function withoutBlock(name: string): [string, number] {
  const found = /\.(0|[1-9]\d{0,4})\./.exec(name)
  if (!found) return [name, 0]
  return [`${name.slice(0, found.index)}.N.${name.slice(found.index + found[0].length)}`, Number(found[1])]
}

const ROW_OF_NAME = new Map(TENSOR_ROWS.map((item) => [item.name, item]))
const ROW_OF_SOURCE = new Map(
  TENSOR_ROWS.flatMap((item) => item.sources.map((source) => [source, item] as const)),
)

/** The checkpoint's tensors that form a model file's tensor, or undefined for an unknown name. */
export function sourcesOf(name: string): string[] | undefined {
  const [template, block] = withoutBlock(name)
  return ROW_OF_NAME.get(template)?.sources.map((source) => withBlock(source, block))
}

/** How the names of a stage's tensors begin, in the order of a model file. */
export const STAGE_PREFIXES: Readonly<Record<StageOption, string>> = {
  dvae: 'dvae.',
  hifigan: 'hifigan.',
  diffusion: 'diff.',
  vocoder: 'vocoder.',
  randomDecoder: 'random.decoder.',
  randomDiffusion: 'random.diffusion.',
}

/** The stage that a tensor of a model file belongs to. */
export function stageOf(name: string): StageOption | undefined {
  return stageOptions.find((option) => name.startsWith(STAGE_PREFIXES[option]))
}

/** Weights of a stage that are no matrices: norms, embeddings, biases of attention, the unconditioned state. */
const EXACT = /[._](?:norm\d?|attn_bias|embd|uncond|codebook)\.weight$/

export function isStageMatrix(name: string): boolean {
  return name.endsWith('.weight') && !EXACT.test(name) && stageOf(name) !== undefined
}

/** The codebook's name in the file. It belongs to no tower, so TENSOR_ROWS does not list it. */
export const CODEBOOK = 'codebook.weight'

/** Embeddings of tokens and codes, of which single rows are looked up. */
const TABLE = /^(?:cond\.text|(?:dec|text|speech)\.token)_embd\.weight$/

/** What determines a tensor's type: type_choice.ts. */
export type TensorKind = 'matrix' | 'table' | 'codebook' | 'exact'

export function tensorKind(name: string): TensorKind {
  if (isMatrix(name)) return 'matrix'
  if (TABLE.test(name)) return 'table'
  return name === CODEBOOK ? 'codebook' : 'exact'
}

/** Whether a tensor of a model file has the type that the user chooses. */
export function isMatrix(name: string): boolean {
  return isStageMatrix(name) || ROW_OF_NAME.get(withoutBlock(name)[0])?.isMatrix === true
}

/** The model file's tensor that contains a checkpoint's tensor, or undefined for an unknown name. */
export function nameOf(source: string): string | undefined {
  const [template, block] = withoutBlock(source)
  const found = ROW_OF_SOURCE.get(template)
  return found && withBlock(found.name, block)
}
