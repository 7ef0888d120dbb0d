// Malformed vocabularies and merges are refused with a message that says what is wrong where.
import t from 'tap'
import { ClvpTokenizer } from '../../dist/lib/text/tokenizer.js'

const VOCAB = { '[STOP]': 0, '[UNK]': 1, a: 2, b: 3 }

function refused(t, make, message) {
  t.throws(make, { name: 'ClvpError', code: 'CLVP_MODEL_FORMAT', message })
}

t.test('ids', async (t) => {
  const given = (vocab) => () => new ClvpTokenizer({ vocab, merges: [] })
  refused(t, given({ a: 0, b: 0 }), /the id 0 to both "a" and "b"/)
  for (const id of [1.5, -1, 2 ** 31, Number.NaN, '1', null, true, [1]]) {
    refused(t, given({ a: 0, b: id }), /gives "b" the id .*a whole number/)
  }
  refused(t, given({}), /no tokens/)
})

t.test('gaps between ids are no fault', async (t) => {
  const tokenizer = new ClvpTokenizer({ vocab: { '[UNK]': 7, a: 100, __proto__x: 3 }, merges: [] })
  t.strictSame(Array.from(tokenizer.encode('ab')), [100, 7])
})

t.test('merges', async (t) => {
  for (const merge of ['ab', 'a b c', '', ' ', 'a ', 5, null, ['a', 'b']]) {
    refused(t, () => new ClvpTokenizer({ vocab: VOCAB, merges: ['a b', merge] }), /merges\[1\]/)
  }
})

t.test('texts of files', async (t) => {
  const parse = (vocab, merges) => () => ClvpTokenizer.fromTexts(vocab, merges)
  const merges = '#version: 0.2\na b\n'
  refused(t, parse('{"a": 1', merges), /not valid JSON/)
  refused(t, parse('[]', merges), /one JSON object/)
  refused(t, parse('null', merges), /one JSON object/)
  refused(t, parse('{"a": 1, "b": 1}', merges), /both "a" and "b"/)
  refused(t, parse(JSON.stringify(VOCAB), '#version: 0.2\na b\nab\n'), /merges\[1\] is "ab"/)
  t.throws(parse(VOCAB, merges), { code: 'CLVP_INVALID_ARGUMENT', message: /vocabText/ })
  t.throws(parse('{"a": 1}', undefined), { code: 'CLVP_INVALID_ARGUMENT', message: /mergesText/ })
})
