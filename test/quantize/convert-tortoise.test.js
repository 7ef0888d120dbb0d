// tortoise's pair of checkpoints becomes the model file that transformers' checkpoint of the same weights becomes.
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { Clvp, convertFolder, inspectModel } from '../../dist/lib/index.js'
import { makeVocabulary, readRecipe, writeCheckpoint } from '../helpers/checkpoint.js'
import { headerLength } from '../helpers/gguf.js'
import { packNorms, pairOf, saveAsPair, writePair } from '../helpers/tortoise.js'

/** Heads of 64 channels, as tortoise has them: nothing needs to be said. */
const original = {
  name: 'original',
  seed: 77,
  config: {
    text_config: {
      ...{ vocab_size: 90, hidden_size: 128, intermediate_size: 256, projection_dim: 128 },
      ...{ num_hidden_layers: 2, num_attention_heads: 2, bos_token_id: 89, eos_token_id: 0 },
    },
    speech_config: {
      ...{ vocab_size: 298, hidden_size: 128, intermediate_size: 256, projection_dim: 128 },
      ...{ num_hidden_layers: 3, num_attention_heads: 2 },
    },
    decoder_config: {
      ...{ vocab_size: 300, bos_token_id: 298, eos_token_id: 299, hidden_size: 192, num_hidden_layers: 2 },
      ...{
        num_attention_heads: 3,
        max_position_embeddings: 120,
        max_text_tokens: 40,
        num_mel_attn_blocks: 2,
      },
    },
    projection_dim: 128,
  },
  preprocessor: { mel_norms: Array.from({ length: 80 }, (_, i) => Math.fround(-7.1 + 0.06 * i)) },
}

function freshFolder(t, recipe) {
  const folder = join(t.testdir({}), 'model')
  writeCheckpoint(recipe, folder)
  return folder
}

async function converted(folder, type = 'f32') {
  const target = `${folder}.gguf`
  await convertFolder(folder, target, { type })
  return readFileSync(target)
}

/** All keys but the texts of the source's own files, and all that is behind the header. */
async function essence(folder, bytes) {
  const { values, tensors } = await inspectModel(`${folder}.gguf`)
  const kept = Object.entries(values).filter(([key]) => !key.startsWith('clvp.source.'))
  return {
    kept: Object.fromEntries(kept),
    tensors,
    data: bytes.subarray(headerLength(bytes)).toString('base64'),
  }
}

/** What the original files come with, and no more. */
function keepOriginalFiles(folder, recipe) {
  for (const name of ['config.json', 'preprocessor_config.json', 'tokenizer_config.json'])
    rmSync(join(folder, name))
  for (const name of ['vocab.json', 'merges.txt']) rmSync(join(folder, name))
  const { tokens, merges } = makeVocabulary(recipe.config.text_config.vocab_size)
  const vocab = Object.fromEntries(tokens.map((token, i) => [token, i]))
  writeFileSync(join(folder, 'tokenizer.json'), JSON.stringify({ model: { type: 'BPE', vocab, merges } }))
  writeFileSync(join(folder, 'mel_norms.pth'), packNorms(recipe.preprocessor.mel_norms))
}

t.test('with the settings of transformers beside it: the same file, byte for byte', async (t) => {
  for (const recipe of [readRecipe('plain'), original, { ...original, codebook: 298 }]) {
    for (const type of ['f32', 'f16', 'q8_0']) {
      const folder = freshFolder(t, recipe)
      const expected = await converted(folder, type)
      saveAsPair(folder)
      const name = `${recipe.name}${recipe.codebook ? ' with a codebook' : ''}, ${type}`
      t.ok(expected.equals(await converted(folder, type)), name)
    }
  }
})

t.test('the original files alone: everything but the settings as text', async (t) => {
  const folder = freshFolder(t, original)
  const expected = await essence(folder, await converted(folder))
  saveAsPair(folder)
  keepOriginalFiles(folder, original)
  const bytes = await converted(folder)
  t.same(await essence(folder, bytes), expected)
  const { values } = await inspectModel(`${folder}.gguf`)
  const config = JSON.parse(values['clvp.source.config'])
  t.match(config.decoder_config, {
    hidden_size: 192,
    num_attention_heads: 3,
    bos_token_id: 298,
    n_inner: null,
  })
  t.match(config.speech_config, { vocab_size: 298, num_hidden_layers: 3 })
  const { mel_norms } = JSON.parse(values['clvp.source.preprocessor_config'])
  t.same(mel_norms, original.preprocessor.mel_norms)
  const clvp = await Clvp.load(`${folder}.gguf`, { threads: 1 })
  t.ok((await clvp.embedText('Hello.')).length > 0)
  await clvp.dispose()
})

t.test('a config.json that says only what the shapes cannot', async (t) => {
  const recipe = readRecipe('plain')
  const folder = freshFolder(t, recipe)
  const expected = await essence(folder, await converted(folder))
  saveAsPair(folder)
  await t.rejects(
    convertFolder(withoutConfig(folder), `${folder}.gguf`),
    { code: 'CLVP_MODEL_FORMAT', message: /num_attention_heads of text_config in a config\.json/ },
    'nothing said',
  )
  const two = { num_attention_heads: 2 }
  const config = { text_config: two, speech_config: two, decoder_config: { num_attention_heads: 3 } }
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config))
  t.same(await essence(folder, await converted(folder)), expected)
})

function withoutConfig(folder) {
  rmSync(join(folder, 'config.json'))
  return folder
}

t.test('a config.json that contradicts the shapes', async (t) => {
  const folder = freshFolder(t, original)
  saveAsPair(folder)
  for (const [section, setting, value] of [
    ['decoder_config', 'num_hidden_layers', 3],
    ['decoder_config', 'num_hidden_layers', 1],
    ['decoder_config', 'num_attention_heads', 5],
    ['decoder_config', 'num_attention_heads', 'x'],
    ['decoder_config', 'num_attention_heads', null],
    ['decoder_config', 'hidden_size', 64],
    ['text_config', 'vocab_size', 91],
    ['speech_config', 'use_attention_bias', true],
  ]) {
    const config = { [section]: { [setting]: value } }
    writeFileSync(join(folder, 'config.json'), JSON.stringify(config))
    await t.rejects(
      convertFolder(folder, `${folder}.gguf`),
      { code: 'CLVP_MODEL_FORMAT' },
      JSON.stringify(config),
    )
  }
})

t.test('a pair that is none', async (t) => {
  const folder = freshFolder(t, original)
  const pair = pairOf(folder)
  saveAsPair(folder)
  keepOriginalFiles(folder, original)
  const refused = async (change, message, code = 'CLVP_MODEL_FORMAT') => {
    const changed = { autoregressive: { ...pair.autoregressive }, clvp2: { ...pair.clvp2 } }
    change(changed)
    writePair(folder, changed)
    await t.rejects(convertFolder(folder, `${folder}.gguf`), { code, message }, String(message))
  }
  await refused(({ clvp2 }) => delete clvp2['text_emb.weight'], /clvp2\.pth.*text_emb\.weight is missing/)
  await refused(
    ({ autoregressive: a }) => delete a['gpt.h.1.ln_1.weight'],
    /input_layernorm\.weight is missing/,
  )
  await refused(({ autoregressive: a }) => delete a['gpt.h.0.attn.c_attn.bias'], /q_proj\.bias is missing/)
  await refused(
    ({ clvp2 }) => (clvp2['text_pos_emb.weight'] = clvp2.temperature),
    /text_pos_emb.*does not belong/,
  )
  await refused(({ autoregressive: a, clvp2 }) => (a.temperature = clvp2.temperature), /in both/)
  await refused(
    ({ autoregressive: a }) => (a['text_embedding.weight'] = a['mel_embedding.weight']),
    /embeddings for 300 text tokens, but clvp2\.pth has them for 90\. .* trained with the same tokenizer/,
  )
  await refused(
    ({ clvp2 }) => {
      const name = 'text_transformer.transformer.attn_layers.rotary_pos_emb.inv_freq'
      clvp2[name] = { dtype: 'F32', shape: [20], data: Buffer.alloc(80) }
    },
    /rotates 40 channels/,
    'CLVP_UNSUPPORTED',
  )
  await refused(({ autoregressive: a }) => {
    a['gpt.h.0.attn.c_attn.weight'] = { dtype: 'F32', shape: [1, 100], data: Buffer.alloc(400) }
  }, /c_attn.*\[1,100\]/)
})

t.test('what is missing beside the pair', async (t) => {
  const folder = freshFolder(t, original)
  saveAsPair(folder)
  keepOriginalFiles(folder, original)
  for (const name of ['autoregressive.pth', 'clvp2.pth', 'tokenizer.json']) {
    const path = join(folder, name)
    const kept = readFileSync(path)
    rmSync(path)
    const message = new RegExp(`${name} is missing`)
    await t.rejects(convertFolder(folder, `${folder}.gguf`), { code: 'CLVP_MODEL_FORMAT', message }, name)
    writeFileSync(path, kept)
  }
  for (const norms of [[], [1, 2], new Array(2000).fill(1), [...original.preprocessor.mel_norms].fill(0)]) {
    writeFileSync(join(folder, 'mel_norms.pth'), packNorms(norms))
    await t.rejects(
      convertFolder(folder, `${folder}.gguf`),
      { code: 'CLVP_MODEL_FORMAT' },
      `${norms.length} norms`,
    )
  }
})
