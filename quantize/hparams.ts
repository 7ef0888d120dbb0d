import type { Positions } from '../lib/addon/contract/drawing.js'
import type { NativeValue } from '../lib/addon/contract/files.js'
import { ClvpFeatureExtractor } from '../lib/audio/feature_extractor.js'
import { ClvpDecoderConfig, ClvpEncoderConfig } from '../lib/config/config.js'
import { positionsKinds } from '../lib/config/kinds.js'
import { type JsonObject, Section, unsupported } from './checkpoint/section.js'
import { u32s } from './checkpoint/values.js'

/** transformers' defaults for absent keys. */
const usualEncoder = new ClvpEncoderConfig()
const usualDecoder = new ClvpDecoderConfig()
const usualMel = new ClvpFeatureExtractor()

/** The loader's limits (native/src/model/hparams.cpp), so that every converted file can be loaded. */
const MAX_WIDTH = 2 ** 16
const MAX_LAYERS = 1024
const MAX_VOCAB = 2 ** 22
const MAX_MELS = 1024
const MAX_MEL_VALUES = 2 ** 26 // per clip

/** transformers' activations, except prelu and xielu, which have weights. */
const ACTIVATIONS = [
  ...['gelu', 'gelu_10', 'gelu_accurate', 'gelu_fast', 'gelu_new', 'gelu_python', 'gelu_python_tanh'],
  ...['gelu_pytorch_tanh', 'quick_gelu', 'hardswish', 'laplace', 'linear', 'mish', 'silu', 'swish'],
  ...['leaky_relu', 'relu', 'relu2', 'relu6', 'sigmoid', 'sqrtsoftplus', 'tanh'],
]
const SUMMARIES = ['mean', 'last', 'first', 'cls_index']

/** A text or speech encoder: ClvpEncoderConfig. */
export interface EncoderHparams {
  vocab: number
  embd: number
  ff: number
  proj: number
  layers: number
  heads: number
  attentionBias: boolean
  rotary: boolean
  eps: number
  activation: string
  summary: string
}

/** The speech decoder and the conditioning encoder: ClvpDecoderConfig. */
export interface DecoderHparams {
  vocab: number
  positions: number
  textPositions: number
  embd: number
  ff: number
  layers: number
  conditioningLayers: number
  heads: number
  attentionBias: boolean
  eps: number
  activation: string
  bos: number
  eos: number
  fixingCodes: number[]
}

/** ClvpFeatureExtractor. */
export interface MelHparams {
  sampleRate: number
  fftLength: number
  hopLength: number
  channels: number
  seconds: number
  norms: number[] | undefined
}

export interface Hparams {
  decoder: DecoderHparams
  text: EncoderHparams
  speech: EncoderHparams
  textBos: number
  textEos: number
  mel: MelHparams
  positions: Positions
}

/**
 * Reads and checks a checkpoint's configuration. An absent key gets the default of transformers' class.
 *
 * @param config the contents of config.json
 * @param preprocessor the contents of preprocessor_config.json, if the checkpoint has it
 * @throws ClvpError `CLVP_MODEL_FORMAT` for a configuration that transformers cannot run either, `CLVP_UNSUPPORTED` for one
 *   that it can
 */
export function readHparams(config: JsonObject, preprocessor: JsonObject = {}): Hparams {
  const top = new Section('config.json', config)
  top.only('model_type', 'clvp', 'clvp')
  if (config.quantization_config) {
    throw unsupported('config.json: quantization_config', 'only unquantized checkpoints can be converted')
  }
  const textSection = top.section('text_config')
  const text = readEncoder(textSection)
  const speech = readEncoder(top.section('speech_config'))
  if (text.proj !== speech.proj) {
    throw top.malformed('projection_dim', `the same for text and speech (${text.proj})`, speech.proj)
  }
  const decoderSection = top.section('decoder_config')
  const mels = decoderSection.size('feature_size', usualDecoder.featureSize, 1, MAX_MELS)
  return {
    decoder: readDecoder(decoderSection, speech.vocab),
    text,
    speech,
    textBos: textSection.token('bos_token_id', usualEncoder.bosTokenId, text.vocab),
    textEos: textSection.token('eos_token_id', usualEncoder.eosTokenId, text.vocab),
    mel: readMel(new Section('preprocessor_config.json', preprocessor), mels),
    positions: top.choice('positions', 'trained', positionsKinds) as Positions,
  }
}

function readEncoder(section: Section): EncoderHparams {
  section.only('model_type', 'clvp_encoder', 'clvp_encoder')
  section.only('summary_use_proj', false, false)
  section.only('summary_activation', null, null)
  const hparams = {
    vocab: section.size('vocab_size', usualEncoder.vocabSize, 1, MAX_VOCAB),
    embd: section.size('hidden_size', usualEncoder.hiddenSize, 1, MAX_WIDTH),
    ff: section.size('intermediate_size', usualEncoder.intermediateSize, 1, MAX_WIDTH),
    proj: section.size('projection_dim', usualEncoder.projectionDim, 1, MAX_WIDTH),
    layers: section.size('num_hidden_layers', usualEncoder.numHiddenLayers, 0, MAX_LAYERS),
    heads: section.size('num_attention_heads', usualEncoder.numAttentionHeads, 1, MAX_WIDTH),
    attentionBias: section.flag('use_attention_bias', usualEncoder.useAttentionBias),
    rotary: section.flag('use_rotary_embedding', usualEncoder.useRotaryEmbedding),
    eps: section.epsilon('layer_norm_eps', usualEncoder.layerNormEps),
    activation: section.choice('hidden_act', usualEncoder.hiddenAct, ACTIVATIONS),
    summary: section.choice('summary_type', usualEncoder.summaryType, SUMMARIES),
  }
  section.checkHeads(hparams.embd, hparams.heads)
  const frequencies = Math.max(Math.floor(hparams.proj / (2 * hparams.heads)), 32)
  const rotated = frequencies + (frequencies % 2)
  if (hparams.rotary && rotated > hparams.embd / hparams.heads) {
    throw section.malformed('hidden_size', `heads of at least ${rotated}, the rotary width,`, hparams.embd)
  }
  return hparams
}

function readDecoder(section: Section, speechVocab: number): DecoderHparams {
  section.only('model_type', 'clvp_decoder', 'clvp_decoder')
  section.only('add_cross_attention', false, false)
  const embd = section.size('hidden_size', usualDecoder.hiddenSize, 1, MAX_WIDTH)
  const vocab = section.size('vocab_size', usualDecoder.vocabSize, 2, MAX_VOCAB)
  const heads = section.size('num_attention_heads', usualDecoder.numAttentionHeads, 1, MAX_WIDTH)
  section.checkHeads(embd, heads)
  section.checkGroups(embd)
  return {
    vocab,
    positions: section.size('max_position_embeddings', usualDecoder.maxPositionEmbeddings, 3, MAX_VOCAB),
    textPositions: section.size('max_text_tokens', usualDecoder.maxTextTokens, 4, MAX_VOCAB),
    embd,
    ff: section.isNull('n_inner') ? 4 * embd : section.size('n_inner', 4 * embd, 1, 4 * MAX_WIDTH),
    layers: section.size('num_hidden_layers', usualDecoder.numHiddenLayers, 0, MAX_LAYERS),
    conditioningLayers: section.size('num_mel_attn_blocks', usualDecoder.numMelAttnBlocks, 0, MAX_LAYERS),
    heads,
    attentionBias: section.flag('use_attention_bias', usualDecoder.useAttentionBias),
    eps: section.epsilon('layer_norm_epsilon', usualDecoder.layerNormEpsilon),
    activation: section.choice('activation_function', usualDecoder.activationFunction, ACTIVATIONS),
    bos: section.token('bos_token_id', usualDecoder.bosTokenId, vocab),
    eos: section.token('eos_token_id', usualDecoder.eosTokenId, vocab),
    fixingCodes: section.codes('decoder_fixing_codes', usualDecoder.decoderFixingCodes, speechVocab),
  }
}

function readMel(section: Section, mels: number): MelHparams {
  section.only('padding_value', usualMel.paddingValue, 0)
  section.only('padding_side', usualMel.paddingSide, 'right')
  const channels = section.size('feature_size', usualMel.featureSize, 1, MAX_MELS)
  if (channels !== mels) {
    throw section.malformed('feature_size', `${mels}, as in config.json's decoder_config,`, channels)
  }
  const sampleRate = section.size('sampling_rate', usualMel.samplingRate, 1000, 384000)
  const hopLength = section.size('hop_length', usualMel.hopLength, 1, 2 ** 16)
  const seconds = section.size('default_audio_length', usualMel.defaultAudioLength, 1, 600)
  if ((Math.floor((seconds * sampleRate) / hopLength) + 1) * channels > MAX_MEL_VALUES) {
    throw section.malformed('hop_length', `a clip of at most ${MAX_MEL_VALUES} values`, hopLength)
  }
  return {
    sampleRate,
    fftLength: section.size('n_fft', usualMel.nFft, 2, 2 ** 16),
    hopLength,
    channels,
    seconds,
    norms: section.isNull('mel_norms') ? undefined : section.divisors('mel_norms', channels),
  }
}

/** The hyperparameters as keys of a model file. */
export function hparamValues(hparams: Hparams): Record<string, NativeValue> {
  const { decoder, mel } = hparams
  return {
    ...u32s('clvp.decoder', {
      vocab_size: decoder.vocab,
      position_count: decoder.positions,
      text_position_count: decoder.textPositions,
      embedding_length: decoder.embd,
      feed_forward_length: decoder.ff,
      block_count: decoder.layers,
      conditioning_block_count: decoder.conditioningLayers,
      head_count: decoder.heads,
    }),
    'clvp.positions': { type: 'string', value: hparams.positions },
    'clvp.decoder.attention_bias': { type: 'bool', value: decoder.attentionBias },
    'clvp.decoder.layer_norm_epsilon': { type: 'f32', value: decoder.eps },
    'clvp.decoder.activation': { type: 'string', value: decoder.activation },
    'clvp.decoder.bos_token_id': { type: 'i32', value: decoder.bos },
    'clvp.decoder.eos_token_id': { type: 'i32', value: decoder.eos },
    'clvp.decoder.fixing_codes': { type: 'i32[]', value: Int32Array.from(decoder.fixingCodes) },
    ...encoderValues('clvp.text', hparams.text),
    ...encoderValues('clvp.speech', hparams.speech),
    'clvp.text.bos_token_id': { type: 'i32', value: hparams.textBos },
    'clvp.text.eos_token_id': { type: 'i32', value: hparams.textEos },
    ...u32s('clvp.mel', {
      sample_rate: mel.sampleRate,
      fft_length: mel.fftLength,
      hop_length: mel.hopLength,
      channel_count: mel.channels,
      seconds: mel.seconds,
    }),
    ...(mel.norms && { 'clvp.mel.norms': { type: 'f32[]', value: Float32Array.from(mel.norms) } }),
  }
}

function encoderValues(prefix: string, encoder: EncoderHparams): Record<string, NativeValue> {
  return {
    ...u32s(prefix, {
      vocab_size: encoder.vocab,
      embedding_length: encoder.embd,
      feed_forward_length: encoder.ff,
      projection_length: encoder.proj,
      block_count: encoder.layers,
      head_count: encoder.heads,
    }),
    [`${prefix}.attention_bias`]: { type: 'bool', value: encoder.attentionBias },
    [`${prefix}.rotary`]: { type: 'bool', value: encoder.rotary },
    [`${prefix}.norm_epsilon`]: { type: 'f32', value: encoder.eps },
    [`${prefix}.activation`]: { type: 'string', value: encoder.activation },
    [`${prefix}.summary`]: { type: 'string', value: encoder.summary },
  }
}
