// Sentences are joined up to the desired length, and none is left over that is too short to rank.
import t from 'tap'
import { splitText } from '../../dist/lib/text/split.js'

const lengths = (text, options) => splitText(text, options).map((part) => part.text.length)
/** A sentence of so many characters. */
const sentence = (length) =>
  `${'Word '
    .repeat(length)
    .slice(0, length - 2)
    .trimEnd()
    .padEnd(length - 1, 's')}.`

t.test('up to the desired length', async (t) => {
  t.strictSame(lengths([90, 90, 90].map(sentence).join(' ')), [181, 90])
  t.strictSame(lengths([90, 90, 90].map(sentence).join(' '), { desired: 300 }), [272])
  t.strictSame(lengths([90, 90, 90].map(sentence).join(' '), { desired: 90 }), [90, 90, 90])
})

t.test('a sentence between desired and max stays whole and alone', async (t) => {
  t.strictSame(lengths([50, 280, 50].map(sentence).join(' ')), [50, 280, 50])
})

t.test('a short sentence at the end joins the part before it', async (t) => {
  t.strictSame(lengths([199, 10].map(sentence).join(' ')), [210])
  t.strictSame(lengths([280, 10].map(sentence).join(' ')), [291])
  t.strictSame(lengths([295, 10].map(sentence).join(' ')), [295, 10], 'it does not fit')
  t.strictSame(lengths([199, 10].map(sentence).join(' '), { shortest: 10 }), [199, 10])
})

t.test('a short sentence at the start joins the part behind it', async (t) => {
  t.strictSame(lengths([10, 280].map(sentence).join(' ')), [291])
})

t.test('lengths are code points, and white space counts once', async (t) => {
  const emoji = `${'😀'.repeat(28)}.`
  t.equal(splitText(`A${emoji} B${emoji}`, { desired: 61, max: 61 }).length, 1)
  t.equal(splitText(`A${emoji} B${emoji}`, { desired: 60, max: 60 }).length, 2)
  t.equal(
    splitText(`${sentence(30)}${' '.repeat(100)}\n\t${sentence(30)}`, { desired: 61 })[0].text.length,
    61,
  )
})
