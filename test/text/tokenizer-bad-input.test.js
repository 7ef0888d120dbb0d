// Wrong arguments are refused with a message that names them; the tokenizer goes on working.
import t from 'tap'
import { ClvpTokenizer } from '../../dist/lib/text/tokenizer.js'

const VOCAB = { '[STOP]': 0, '[UNK]': 1, a: 2 }

t.test('a text must be a string', async (t) => {
  const tokenizer = new ClvpTokenizer({ vocab: VOCAB, merges: [] })
  for (const text of [undefined, null, 5, ['a'], Buffer.from('a'), {}]) {
    for (const method of ['tokenize', 'encode', 'encodeWithOffsets']) {
      t.throws(() => tokenizer[method](text), { code: 'CLVP_INVALID_ARGUMENT', message: /a string for text/ })
    }
  }
  t.strictSame(Array.from(tokenizer.encode('a')), [2])
})

t.test('options must be known and of their types', async (t) => {
  const refused = (options, message) =>
    t.throws(() => new ClvpTokenizer({ vocab: VOCAB, merges: [], ...options }), {
      name: 'ClvpError',
      code: 'CLVP_INVALID_ARGUMENT',
      message,
    })
  refused({ unknownToken: '[UNK]' }, /'unknownToken'.*unkToken/)
  refused({ unkToken: '' }, /1 to 1024 characters for unkToken/)
  refused({ bosToken: null }, /bosToken.*null/)
  refused({ padToken: 0 }, /padToken.*0 of type number/)
  refused({ addPrefixSpace: 'yes' }, /a boolean for addPrefixSpace/)
  refused({ vocab: [] }, /vocab/)
  refused({ vocab: null }, /vocab/)
  refused({ merges: 'a b' }, /merges/)
  t.throws(() => new ClvpTokenizer(), { code: 'CLVP_INVALID_ARGUMENT' })
  t.throws(() => new ClvpTokenizer([]), { code: 'CLVP_INVALID_ARGUMENT' })
  t.doesNotThrow(() => new ClvpTokenizer({ vocab: VOCAB, merges: [], unkToken: undefined }))
})
