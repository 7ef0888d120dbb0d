// Everything outside ASCII is lost, and lost alone.
import t from 'tap'
import { TextReader } from '../../dist/lib/text/reading/reading.js'
import { normalizeEnglish } from '../../dist/lib/text/reading/reference_rules.js'

t.test('drops what is not ASCII and joins what is left', async (t) => {
  t.equal(normalizeEnglish('Naïve Café'), 'nave caf')
  t.equal(normalizeEnglish('don’t — “do”'), 'dont do')
  t.equal(normalizeEnglish('１２ ٣ x² 👍🏽!'), ' x !')
  t.equal(normalizeEnglish('1\u00a0000'), 'one thousand')
  t.equal(normalizeEnglish('漢字'), '')
})

t.test('drops lone surrogates as it drops whole characters', async (t) => {
  t.equal(normalizeEnglish('a\ud800b'), 'ab')
  t.equal(normalizeEnglish('\udc00\ud800'), '')
  t.equal(normalizeEnglish('1\ude002'), 'twelve')
})

t.test('keeps every ASCII character but white space, digits, capitals and double quotes', async (t) => {
  for (let code = 0; code < 128; code++) {
    const character = String.fromCharCode(code)
    if (/[\s0-9A-Z"]/.test(character) || (code >= 0x1c && code <= 0x1f)) continue
    t.equal(normalizeEnglish(`a${character}b`), `a${character}b`, `character ${code}`)
  }
})

t.test('lists the stretches that are lost', async (t) => {
  const reader = new TextReader('transformers', new Set())
  t.same(reader.read('plain').dropped, [])
  t.same(reader.read('é👍a\ud800b—').dropped, [
    { text: 'é👍', index: 0 },
    { text: '\ud800', index: 4 },
    { text: '—', index: 6 },
  ])
})

t.test('wants a string', async (t) => {
  for (const value of [undefined, null, 5, ['a'], new String('a')]) {
    t.throws(() => normalizeEnglish(value), { code: 'CLVP_INVALID_ARGUMENT', message: /a string for text/ })
  }
})
