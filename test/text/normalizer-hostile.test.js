// Texts made to slow down patterns like the normaliser's take no longer than others.
import t from 'tap'
import { normalizeEnglish } from '../../dist/lib/text/reading/reference_rules.js'

const LENGTH = 1_000_000
// What goes quadratic takes minutes at this length; what does not, a few hundred milliseconds at most.
const MOST_MILLISECONDS = 5000

const UNITS = {
  digits: '1',
  zeros: '0',
  'commas and digits': '1,',
  points: '.',
  'points and digits': '1.',
  dollars: '$',
  'dollars and points': '$.',
  'amounts of odd form': '$1.,',
  abbreviations: 'mr.',
  'almost ordinals': '1s',
  quotes: '"',
  'blanks between quotes': '" ',
  'white space': '\x1c\n',
  letters: 'a',
  'characters that are lost': 'é',
}

for (const [name, unit] of Object.entries(UNITS)) {
  t.test(name, async (t) => {
    const started = performance.now()
    normalizeEnglish(unit.repeat(LENGTH / unit.length))
    t.ok(performance.now() - started < MOST_MILLISECONDS)
  })
}

t.test('one digit or sign before a long run', async (t) => {
  const started = performance.now()
  t.equal(normalizeEnglish(`11${','.repeat(LENGTH)}`), `eleven${','.repeat(LENGTH)}`)
  t.equal(normalizeEnglish(`$${'.'.repeat(LENGTH)}`), `$${'.'.repeat(LENGTH)}`)
  t.equal(normalizeEnglish(`$${'9'.repeat(LENGTH)}`), 'number out of range dollars')
  t.equal(normalizeEnglish(`${'9'.repeat(LENGTH)}nd`), 'number out of rangeth')
  t.ok(performance.now() - started < MOST_MILLISECONDS)
})
