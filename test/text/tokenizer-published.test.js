// With the published vocabulary, where it is at hand, the ids are those of the published tokenizer.
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { ClvpTokenizer } from '../../dist/lib/text/tokenizer.js'

const file = (name) => fileURLToPath(new URL(`../../../shared/data/${name}`, import.meta.url))
const skip = existsSync(file('vocab.json')) ? false : 'no published vocabulary here'

t.test('examples of the reference', { skip }, async (t) => {
  const tokenizer = await ClvpTokenizer.fromFiles(file('vocab.json'), file('merges.txt'))
  t.strictSame(Array.from(tokenizer.encode('Hello world')), [62, 84, 28, 2, 179, 79])
  t.strictSame(Array.from(tokenizer.encode(' Hello world')), [2, 62, 84, 28, 2, 179, 79])
  t.strictSame(Array.from(tokenizer.encode('[STOP]')), [1, 32, 51, 29, 1])
  t.equal(tokenizer.decode([62, 84, 28, 2, 179, 79], { cleanUpTokenizationSpaces: true }), 'hello world')
  t.strictSame([tokenizer.vocabSize, tokenizer.length], [255, 256])
  const { bosTokenId, eosTokenId, padTokenId, unkTokenId } = tokenizer
  t.strictSame([bosTokenId, eosTokenId, padTokenId, unkTokenId], [255, 0, 0, 1])
})
