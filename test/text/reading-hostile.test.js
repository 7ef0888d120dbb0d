// Texts made to slow down patterns take time in proportion to their length, with every normaliser.
import t from 'tap'
import { TextReader } from '../../dist/lib/text/reading/reading.js'

const LENGTH = 40_000
// What goes quadratic takes minutes at this length; what does not, a few hundred milliseconds.
const MOST_MILLISECONDS = 1000
const UNITS =
  "1 1, 1. 1- 1/ 1: 1( a a. a.a A A. A.A. AB a- a_ a/ a@ a@. @a. . .. - -- ' '1 / /a ~/ $ $1 $1- £1. é 漢 👍 e\u0301 \u00a0 ½ ² Mr. St. No. etc. X XI Henry Aa May May1 1am 1pm 1p.m. 555- 1x 1st 's 1's www. http:// a.com www.a ) ( \" < > = + & # ° 1° %".split(
    ' ',
  )
const LETTERS = new Set("!'(),-./:;?abcdefghijklmnopqrstuvwxyz")

/** The least of two times: other work on the machine makes one long. */
function timed(reader, text) {
  const started = performance.now()
  reader.normalize(text)
  return performance.now() - started
}

t.test('tracing', async (t) => {
  const reader = new TextReader('english', LETTERS)
  for (const unit of ['1pm ', '½', 'A. ', '"', 'é ', '👍 ', 'May 1 ']) {
    const text = unit.repeat(LENGTH / unit.length)
    t.equal(reader.read(text).text, reader.normalize(text), JSON.stringify(unit))
  }
})

for (const normalizer of ['english', 'tortoise', 'basic', 'none']) {
  const reader = new TextReader(normalizer, LETTERS)
  t.test(normalizer, async (t) => {
    for (const unit of [...UNITS, 'A. ', '1 ', 'a ']) {
      const text = unit.repeat(LENGTH / unit.length)
      const ok = timed(reader, text) < MOST_MILLISECONDS || timed(reader, text) < MOST_MILLISECONDS
      if (!ok) t.fail(`${JSON.stringify(unit)} again and again takes too long`)
    }
    t.pass(`${UNITS.length} texts`)
  })
}
