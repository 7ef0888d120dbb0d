// Texts made to slow down patterns take time in proportion to their length, with every normaliser.
import t from 'tap'
import { TextReader } from '../../dist/lib/text/reading/reading.js'

// What is quadratic takes minutes at this length, so that the run's time limit ends it; the rest takes a fraction of a second.
const LENGTH = 200_000
const UNITS =
  "1 1, 1. 1- 1/ 1: 1( a a. a.a A A. A.A. AB a- a_ a/ a@ a@. @a. . .. - -- ' '1 / /a ~/ $ $1 $1- £1. é 漢 👍 e\u0301 \u00a0 ½ ² Mr. St. No. etc. X XI Henry Aa May May1 1am 1pm 1p.m. 555- 1x 1st 's 1's www. http:// a.com www.a ) ( \" < > = + & # ° 1° %".split(
    ' ',
  )
const LETTERS = new Set("!'(),-./:;?abcdefghijklmnopqrstuvwxyz")

t.test('tracing', async (t) => {
  const reader = new TextReader('english', LETTERS)
  for (const unit of ['1pm ', '½', 'A. ', '"', 'é ', '👍 ', 'May 1 ']) {
    const text = unit.repeat(LENGTH / 10 / unit.length)
    t.equal(reader.read(text).text, reader.normalize(text), JSON.stringify(unit))
  }
})

for (const normalizer of ['english', 'tortoise', 'basic', 'none']) {
  const reader = new TextReader(normalizer, LETTERS)
  t.test(normalizer, async (t) => {
    for (const unit of [...UNITS, 'A. ', '1 ', 'a ']) {
      const text = unit.repeat(LENGTH / unit.length)
      t.type(reader.normalize(text), 'string')
    }
  })
}
