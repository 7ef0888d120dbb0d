// Texts of any shape take time in proportion to their length.
import t from 'tap'
import { splitText } from '../../dist/lib/text/split.js'

const LENGTH = 60_000
const UNITS = [
  ...[
    'A sentence of some words, and more of them; it ends here. ',
    'word ',
    'x',
    '.',
    '. ',
    '...',
    '! ',
    '"',
    '" ',
    '. "',
    'a. ',
    'a.b ',
  ],
  ...[
    'Mr. ',
    '\n',
    '\n\n',
    'a\n\n',
    '\n ',
    '\r\n',
    '\r',
    ', ',
    '-',
    '--',
    '- ',
    '(',
    '((a. ',
    '. ((',
    '/',
    '; ',
    ' ',
    '\t',
    '_ ',
    '")',
  ],
  ...[
    '😀',
    'e\u0301',
    '\u0301',
    '\u200d',
    '\u00a0',
    'a\u00a0',
    '漢',
    '漢。',
    '🇩🇪',
    '👩‍👩‍👧‍👦',
    '\ud800',
    '1. ',
    'A. ',
    'and ',
  ],
  ...['* * *\n\n', 'No.\n\n', 'a\n\n* * *\n\n', 'Yes. ', 'x'.repeat(299), `${'x'.repeat(301)} `],
]

for (const mode of ['sentences', 'tortoise']) {
  t.test(mode, async (t) => {
    for (const unit of UNITS) {
      const text = unit.repeat(LENGTH / unit.length)
      const parts = splitText(text, { mode })
      t.ok(parts.every((part) => Array.from(part.text).length <= 300))
    }
  })
}

for (const unit of [UNITS[0], 'x', '. "', 'a\n\n', 'No.\n\n', '* * *\n\n', '漢。']) {
  t.test(`four times the length takes about four times as long: ${JSON.stringify(unit)}`, async (t) => {
    const text = unit.repeat((4 * LENGTH) / unit.length)
    const time = (length) => {
      const start = performance.now()
      splitText(text.slice(0, length))
      return performance.now() - start
    }
    const least = (length) => Math.min(...[0, 1, 2].map(() => time(length)))
    const [short, long] = [least(LENGTH), least(4 * LENGTH)]
    t.ok(long < 10 * short, `${short} and ${long} ms; quadratic would be 16 times`)
  })
}

t.test('a library is refused', async (t) => {
  t.throws(() => splitText('x'.repeat(10_000_001)), {
    code: 'CLVP_INVALID_ARGUMENT',
    message: /at most 10000000 characters.*10000001/,
  })
})
