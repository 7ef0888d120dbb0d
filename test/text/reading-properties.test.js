// What holds for every text: only characters of the vocabulary, no second reading, no crash, linear time.
import t from 'tap'
import { isSpeakable, normalizerNames, TextReader } from '../../dist/lib/text/reading/reading.js'
import { makeRandom, makeTexts } from '../../scripts/parity/texts.mjs'
import { makeTortoiseTexts } from '../../scripts/parity/tortoise_text.mjs'

const LETTERS = "!'(),-./:;?abcdefghijklmnopqrstuvwxyz"
const SPOKEN = /^[ !'(),\-./:;?a-z]*$/
const reader = new TextReader('english', new Set(LETTERS))

/** Strings of pieces that rules look for, in any order, so that rules meet. */
const PIECES = [
  ...'0123456789.,:;-–—/$£€%°\'"()&@#+=~*_<>²½№ xXsSmMpPaAkIVX \u00a0é👍漢\u0301\u200d\ud800',
  ...[
    'St.',
    'Dr.',
    'No.',
    'etc.',
    'e.g.',
    'U.S.',
    'a.m',
    'p.m.',
    'pm',
    'km',
    'km/h',
    'GB',
    'May',
    'Jan.',
    'st',
    'th',
    '1990',
    "'90",
  ],
  ...[
    '10-20',
    '1/2',
    '5/5/21',
    '3:30',
    '555-1234',
    'FBI',
    'NASA',
    'Henry VIII',
    'Chapter',
    'example.com',
    'http://',
    '1,000',
    'million',
    'w/',
  ],
]

function hybrids(count, seed) {
  const random = makeRandom(seed)
  const pick = () => PIECES[Math.floor(random() * PIECES.length)]
  return Array.from({ length: count }, () =>
    Array.from({ length: 1 + Math.floor(random() * 14) }, pick).join(''),
  )
}

const texts = [...makeTexts(1500, 5, 400), ...makeTortoiseTexts(600, 6), ...hybrids(6000, 7)]

t.test('English: spoken characters alone, and a reading is read as it stands', async (t) => {
  for (const text of texts) {
    const spoken = reader.normalize(text)
    if (!SPOKEN.test(spoken)) t.fail(`${JSON.stringify(text)} gave ${JSON.stringify(spoken)}`)
    const again = reader.normalize(spoken)
    if (again !== spoken)
      t.fail(`${JSON.stringify(text)}: ${JSON.stringify(spoken)}, then ${JSON.stringify(again)}`)
  }
  t.pass(`${texts.length} texts`)
})

for (const normalizer of [...normalizerNames, (text) => text.replaceAll('a', 'bb')]) {
  t.test(`${normalizer}: changes and dropped parts are parts of the text`, async (t) => {
    const each = new TextReader(normalizer, new Set(`${LETTERS}äöü`))
    for (const text of texts) {
      const { text: spoken, changes, dropped } = each.read(text)
      if (spoken !== each.normalize(text)) t.fail(`${JSON.stringify(text)}: ${spoken}`)
      let end = 0
      for (const { from, to, index } of changes) {
        if (index < end || from === to || text.slice(index, index + from.length) !== from)
          t.fail(`${from} in ${text}`)
        end = index + from.length
      }
      if (dropped.some(({ text: lost, index }) => lost === '' || index > text.length))
        t.fail(`dropped in ${text}`)
    }
    t.pass()
  })
}

t.test('whether there is anything to say', async (t) => {
  for (const text of ['a', '5', 'ä', '(hello)']) t.ok(isSpeakable(text), text)
  for (const text of ['', ' ', '...', "-'!", '👍']) t.notOk(isSpeakable(text), text)
})
