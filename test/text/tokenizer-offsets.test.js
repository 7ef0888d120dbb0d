// Each token of an encoding says where it lies in the normalised text; what was lost is listed.
import { readFileSync } from 'node:fs'
import t from 'tap'
import { ClvpTokenizer } from '../../dist/lib/text/tokenizer.js'

const golden = JSON.parse(readFileSync(new URL('../golden/tokenizer.json', import.meta.url), 'utf8'))
const tokenizer = new ClvpTokenizer({ vocab: golden.vocab, merges: golden.merges })

t.test('an example', async (t) => {
  t.strictSame(tokenizer.encodeWithOffsets('Thé %'), {
    normalized: 'th %',
    tokens: [
      { id: golden.vocab.th, text: 'th', start: 0, end: 2 },
      { id: 2, text: '[SPACE]', start: 2, end: 3 },
      { id: 1, text: '%', start: 3, end: 4 },
    ],
    changes: [],
    dropped: [{ text: 'é', index: 2 }],
  })
})

t.test('tokens cover the text without gaps and agree with encode and tokenize', async (t) => {
  for (const { text } of golden.texts) {
    const { normalized, tokens } = tokenizer.encodeWithOffsets(text)
    let at = 0
    for (const token of tokens) {
      if (token.start !== at || token.end <= at) t.fail(`a gap in ${JSON.stringify(text)}`)
      at = token.end
      const piece = normalized.slice(token.start, token.end)
      // Blanks and control characters are written otherwise in tokens.
      if (/^[!-~]+$/.test(piece) && token.text !== piece) t.fail(`${token.text} for ${piece}`)
    }
    t.equal(at, normalized.length)
    t.strictSame(
      Int32Array.from(tokens, (token) => token.id),
      tokenizer.encode(text),
    )
    t.strictSame(
      tokens.map((token) => token.text),
      tokenizer.tokenize(text),
    )
  }
})
