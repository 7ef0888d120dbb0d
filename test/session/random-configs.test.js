// Configurations of random odd sizes go the whole way without a word from GGML's asserts, which would end the process.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { Clvp, convertFolder, weightTypes } from '../../dist/lib/index.js'
import { readRecipe, writeCheckpoint } from '../helpers/checkpoint.js'
import { tone } from '../helpers/model.js'

const activations = ['gelu', 'gelu_new', 'quick_gelu', 'relu', 'silu', 'tanh', 'sigmoid']
const configs = Number(process.env.CLVP_RANDOM_CONFIGS ?? 24) // more on demand

let state = 20261122
const random = () => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0
  return state / 2 ** 32
}
const int = (low, high) => low + Math.floor(random() * (high - low + 1))
const pick = (list) => list[int(0, list.length - 1)]

function randomEncoder(projection) {
  const heads = int(1, 4)
  return {
    hidden_size: heads * int(36, 50),
    num_attention_heads: heads,
    intermediate_size: int(1, 60),
    num_hidden_layers: int(0, 2),
    projection_dim: projection,
    hidden_act: pick(activations),
    summary_type: pick(['mean', 'last', 'first', 'cls_index']),
    use_attention_bias: random() < 0.5,
    use_rotary_embedding: random() < 0.7,
  }
}

function randomDecoder(speech) {
  const heads = pick([1, 2, 4])
  return {
    hidden_size: heads * pick([8, 12, 16, 20, 24]) * 2,
    num_attention_heads: heads,
    num_hidden_layers: int(0, 2),
    num_mel_attn_blocks: int(0, 2),
    n_inner: pick([null, int(1, 90)]),
    activation_function: pick(activations),
    vocab_size: speech + 2,
    bos_token_id: speech,
    eos_token_id: speech + 1,
    max_position_embeddings: int(30, 90),
    max_text_tokens: int(10, 60),
    use_attention_bias: random() < 0.7,
    decoder_fixing_codes: [83, 45, 45, 24].slice(0, int(1, 4)),
  }
}

function randomRecipe() {
  const recipe = structuredClone(readRecipe('plain'))
  const projection = int(1, 70)
  const speech = int(90, 200)
  const mels = pick([1, 10, 40, 80])
  recipe.seed = int(1, 1e9)
  recipe.config.projection_dim = projection
  Object.assign(recipe.config.text_config, randomEncoder(projection))
  Object.assign(recipe.config.speech_config, randomEncoder(projection), { vocab_size: speech })
  Object.assign(recipe.config.decoder_config, randomDecoder(speech), { feature_size: mels })
  recipe.preprocessor = {
    feature_size: mels,
    n_fft: pick([64, 100, 441, 512, 1024]),
    hop_length: int(20, 300),
    default_audio_length: 1,
  }
  recipe.set = []
  return recipe
}

async function goThrough(recipe, type, dir) {
  writeCheckpoint(recipe, join(dir, 'model'))
  await convertFolder(join(dir, 'model'), join(dir, 'model.gguf'), { type })
  const clvp = await Clvp.load(join(dir, 'model.gguf'), { threads: int(1, 2) })
  const voice = await clvp.voice(tone())
  const maxTokens = int(1, clvp.info.maxTokens)
  const drawn = await clvp.generate('Hi.', { voice, candidates: int(1, 5), maxTokens, seed: 1 })
  const found = await clvp.generate('Hi.', { voice, beams: int(2, 6), maxTokens })
  const rows = [...drawn.candidates, ...found.candidates].map(({ codes }) => codes)
  const ranked = await clvp.rank('Hi.', rows)
  await clvp.dispose()
  return ranked.every(({ score }) => Number.isFinite(score))
}

for (let i = 0; i < configs; i++) {
  const recipe = randomRecipe()
  const type = pick(weightTypes)
  t.test(`configuration ${i} as ${type}`, async (t) => {
    const dir = await mkdtemp(join(tmpdir(), 'clvp-random-'))
    t.teardown(() => rm(dir, { recursive: true }))
    t.ok(await goThrough(recipe, type, dir))
  })
}
