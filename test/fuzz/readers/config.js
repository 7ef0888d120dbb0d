/**
 * Fuzzes the readers of configurations, each of which is JSON: a conversion's, the classes', and those of
 * what a model file holds.
 */
import { join } from 'node:path'
import { ClvpFeatureExtractor } from '../../../dist/lib/audio/feature_extractor.js'
import { Voice } from '../../../dist/lib/audio/voice.js'
import {
  ClvpConfig,
  ClvpDecoderConfig,
  ClvpEncoderConfig,
  checkpointConfig,
} from '../../../dist/lib/config/config.js'
import { checkpointSampling, checkpointSettings } from '../../../dist/lib/config/generation_config.js'
import { readGenerationOptions } from '../../../dist/lib/transformers/generation_options.js'
import { Folder } from '../../../dist/quantize/checkpoint/folder.js'
import { readPreprocessor } from '../../../dist/quantize/checkpoint/settings.js'
import { hparamValues, readHparams } from '../../../dist/quantize/hparams.js'
import { Importance } from '../../../dist/quantize/importance.js'
import { fullConfig, readRecipe } from '../../helpers/checkpoint.js'
import { packFiles, runAll, unpackFiles } from './files.js'
import { MemoryFolder } from './memory.js'

export const NAMES = [
  'config.json',
  'preprocessor_config.json',
  'processor_config.json',
  'generation_config.json',
  'voice.json',
  'importance.json',
]

const encoder = { model_type: 'clvp_encoder', hidden_size: 64, num_attention_heads: 2, projection_dim: 64 }
const decoder = {
  model_type: 'clvp_decoder',
  hidden_size: 48,
  num_attention_heads: 4,
  n_inner: null,
  vocab_size: 300,
  bos_token_id: 298,
  eos_token_id: [299],
  decoder_fixing_codes: [83, 45, 45, 248],
  layer_norm_epsilon: 1e-5,
}
const small = {
  model_type: 'clvp',
  text_config: { ...encoder, vocab_size: 60, bos_token_id: 59, hidden_act: 'silu' },
  speech_config: { ...encoder, use_rotary_embedding: false },
  decoder_config: decoder,
  torch_dtype: 'float16',
  id2label: { 0: 'LABEL_0' },
  logit_scale_init_value: 2.6592,
}
const mel = { feature_size: 80, sampling_rate: 22050, hop_length: 256, n_fft: 1024, padding_value: 0.0 }
const norms = { ...mel, mel_norms: Array.from({ length: 80 }, (_, i) => 1 + i / 8) }
const warping = { temperature: 0.7, top_k: 40, top_p: 0.9, min_p: 0, typical_p: 1, repetition_penalty: 1.5 }
const drawing = {
  do_sample: true,
  ...warping,
  eos_token_id: [299],
  pad_token_id: 299,
  bad_words_ids: [[1, 2]],
  suppress_tokens: [3],
  max_new_tokens: 20,
  num_beams: 1,
  guidance_scale: null,
}
const voice = { format: 'clvp-voice', version: 1, clips: 1, embedding: [0.5, -1, 3e-9] }
const matrices = { 'dec.lm_head.weight': { rows: 4, meanSquares: [0, 1, 2.5] } }
const importance = { format: 'clvp-importance', version: 1, model: 'tiny', texts: 1, voices: 1, matrices }

const texts = (files) =>
  Object.fromEntries(Object.entries(files).map(([name, value]) => [name, JSON.stringify(value)]))
const seeds = [
  { 'config.json': fullConfig(readRecipe('plain')), 'preprocessor_config.json': norms },
  { 'config.json': small, 'processor_config.json': { feature_extractor: mel } },
  { 'config.json': {}, 'preprocessor_config.json': {}, 'generation_config.json': {} },
  { 'generation_config.json': drawing },
  { 'voice.json': voice },
  { 'importance.json': importance },
].map((files) => packFiles(NAMES, texts(files)))

const folder = new MemoryFolder()
const within = (name) => join(folder.path, name)

/** As convertFolder reads them. */
async function ofConversion() {
  const source = new Folder(folder.path)
  const config = await source.config('config.json')
  const preprocessor = await readPreprocessor(source)
  await source.config('generation_config.json')
  if (config) hparamValues(readHparams(config.json, preprocessor?.json))
}

function ofClass(Class) {
  return async () => JSON.stringify(await Class.fromPretrained(folder.path))
}

/** A model file keeps texts that have passed a conversion; another program may have written others. */
function ofModelFile(name, read) {
  return (files) => {
    if (files[name].length > 0) read(new TextDecoder().decode(files[name]))
  }
}

const settingsKey = 'clvp.source.generation_config'
const heldReaders = [
  ofModelFile('config.json', checkpointConfig),
  ofModelFile('generation_config.json', (text) => checkpointSampling({ [settingsKey]: text })),
  ofModelFile('generation_config.json', (text) => {
    readGenerationOptions({}, checkpointSettings(text), { eos: 299, decoderVocab: 300 })
  }),
]

/** Each file and who reads it: what is not there is asked of nobody. */
const readersOf = {
  'config.json': [ofClass(ClvpConfig), ofClass(ClvpEncoderConfig), ofClass(ClvpDecoderConfig)],
  'preprocessor_config.json': [ofClass(ClvpFeatureExtractor)],
  'processor_config.json': [ofClass(ClvpFeatureExtractor)],
  'voice.json': [() => Voice.load(within('voice.json'))],
  'importance.json': [() => Importance.load(within('importance.json'))],
}

export const config = {
  name: 'config',
  isText: true,
  seeds,
  words: ['{', '}', '[', ']', ',', ':', '"', '"model_type":"clvp",', '"text_config":{},', '\ufeff'].map(
    (word) => Buffer.from(word),
  ),
  run(bytes) {
    const files = unpackFiles(NAMES, bytes)
    folder.set(files)
    const present = NAMES.filter((name) => files[name].length > 0)
    return runAll([
      ofConversion,
      ...heldReaders.map((read) => () => read(files)),
      ...present.flatMap((name) => readersOf[name] ?? []),
    ])
  },
  close: () => folder.remove(),
}
