// With the normaliser 'tortoise', texts and ids equal those that tortoise-tts gave for the golden file.
import { readFileSync } from 'node:fs'
import t from 'tap'
import { ClvpTokenizer } from '../../dist/lib/text/tokenizer.js'

const golden = JSON.parse(readFileSync(new URL('../golden/tortoise_texts.json', import.meta.url), 'utf8'))
const tokenizer = new ClvpTokenizer({ vocab: golden.vocab, merges: golden.merges, normalizer: 'tortoise' })

t.test('texts and ids', async (t) => {
  t.ok(golden.texts.length >= 400)
  for (const { text, normalized, ids } of golden.texts) {
    t.equal(tokenizer.encodeWithOffsets(text).normalized, normalized)
    t.strictSame(Array.from(tokenizer.encode(text)), ids, JSON.stringify(text))
  }
})

t.test('what fails in the reference has an answer', async (t) => {
  const { normalized } = tokenizer.encodeWithOffsets(`$,5 or ${'9'.repeat(40)}`)
  t.equal(normalized, 'five dollars or number out of range')
})

t.test('what has no spelling is dropped and reported', async (t) => {
  const { normalized, dropped, changes } = tokenizer.encodeWithOffsets('Café 👍 – 5 ∑')
  t.equal(normalized, 'cafe - five ')
  t.strictSame(dropped, [
    { text: '👍', index: 5 },
    { text: '∑', index: 12 },
  ])
  t.strictSame(changes, [
    { from: 'é', to: 'e', index: 3 },
    { from: '–', to: '-', index: 8 },
    { from: '5', to: 'five', index: 10 },
  ])
})
