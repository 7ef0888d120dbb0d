// Encoding: words, blanks, unknown pieces, and answers that never change.
import t from 'tap'
import { ClvpTokenizer } from '../../dist/lib/text/tokenizer.js'

const VOCAB = {
  '[STOP]': 0,
  '[UNK]': 1,
  '[SPACE]': 2,
  a: 3,
  b: 4,
  ab: 5,
  "'": 6,
  s: 7,
  "'s": 8,
  Ġa: 9,
  abs: 10,
}
const MERGES = ['a b', "' s", 'Ġ a', 'ab s']
const tokenizer = new ClvpTokenizer({ vocab: VOCAB, merges: MERGES })

t.test('gives an Int32Array without special tokens', async (t) => {
  t.strictSame(tokenizer.encode('ab'), Int32Array.of(5))
  t.strictSame(tokenizer.encode(''), new Int32Array(0))
})

t.test('merges within words only', async (t) => {
  t.strictSame(tokenizer.tokenize("abs ab's b'"), ['abs', '[SPACE]', 'ab', "'s", '[SPACE]', 'b', "'"])
  t.strictSame(tokenizer.tokenize('b a'), ['b', 'Ġa'])
})

t.test('of several blanks the last belongs to the word after them', async (t) => {
  t.strictSame(tokenizer.tokenize('b "" a'), ['b', '[SPACE]', 'Ġa'])
  t.strictSame(tokenizer.tokenize('b " " '), ['b', '[SPACE]', '[SPACE]', '[SPACE]'])
})

t.test('a blank stays as it is when the vocabulary has no token for it', async (t) => {
  const { '[SPACE]': _, ...vocab } = VOCAB
  const spaceless = new ClvpTokenizer({ vocab, merges: MERGES })
  t.strictSame(spaceless.tokenize('b b'), ['b', 'Ġ', 'b'])
  t.strictSame(Array.from(spaceless.encode('b b')), [4, 1, 4])
})

t.test('unknown pieces keep their text and get the unknown id', async (t) => {
  t.strictSame(tokenizer.tokenize('a%\x01'), ['a', '%', 'ā'])
  t.strictSame(Array.from(tokenizer.encode('a%\x01')), [3, 1, 1])
})

t.test('a merge may lead to a token that the vocabulary lacks', async (t) => {
  const { ab: _, ...vocab } = VOCAB
  t.strictSame(Array.from(new ClvpTokenizer({ vocab, merges: MERGES }).encode('ab abs')), [1, 2, 10])
})

t.test('a text that looks like a special token is plain text', async (t) => {
  for (const text of ['[STOP]', '[UNK]', '[SPACE]', '<|endoftext|>']) {
    const ids = Array.from(tokenizer.encode(text))
    t.notOk(ids.includes(tokenizer.eosTokenId) || ids.includes(tokenizer.bosTokenId) || ids.includes(2), text)
  }
})

t.test('answers do not depend on what was asked before', async (t) => {
  const first = tokenizer.encode("abs ab's b%")
  const copy = Array.from(first)
  first.fill(99)
  for (let n = 0; n < 10_000; n++) tokenizer.encode(`a${String.fromCharCode(97 + (n % 26))}${n}b`)
  t.strictSame(Array.from(tokenizer.encode("abs ab's b%")), copy)
})
