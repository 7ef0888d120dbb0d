// Decoding: one id or many, special tokens, clean-up, broken UTF-8, ids without a token.
import t from 'tap'
import { ClvpTokenizer } from '../../dist/lib/text/tokenizer.js'

const VOCAB = {
  '[STOP]': 0,
  '[UNK]': 1,
  '[SPACE]': 2,
  he: 3,
  llo: 4,
  Ã: 5,
  '©': 6,
  Ġa: 7,
  ï: 8,
  '»': 9,
  '¿': 10,
}
const tokenizer = new ClvpTokenizer({ vocab: VOCAB, merges: ['h e', 'l l', 'll o'] })
const CLEAN = { cleanUpTokenizationSpaces: true }
const SKIP = { skipSpecialTokens: true }

t.test('takes an id, an array, a typed array', async (t) => {
  t.equal(tokenizer.decode(3), 'he')
  t.equal(tokenizer.decode([3, 4]), 'hello')
  t.equal(tokenizer.decode(Int32Array.of(3, 4)), 'hello')
  t.equal(tokenizer.decode([]), '')
  t.strictSame(tokenizer.batchDecode([[3], Int32Array.of(3, 4), []]), ['he', 'hello', ''])
})

t.test('leaves special tokens as they are unless told', async (t) => {
  const ids = [3, 2, 4, 1, 0, 11]
  t.equal(tokenizer.decode(ids), 'he[SPACE]llo[UNK][STOP]<|endoftext|>')
  t.equal(tokenizer.decode(ids, SKIP), 'he[SPACE]llo')
  t.equal(tokenizer.decode(ids, CLEAN), 'he llo <|endoftext|>')
  t.equal(tokenizer.decode(ids, { ...SKIP, ...CLEAN }), 'he llo')
  t.strictSame(tokenizer.batchDecode([ids], SKIP), ['he[SPACE]llo'])
})

t.test('clean-up closes up blanks as far as the reference does', async (t) => {
  t.equal(tokenizer.decode([3, 2, 2, 3], CLEAN), 'he he')
  t.equal(tokenizer.decode([3, 2, 2, 2, 2, 3], CLEAN), 'he he')
  t.equal(tokenizer.decode([3, 2, 2, 2, 2, 2, 3], CLEAN), 'he  he')
})

t.test('puts bytes together and replaces broken ones', async (t) => {
  t.equal(tokenizer.decode([5, 6]), 'é')
  t.equal(tokenizer.decode([5, 3]), '\ufffdhe')
  t.equal(tokenizer.decode([6]), '\ufffd')
  t.equal(tokenizer.decode([8, 9, 10, 3]), '\ufeffhe', 'a byte order mark stays')
  t.equal(tokenizer.decode([7]), ' a')
})

t.test('refuses what is no id', async (t) => {
  for (const ids of [
    undefined,
    null,
    '3',
    {},
    [3n],
    ['3'],
    [1.5],
    [Number.NaN],
    new DataView(new ArrayBuffer(4)),
  ]) {
    t.throws(() => tokenizer.decode(ids), { code: 'CLVP_INVALID_ARGUMENT' })
  }
  t.throws(() => tokenizer.decode([3, 99]), { code: 'CLVP_INVALID_ARGUMENT', message: /for ids\[1\].*99/ })
  t.throws(() => tokenizer.decode(-1), { code: 'CLVP_INVALID_ARGUMENT' })
  t.throws(() => tokenizer.batchDecode('3'), { code: 'CLVP_INVALID_ARGUMENT', message: /sequences/ })
})

t.test('refuses options that do not exist or are of another type', async (t) => {
  t.throws(() => tokenizer.decode([3], { skipSpecial: true }), {
    message: /'skipSpecial'.*skipSpecialTokens/,
  })
  t.throws(() => tokenizer.decode([3], { skipSpecialTokens: 1 }), {
    message: /a boolean for skipSpecialTokens/,
  })
  t.throws(() => tokenizer.decode([3], null), { code: 'CLVP_INVALID_ARGUMENT' })
})

t.test('a token that is not byte-level is a fault of the vocabulary', async (t) => {
  const odd = new ClvpTokenizer({ vocab: { 'a b': 0, 漢: 1 }, merges: [] })
  t.throws(() => odd.decode([0]), { code: 'CLVP_MODEL_FORMAT', message: /"a b"/ })
  t.throws(() => odd.decode([1]), { code: 'CLVP_MODEL_FORMAT', message: /漢/ })
})
