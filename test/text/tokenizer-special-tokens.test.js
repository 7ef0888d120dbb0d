// Special tokens: those of the vocabulary keep their ids, the others get the next ones.
import t from 'tap'
import { ClvpTokenizer } from '../../dist/lib/text/tokenizer.js'

/** tap takes a tokenizer for the function that it also is, and would not look at its properties. */
function has(t, tokenizer, expected) {
  t.strictSame(Object.fromEntries(Object.keys(expected).map((name) => [name, tokenizer[name]])), expected)
}

const VOCAB = { '[STOP]': 0, '[UNK]': 1, '[SPACE]': 2, a: 3, b: 4 }

t.test('defaults', async (t) => {
  const tokenizer = new ClvpTokenizer({ vocab: VOCAB, merges: [] })
  has(t, tokenizer, { unkToken: '[UNK]', bosToken: '<|endoftext|>', eosToken: '[STOP]', padToken: '[STOP]' })
  has(t, tokenizer, { unkTokenId: 1, bosTokenId: 5, eosTokenId: 0, padTokenId: 0, addPrefixSpace: false })
  has(t, tokenizer, { vocabSize: 5, length: 6 })
  t.strictSame(tokenizer.allSpecialTokens, ['<|endoftext|>', '[STOP]', '[UNK]'])
  t.strictSame(tokenizer.allSpecialIds, [5, 0, 1])
  t.strictSame(tokenizer.getVocab(), { ...VOCAB, '<|endoftext|>': 5 })
  t.strictSame([...tokenizer.merges], [])
})

t.test('added tokens are numbered in the order begin, end, unknown, pad', async (t) => {
  const tokens = { bosToken: '<b>', eosToken: '<e>', unkToken: '<u>', padToken: '<p>' }
  const tokenizer = new ClvpTokenizer({ vocab: VOCAB, merges: [], ...tokens })
  has(t, tokenizer, { bosTokenId: 5, eosTokenId: 6, unkTokenId: 7, padTokenId: 8, vocabSize: 5, length: 9 })
  t.strictSame(Array.from(tokenizer.encode('a%')), [3, 7])
})

t.test('converts tokens to ids and back', async (t) => {
  const tokenizer = new ClvpTokenizer({ vocab: VOCAB, merges: [] })
  t.equal(tokenizer.convertTokensToIds('b'), 4)
  t.equal(tokenizer.convertTokensToIds('toString'), 1)
  t.strictSame(tokenizer.convertTokensToIds(['[STOP]', 'zzz', '<|endoftext|>']), [0, 1, 5])
  t.equal(tokenizer.convertIdsToTokens(5), '<|endoftext|>')
  t.equal(tokenizer.convertIdsToTokens(6), null)
  t.strictSame(tokenizer.convertIdsToTokens([0, 3, 6]), ['[STOP]', 'a', null])
  t.strictSame(tokenizer.convertIdsToTokens(Int32Array.of(0, 3), { skipSpecialTokens: true }), ['a'])
  t.equal(tokenizer.convertIdsToTokens(0, { skipSpecialTokens: true }), '[STOP]', 'one id is never skipped')
})

t.test('refuses to convert anything else', async (t) => {
  const tokenizer = new ClvpTokenizer({ vocab: VOCAB, merges: [] })
  const wrong = { code: 'CLVP_INVALID_ARGUMENT' }
  for (const tokens of [undefined, 5, [5], {}]) t.throws(() => tokenizer.convertTokensToIds(tokens), wrong)
  for (const ids of [undefined, 'a', ['a'], 0.5]) t.throws(() => tokenizer.convertIdsToTokens(ids), wrong)
})

t.test('a prefix space changes nothing, as in the reference', async (t) => {
  const tokenizer = new ClvpTokenizer({ vocab: VOCAB, merges: [], addPrefixSpace: true })
  t.equal(tokenizer.addPrefixSpace, true)
  t.strictSame(Array.from(tokenizer.encode('a')), [3])
})
