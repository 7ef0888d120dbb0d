// Normalised texts, tokens, ids and decoded texts equal those which transformers gave for the golden file.
import { readFileSync } from 'node:fs'
import t from 'tap'
import { normalizeEnglish } from '../../dist/lib/text/reading/reference_rules.js'
import { ClvpTokenizer } from '../../dist/lib/text/tokenizer.js'

const golden = JSON.parse(readFileSync(new URL('../golden/tokenizer.json', import.meta.url), 'utf8'))
const tokenizer = new ClvpTokenizer({ vocab: golden.vocab, merges: golden.merges })

t.test('texts', async (t) => {
  t.ok(golden.texts.length >= 300)
  for (const { text, error, normalized, tokens, ids } of golden.texts) {
    if (error) {
      t.doesNotThrow(() => tokenizer.encode(text), `${JSON.stringify(text)}: an error there, ids here`)
      continue
    }
    t.equal(normalizeEnglish(text), normalized)
    t.strictSame(tokenizer.tokenize(text), tokens)
    t.strictSame(Array.from(tokenizer.encode(text)), ids)
  }
})

t.test('ids', async (t) => {
  for (const { ids, decoded } of golden.sequences) {
    const [plain, clean, skipped, both] = decoded
    t.equal(tokenizer.decode(ids), plain)
    t.equal(tokenizer.decode(ids, { cleanUpTokenizationSpaces: true }), clean)
    t.equal(tokenizer.decode(ids, { skipSpecialTokens: true }), skipped)
    t.equal(tokenizer.decode(ids, { skipSpecialTokens: true, cleanUpTokenizationSpaces: true }), both)
  }
})
