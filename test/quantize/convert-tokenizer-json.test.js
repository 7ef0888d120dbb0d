// A tokenizer.json of one's own: added tokens keep their ids, and what would not load does not convert.
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { Clvp, convertFolder, inspectModel } from '../../dist/lib/index.js'
import { tokenizerOf } from '../../dist/lib/text/text.js'
import { makeVocabulary, readRecipe } from '../helpers/checkpoint.js'
import { freshCheckpoint } from '../helpers/safetensors.js'

const size = readRecipe('plain').config.text_config.vocab_size
const { tokens, merges } = makeVocabulary(size)
const vocabOf = (list) => Object.fromEntries(list.map((token, i) => [token, i]))

/** A checkpoint with this tokenizer.json and no other file of a tokenizer. */
function freshFolder(t, tokenizer) {
  const folder = freshCheckpoint(t)
  for (const name of ['vocab.json', 'merges.txt', 'tokenizer_config.json']) rmSync(join(folder, name))
  writeFileSync(join(folder, 'tokenizer.json'), JSON.stringify(tokenizer))
  return folder
}

async function tokensOf(folder) {
  await convertFolder(folder, `${folder}.gguf`, { type: 'q8_0' })
  return (await inspectModel(`${folder}.gguf`)).values
}

const malformed = (message) => ({ code: 'CLVP_MODEL_FORMAT', message })

t.test('added tokens', async (t) => {
  const special = { '[STOP]': 0, '[UNK]': 1, '[SPACE]': 2 }
  const vocab = Object.fromEntries(Object.entries(vocabOf(tokens)).filter(([token]) => !(token in special)))
  const added = Object.entries(special).map(([content, id]) => ({ id, content, special: true }))
  const last = { id: size - 1, content: '[en]', special: true }
  const folder = freshFolder(t, { added_tokens: [...added, last], model: { type: 'BPE', vocab, merges } })
  const values = await tokensOf(folder)
  t.same(values['clvp.tokenizer.tokens'], [...tokens, '[en]'])
  const clvp = await Clvp.load(`${folder}.gguf`, { threads: 1, parts: ['ranker'] })
  t.same(
    (await clvp.explain('a b')).tokens.map(({ id }) => id),
    [tokens.indexOf('a'), 2, tokens.indexOf('b')],
    'the space has its id',
  )
  await clvp.dispose()
})

t.test('added tokens that contradict the vocabulary', async (t) => {
  const model = { type: 'BPE', vocab: vocabOf(tokens), merges }
  for (const [added, message] of [
    [[{ id: 7, content: tokens[3] }], /added token "!" has the id 7, but 3 in the vocabulary/],
    [[{ id: 3, content: '[new]' }], /have the same id 3/],
    [[{ id: -1, content: '[new]' }], /expected an id/],
    [[{ id: 3 }], /the content undefined/],
    [[7], /expected an object/],
    ['x', /not an array/],
  ]) {
    const folder = freshFolder(t, { added_tokens: added, model })
    await t.rejects(tokensOf(folder), malformed(message), String(message))
  }
  const same = [{ id: 3, content: tokens[3] }]
  t.same((await tokensOf(freshFolder(t, { added_tokens: same, model })))['clvp.tokenizer.tokens'], tokens)
})

t.test('more tokens than embeddings', async (t) => {
  const many = [...tokens, ...Array.from({ length: 400 - tokens.length }, (_, i) => `extra${i}`)]
  const folder = freshFolder(t, { model: { type: 'BPE', vocab: vocabOf(many), merges } })
  const refused = malformed(
    new RegExp(
      `The vocabulary has 400 tokens, but the model has embeddings for ${size}: expected the tokenizer`,
    ),
  )
  await t.rejects(convertFolder(folder, `${folder}.gguf`), refused)
  t.throws(() => readFileSync(`${folder}.gguf`), { code: 'ENOENT' })
})

t.test('whatever a load refuses of the texts', async (t) => {
  const vocab = { ...vocabOf(tokens) }
  for (const [file, content, message] of [
    ['tokenizer_config.json', { unk_token: '' }, /empty unk_token/],
    ['generation_config.json', { do_sample: true, temperature: 'hot' }, /temperature/],
  ]) {
    const folder = freshFolder(t, { model: { type: 'BPE', vocab, merges } })
    writeFileSync(join(folder, file), JSON.stringify(content))
    await t.rejects(convertFolder(folder, `${folder}.gguf`), malformed(message), file)
  }
})

t.test('another token for unknown characters', async (t) => {
  const renamed = tokens.map((token) => (token === '[UNK]' ? '<unk>' : token))
  const model = { type: 'BPE', unk_token: '<unk>', vocab: vocabOf(renamed), merges }
  const folder = freshFolder(t, { model })
  const values = await tokensOf(folder)
  t.same(JSON.parse(values['clvp.source.tokenizer_config']), { unk_token: '<unk>' })
  const tokenizer = tokenizerOf(values, { textVocab: size })
  t.equal(tokenizer.convertTokensToIds('not a token'), renamed.indexOf('<unk>'))
})
