// A tokenizer from files: line endings, the version line, what cannot be read.
import { join } from 'node:path'
import t from 'tap'
import { ClvpTokenizer } from '../../dist/lib/text/tokenizer.js'

const VOCAB = JSON.stringify({ '[STOP]': 0, '[UNK]': 1, a: 2, b: 3, ab: 4, c: 5, abc: 6 })

t.test('reads both files', async (t) => {
  const folder = t.testdir({ 'vocab.json': VOCAB, 'merges.txt': '#version: 0.2\na b\nab c\n' })
  const tokenizer = await ClvpTokenizer.fromFiles(join(folder, 'vocab.json'), join(folder, 'merges.txt'))
  t.strictSame(Array.from(tokenizer.encode('abcab')), [6, 4])
  t.strictSame([...tokenizer.merges], ['a b', 'ab c'])
})

t.test('passes settings on', async (t) => {
  const folder = t.testdir({ 'vocab.json': VOCAB, 'merges.txt': '#version: 0.2\n' })
  const paths = [join(folder, 'vocab.json'), join(folder, 'merges.txt')]
  t.equal((await ClvpTokenizer.fromFiles(...paths, { unkToken: 'c' })).unkTokenId, 5)
  await t.rejects(ClvpTokenizer.fromFiles(...paths, { vocab: {} }), { code: 'CLVP_INVALID_ARGUMENT' })
})

t.test('takes any line ending and passes over empty lines', async (t) => {
  for (const lines of [
    '#version\r\na b\r\nab c\r\n',
    '#version\ra b\rab c\r',
    '#version\na b\n\nab c\n\n\n',
  ]) {
    t.strictSame([...ClvpTokenizer.fromTexts(VOCAB, lines).merges], ['a b', 'ab c'], JSON.stringify(lines))
  }
})

t.test(
  'passes over a first line only if it tells a version: transformers 5 saves files without one',
  async (t) => {
    for (const lines of ['#version: 0.2\na b\nab c\n', '\ufeff#version: 0.2\na b\nab c\n', 'a b\nab c\n']) {
      t.strictSame([...ClvpTokenizer.fromTexts(VOCAB, lines).merges], ['a b', 'ab c'], JSON.stringify(lines))
    }
    t.strictSame([...ClvpTokenizer.fromTexts(VOCAB, 'a b\n#version c\n').merges], ['a b', '#version c'])
  },
)

t.test('reads a last line without an end', async (t) => {
  t.strictSame([...ClvpTokenizer.fromTexts(VOCAB, '#version: 0.2\na b\nab c').merges], ['a b', 'ab c'])
  t.strictSame([...ClvpTokenizer.fromTexts(VOCAB, 'a b').merges], ['a b'])
  t.strictSame([...ClvpTokenizer.fromTexts(VOCAB, '').merges], [])
})

t.test('says which file cannot be read or is no text', async (t) => {
  const folder = t.testdir({ 'vocab.json': VOCAB, 'merges.txt': Buffer.from([0x76, 0x0a, 0xff, 0x0a]) })
  const vocab = join(folder, 'vocab.json')
  await t.rejects(ClvpTokenizer.fromFiles(vocab, join(folder, 'none.txt')), {
    code: 'CLVP_IO',
    message: /none\.txt/,
  })
  const noText = { code: 'CLVP_MODEL_FORMAT', message: /merges\.txt is not UTF-8/ }
  await t.rejects(ClvpTokenizer.fromFiles(vocab, join(folder, 'merges.txt')), noText)
  await t.rejects(ClvpTokenizer.fromFiles(5, vocab), { code: 'CLVP_INVALID_ARGUMENT', message: /vocabPath/ })
})
