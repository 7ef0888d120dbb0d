// A text that cannot fit is refused before it is normalised, and none that fits is.
import { readFileSync } from 'node:fs'
import t from 'tap'
import { Clvp } from '../../dist/lib/index.js'
import { normalizeEnglish } from '../../dist/lib/text/reading/reference_rules.js'
import { spokenAtLeast } from '../../dist/lib/text/text_length.js'
import { ClvpTokenizer } from '../../dist/lib/text/tokenizer.js'
import { makeRandom } from '../../scripts/parity/texts.mjs'
import { tinyFile } from '../helpers/model.js'

const golden = JSON.parse(readFileSync(new URL('../golden/tokenizer.json', import.meta.url), 'utf8'))
const tokenizer = new ClvpTokenizer({ vocab: golden.vocab, merges: golden.merges })
const bound = (text) => spokenAtLeast(text, Infinity)

/** What the normaliser makes more, less or nothing of. */
const pieces = [
  ...['a', 'Z', ' ', '\t\n', '"', '" "', '.', ',', '$', '£', 'é', '\u00a0', '\x01', "'", '-', 'word '],
  ...[
    '0',
    '1',
    '9',
    '00',
    '1st',
    '2nd',
    '1,000',
    ',,',
    '.5',
    '$1',
    '$0',
    '$0.00',
    '$1.50',
    '$,5',
    '$.',
    '1.2.3',
    '999999999999999999',
  ],
  ...['mr.', 'st.', 'co.', 'ft.', 'dr', '1,', ',1', '..', '1é2', '1"2', '1 2', '\ud800', 'K'],
]

t.test('never longer than what is spoken', async (t) => {
  const random = makeRandom(11)
  const pick = () => pieces[Math.floor(random() * pieces.length)]
  let shorter = 0
  for (let i = 0; i < 200_000; i++) {
    const text = Array.from({ length: 1 + Math.floor(random() * 8) }, pick).join('')
    const spoken = normalizeEnglish(text)
    if (bound(text) > spoken.length) t.fail(`${JSON.stringify(text)}: ${bound(text)} > ${spoken.length}`)
    if (bound(text) < spoken.length) shorter++
  }
  t.ok(shorter > 0)
})

t.test('every text of the reference', async (t) => {
  for (const { text } of golden.texts) {
    if (bound(text) > normalizeEnglish(text).length) t.fail(JSON.stringify(text))
    const { tokens } = tokenizer.encodeUpTo(text, 1e6)
    t.strictSame(
      Int32Array.from(tokens, ({ id }) => id),
      tokenizer.encode(text),
    )
  }
})

t.test('exact where nothing is dropped, and no further than it has to be', async (t) => {
  const text = 'the quick brown fox, and the lazy dog. '
  t.equal(bound(text), text.length)
  t.equal(spokenAtLeast(text.repeat(1000), 10), 11)
})

t.test(
  'a model whose texts are read as by transformers refuses what cannot fit, unread, and takes whatever does',
  async (t) => {
    const clvp = await Clvp.load(await tinyFile(), { threads: 1, normalizer: 'transformers' })
    t.teardown(() => clvp.dispose())
    const most = clvp.info.maxTextTokens
    const unread = {
      code: 'CLVP_INVALID_ARGUMENT',
      message: /received one of 1000000 characters, which exceed that/,
    }
    for (const piece of ['x', '1 ', 'word ', '.', ',', '. ']) {
      await t.rejects(clvp.embedText(piece.repeat(1e6 / piece.length)), unread, piece)
    }
    const counted = { code: 'CLVP_INVALID_ARGUMENT', message: `one of ${most + 1}: ` }
    await t.rejects(clvp.embedText('z'.repeat(most + 1)), counted)
    await clvp.embedText('z'.repeat(most))
    const hello = await clvp.embedText(' hello')
    for (const nothing of [' ', 'é', '"']) {
      t.same(await clvp.embedText(`${nothing.repeat(1e6)} hello`), hello, `behind a million of ${nothing}`)
    }
    await clvp.embedText('9'.repeat(1e6)) // one number, out of range
    const { tokens, remaining } = await clvp.explain('x'.repeat(1e5))
    t.equal(remaining, most - tokens.length, 'explain() tells by how much it is too long')
  },
)

t.test(
  'with other normalisers, a text of many more characters than could be spoken is refused unread',
  async (t) => {
    const clvp = await Clvp.load(await tinyFile(), { threads: 1 })
    t.teardown(() => clvp.dispose())
    const unread = {
      code: 'CLVP_INVALID_ARGUMENT',
      message: /received one of 1000006 characters, which exceed that/,
    }
    const uncalled = () => t.fail('read')
    for (const normalizer of ['english', 'tortoise', 'basic', 'none', uncalled]) {
      await t.rejects(clvp.embedText(`${' '.repeat(1e6)} hello`, { normalizer }), unread)
    }
    t.same(await clvp.embedText(`${' '.repeat(1000)} hello`), await clvp.embedText('hello'))
    await t.rejects(clvp.explain('x'.repeat(100_001)), {
      code: 'CLVP_INVALID_ARGUMENT',
      message: /100,000 characters/,
    })
  },
)
