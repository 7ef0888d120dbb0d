// Long texts and words without end take time in proportion to their length.
import { readFileSync } from 'node:fs'
import t from 'tap'
import { ClvpTokenizer } from '../../dist/lib/text/tokenizer.js'
import { makeRandom } from '../../scripts/parity/texts.mjs'

const golden = JSON.parse(readFileSync(new URL('../golden/tokenizer.json', import.meta.url), 'utf8'))
const tokenizer = new ClvpTokenizer({ vocab: golden.vocab, merges: golden.merges })
const LENGTH = 1_000_000
// What goes quadratic takes minutes at this length; what does not, less than a second.
const MOST_MILLISECONDS = 10_000

function timed(t, encoder, text) {
  const started = performance.now()
  const ids = encoder.encode(text)
  t.ok(performance.now() - started < MOST_MILLISECONDS, 'in time')
  return ids
}

t.test('one word of one letter', async (t) => {
  t.equal(timed(t, tokenizer, 'z'.repeat(LENGTH)).length, LENGTH)
})

t.test('one word that merges to one token', async (t) => {
  const merges = Array.from({ length: 19 }, (_, n) => `${'a'.repeat(2 ** n)} ${'a'.repeat(2 ** n)}`)
  const doubling = new ClvpTokenizer({ vocab: { '[UNK]': 0, ['a'.repeat(2 ** 19)]: 1 }, merges })
  t.strictSame(Array.from(timed(t, doubling, 'a'.repeat(2 ** 19))), [1])
})

t.test('one word of letters at random', async (t) => {
  const random = makeRandom(3)
  const word = Array.from({ length: LENGTH }, () => 'etaoinshrdlu'[Math.floor(random() * 12)]).join('')
  const { tokens } = tokenizer.encodeWithOffsets(word)
  t.equal(tokens.at(-1).end, LENGTH)
  timed(t, tokenizer, word)
})

for (const unit of ['a ', "'", '" ', 'the ', '!?', "it's ", '\x01', '$9 ', '1']) {
  t.test(`${JSON.stringify(unit)} again and again`, async (t) => {
    t.ok(timed(t, tokenizer, unit.repeat(LENGTH / unit.length)).length > 0)
  })
}
