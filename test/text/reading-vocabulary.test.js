// What a vocabulary can write is kept: letters of other languages as tokens of their own, capitals, digits.
import { readFileSync } from 'node:fs'
import t from 'tap'
import { ClvpTokenizer } from '../../dist/lib/text/tokenizer.js'

const letters = Array.from("abcdefghijklmnopqrstuvwxyzäöüşß'")
const tokens = ['[STOP]', '[UNK]', '[SPACE]', ...letters, 'ün', 'fün', 'şe']
const vocab = Object.fromEntries(tokens.map((token, id) => [token, id]))
const merges = ['ü n', 'f ün', 'ş e']

t.test('letters beyond ASCII are tokens, and merge', async (t) => {
  const tokenizer = new ClvpTokenizer({ vocab, merges, normalizer: 'basic' })
  const { normalized, tokens, dropped } = tokenizer.encodeWithOffsets('Fünf  ŞEKER & Käse')
  t.equal(normalized, 'fünf şeker käse')
  t.strictSame(
    tokens.map(({ text, start, end }) => [text, start, end]),
    [
      ['fün', 0, 3],
      ['f', 3, 4],
      ['[SPACE]', 4, 5],
      ['şe', 5, 7],
      ...Array.from('ker', (letter, at) => [letter, 7 + at, 8 + at]),
      ['[SPACE]', 10, 11],
      ...Array.from('käse', (letter, at) => [letter, 11 + at, 12 + at]),
    ],
  )
  t.strictSame(dropped, [{ text: '&', index: 12 }])
  t.notOk(tokens.some(({ id }) => id === tokenizer.unkTokenId))
})

t.test('the same letters with other normalisers', async (t) => {
  const tokenizer = new ClvpTokenizer({ vocab, merges })
  const read = (normalizer) => tokenizer.encodeWithOffsets('Käse', { normalizer }).normalized
  t.equal(read('english'), 'kase')
  t.equal(read('tortoise'), 'kase')
  t.equal(read('transformers'), 'kse', 'the default')
  t.equal(tokenizer.encodeWithOffsets('Käse').normalized, 'kse')
  t.equal(read('none').trim(), 'äse', 'no token for a capital')
  t.equal(
    read((text) => text.toLowerCase().repeat(2)),
    'käsekäse',
  )
})

t.test('where tokens stand for bytes, letters beyond ASCII are dropped', async (t) => {
  const golden = JSON.parse(readFileSync(new URL('../golden/tokenizer.json', import.meta.url), 'utf8'))
  const tokenizer = new ClvpTokenizer({ vocab: golden.vocab, merges: golden.merges, normalizer: 'basic' })
  t.match(tokenizer.encodeWithOffsets('é a'), { dropped: [{ text: 'é', index: 0 }] })
})

t.test('an apostrophe is a word of its own, but for transformers', async (t) => {
  const tokenizer = new ClvpTokenizer({ vocab: { ...vocab, tw: 60 }, merges: ['t w'] })
  const pieces = (normalizer) => tokenizer.tokenize("'twas", { normalizer })
  t.strictSame(pieces('tortoise'), ["'", 'tw', 'a', 's'])
  t.strictSame(pieces('english'), ["'", 'tw', 'a', 's'])
  t.strictSame(pieces('transformers'), ["'", 't', 'w', 'a', 's'])
})

t.test('refuses a normaliser that does not exist', async (t) => {
  const wrong = { code: 'CLVP_INVALID_ARGUMENT', message: /'english', 'tortoise'/ }
  t.throws(() => new ClvpTokenizer({ vocab, merges, normalizer: 'German' }), wrong)
  const tokenizer = new ClvpTokenizer({ vocab, merges })
  t.throws(() => tokenizer.encode('a', { normalizer: 5 }), wrong)
  t.throws(() => tokenizer('a', { normalizer: 'German' }), wrong)
  t.strictSame(tokenizer('2', { normalizer: 'english' }).inputIds.data, tokenizer.encode('two'))
})
