// Each number of a configuration that no model can have is refused by name before anything is written.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { convertFolder } from '../../dist/lib/index.js'
import { freshCheckpoint } from '../helpers/safetensors.js'

const folder = freshCheckpoint(t)
const encoder = [
  'vocab_size',
  'hidden_size',
  'intermediate_size',
  'projection_dim',
  'num_hidden_layers',
  'num_attention_heads',
]
/** The numbers that are read, by file and section. Those that may be 0 have a 0 behind them. */
const numbers = [
  ['config.json', 'text_config', [...encoder, 'layer_norm_eps 0', 'bos_token_id 0', 'eos_token_id 0']],
  ['config.json', 'speech_config', [...encoder, 'layer_norm_eps 0']],
  [
    'config.json',
    'decoder_config',
    [
      ...[
        'vocab_size',
        'hidden_size',
        'n_inner',
        'num_hidden_layers',
        'num_attention_heads',
        'layer_norm_epsilon 0',
      ],
      ...['max_position_embeddings', 'max_text_tokens', 'num_mel_attn_blocks', 'feature_size'],
      ...['bos_token_id 0', 'eos_token_id 0'],
    ],
  ],
  [
    'preprocessor_config.json',
    undefined,
    ['feature_size', 'sampling_rate', 'hop_length', 'default_audio_length', 'n_fft'],
  ],
]
const wrong = [-1, 2 ** 31, 2 ** 53, 1e300, 'NaN', '', 'x', true, {}, [], [1, 2]]

/** A model may have no layers, but then the tensors of this one's are unknown. */
const layers = ['num_hidden_layers', 'num_mel_attn_blocks']

/** What a conversion says with one value changed; `undefined` takes it out. */
async function convertWith(file, section, key, value) {
  const path = join(folder, file)
  const text = readFileSync(path, 'utf8')
  const config = JSON.parse(text)
  const holder = section ? config[section] : config
  if (value === undefined) delete holder[key]
  else holder[key] = value
  writeFileSync(path, JSON.stringify(config))
  try {
    return await convertFolder(folder, `${folder}.gguf`).then(
      () => 'converted',
      (error) => error,
    )
  } finally {
    writeFileSync(path, text)
  }
}

t.test('numbers', async (t) => {
  let count = 0
  for (const [file, section, keys] of numbers) {
    for (const entry of keys) {
      const [key, mayBeZero] = entry.split(' ')
      const values = mayBeZero || layers.includes(key) ? wrong : [...wrong, 0]
      for (const value of values) {
        const error = await convertWith(file, section, key, value)
        const name = `${section ?? file} ${key} ${JSON.stringify(value)}`
        count++
        // Two ids where one is expected is a thing that transformers has.
        const code =
          Array.isArray(value) && key.endsWith('token_id') ? 'CLVP_UNSUPPORTED' : 'CLVP_MODEL_FORMAT'
        if (error.code !== code || !error.message.includes(key)) t.fail(`${name}: ${error.message ?? error}`)
      }
    }
  }
  t.pass(`${count} values`)
})

t.test('no layers', async (t) => {
  for (const [section, key] of [
    ['text_config', 'num_hidden_layers'],
    ['speech_config', 'num_hidden_layers'],
    ['decoder_config', 'num_hidden_layers'],
    ['decoder_config', 'num_mel_attn_blocks'],
  ]) {
    const error = await convertWith('config.json', section, key, 0)
    t.match(error, { code: 'CLVP_MODEL_FORMAT', message: /tensor .* does not belong to this model/ })
  }
})

t.test("without a number the default is transformers', which this model's weights contradict", async (t) => {
  // The defaults that are this model's own values, and the numbers that no tensor's shape tells.
  const isFine = [
    'layer_norm_eps',
    'layer_norm_epsilon',
    'n_inner',
    'eos_token_id',
    'feature_size',
    'num_attention_heads',
  ]
  for (const [file, section, keys] of numbers) {
    for (const entry of keys) {
      const [key] = entry.split(' ')
      const result = await convertWith(file, section, key, undefined)
      if (result === 'converted') t.ok(file !== 'config.json' || isFine.includes(key), `${section} ${key}`)
      else t.equal(result.code, 'CLVP_MODEL_FORMAT', `${section} ${key}: ${result.message}`)
    }
  }
})

t.test('NaN as Python writes it is not JSON', async (t) => {
  const path = join(folder, 'config.json')
  const text = readFileSync(path, 'utf8')
  writeFileSync(path, text.replace('"hidden_size": 48', '"hidden_size": NaN'))
  await t.rejects(convertFolder(folder, `${folder}.gguf`), {
    code: 'CLVP_MODEL_FORMAT',
    message: /config\.json.*JSON/,
  })
  writeFileSync(path, text)
})

t.test('sizes that do not go together', async (t) => {
  for (const [section, key, value] of [
    ['text_config', 'num_attention_heads', 5],
    ['text_config', 'num_attention_heads', 72],
    ['decoder_config', 'num_attention_heads', 7],
    ['decoder_config', 'feature_size', 81],
    ['text_config', 'projection_dim', 48],
    ['text_config', 'bos_token_id', 64],
    ['decoder_config', 'eos_token_id', 300],
    ['decoder_config', 'decoder_fixing_codes', []],
    ['decoder_config', 'decoder_fixing_codes', [298]],
    ['decoder_config', 'decoder_fixing_codes', [-1]],
    ['decoder_config', 'decoder_fixing_codes', [1.5]],
    ['decoder_config', 'decoder_fixing_codes', Array(65).fill(1)],
  ]) {
    const error = await convertWith('config.json', section, key, value)
    t.equal(error.code, 'CLVP_MODEL_FORMAT', `${section} ${key} ${JSON.stringify(value)}: ${error.message}`)
  }
  for (const value of [
    [1],
    Array(80).fill(0),
    Array(80).fill(1e300),
    Array(79).fill(1),
    'x',
    Array(80).fill('1'),
  ]) {
    const error = await convertWith('preprocessor_config.json', undefined, 'mel_norms', value)
    t.match(error, { code: 'CLVP_MODEL_FORMAT', message: /mel_norms/ })
  }
})

t.test('what transformers can do and this package cannot', async (t) => {
  for (const [section, key, value] of [
    ['text_config', 'hidden_act', 'prelu'],
    ['text_config', 'summary_type', 'attn'],
    ['decoder_config', 'activation_function', 'xielu'],
    ['decoder_config', 'add_cross_attention', true],
  ]) {
    const error = await convertWith('config.json', section, key, value)
    t.match(error, { code: 'CLVP_UNSUPPORTED', message: new RegExp(key) })
  }
})

t.test('nothing else is left behind', async (t) => {
  t.same(readdirSync(join(folder, '..')).sort(), ['model', 'model.gguf'])
})
