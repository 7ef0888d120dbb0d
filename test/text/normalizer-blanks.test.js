// White space is what Python takes for it; quotes go last.
import t from 'tap'
import { normalizeEnglish } from '../../dist/lib/text/reading/reference_rules.js'

t.test('each kind of white space becomes one blank', async (t) => {
  for (const space of [
    ' ',
    '\t',
    '\n',
    '\v',
    '\f',
    '\r',
    '\x1c',
    '\x1d',
    '\x1e',
    '\x1f',
    '\r\n',
    '  \t \n',
  ]) {
    t.equal(normalizeEnglish(`a${space}b`), 'a b', JSON.stringify(space))
  }
})

t.test('blanks at the ends stay', async (t) => {
  t.equal(normalizeEnglish('  a\n'), ' a ')
  t.equal(normalizeEnglish(' \t'), ' ')
  t.equal(normalizeEnglish(''), '')
})

t.test('white space outside ASCII is lost and leaves no blank', async (t) => {
  for (const space of ['\u0085', '\u00a0', '\u2003', '\u2028', '\u3000', '\ufeff']) {
    t.equal(normalizeEnglish(`a${space}b`), 'ab', `U+${space.charCodeAt(0).toString(16)}`)
  }
})

t.test('double quotes are removed after white space was gathered', async (t) => {
  t.equal(normalizeEnglish('"Hi" \'you\''), "hi 'you'")
  t.equal(normalizeEnglish('a " b'), 'a  b')
  t.equal(normalizeEnglish('" " "'), '  ')
})
