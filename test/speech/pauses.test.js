// The pause after each part of a long text, from where it ends and its punctuation.
import t from 'tap'
import { pauseAfter, pausesBetween, pausesKind } from '../../dist/lib/speech/pauses.js'
import { splitText } from '../../dist/lib/text/split.js'

const parts = splitText('A first one here.\n\nThen "what?!" Or... not; well: so — and, then more words', {
  desired: 1,
  max: 8,
  shortest: 0,
})

t.test('longer after what is larger', async (t) => {
  const after = (boundary, ending) => pauseAfter({ boundary, ending })
  const pauses = [
    after('paragraph', '.'),
    after('sentence', '...'),
    after('sentence', '.'),
    after('clause', ';'),
    after('clause', '—'),
    after('clause', ','),
    after('word', ''),
  ]
  t.strictSame(
    pauses,
    pauses.toSorted((a, b) => b - a),
  )
  t.equal(new Set(pauses).size, pauses.length)
  t.strictSame([after('sentence', '?!'), after('sentence', '。')], [0.5, 0.5])
  t.strictSame([after('clause', ':'), after('clause', '--'), after('word', '-')], [0.35, 0.3, 0.3])
  t.equal(after('sentence', '…'), after('sentence', '...'))
  t.equal(after('paragraph', ''), after('paragraph', '!'))
})

t.test('one between two parts', async (t) => {
  const pauses = pausesBetween(parts)
  t.equal(pauses.length, parts.length - 1)
  t.strictSame(pauses, parts.slice(0, -1).map(pauseAfter))
  for (const few of [[], parts.slice(0, 1)]) t.strictSame(pausesBetween(few), [])
})

t.test('a factor', async (t) => {
  const scaled = pausesBetween(parts, pausesKind.read(0.5, 'pauses'))
  t.strictSame(
    scaled,
    pausesBetween(parts).map((pause) => pause / 2),
  )
  t.ok(pausesBetween(parts, pausesKind.read(0, 'pauses')).every((pause) => pause === 0))
})

t.test('a function gets both parts', async (t) => {
  const seen = []
  const rule = pausesKind.read((part, next) => seen.push([part, next]), 'pauses')
  t.strictSame(
    pausesBetween(parts, rule),
    parts.slice(1).map((_, i) => i + 1),
  )
  t.strictSame(
    seen,
    parts.slice(1).map((next, i) => [parts[i], next]),
  )
})

t.test('wrong values', async (t) => {
  const refused = { code: 'CLVP_INVALID_ARGUMENT' }
  for (const wrong of [-1, 10.1, NaN, Infinity, '1', null, {}, true]) {
    t.throws(() => pausesKind.read(wrong, 'pauses'), {
      ...refused,
      message: /0 to 10 or a function for pauses/,
    })
  }
  for (const wrong of [-1, 61, NaN, undefined, '1']) {
    const rule = pausesKind.read(() => wrong, 'pauses')
    t.throws(() => pausesBetween(parts, rule), { ...refused, message: /returns 0 to 60 seconds for pauses/ })
  }
})
