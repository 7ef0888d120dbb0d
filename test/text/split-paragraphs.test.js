// Paragraphs end at empty lines; a line break alone is white space.
import t from 'tap'
import { splitText } from '../../dist/lib/text/split.js'

const split = (text, options) => splitText(text, options).map((part) => part.text)
const long = 'This sentence is long enough to be spoken alone.'

t.test('empty lines of every system', async (t) => {
  for (const gap of ['\n\n', '\r\n\r\n', '\r\r', '\n \t\n', '\n\n\n\n', '\r\n \r\n', '\u2029', '\f']) {
    const parts = splitText(`${long}${gap}${long}`)
    t.strictSame(
      parts.map(({ text, boundary }) => [text, boundary]),
      [
        [long, 'paragraph'],
        [long, 'paragraph'],
      ],
      encodeURIComponent(gap),
    )
  }
})

t.test('a line break', async (t) => {
  for (const gap of ['\n', '\r\n', '\r', '\t', '\u00a0', '\u2028'])
    t.strictSame(split(`${long}${gap}${long}`), [`${long} ${long}`], encodeURIComponent(gap))
})

t.test('a heading stays alone, however short it is', async (t) => {
  t.strictSame(split(`One\n\n${long}\n\nTwo\n\n${long}`), ['One', long, 'Two', long])
})

t.test('a short paragraph of whole sentences joins its neighbour', async (t) => {
  t.strictSame(split(`${long}\n\n“No.”\n\n${long}`), [`${long} “No.”`, long])
  t.strictSame(split('“No.”\n\n“Yes.”\n\n“Why?”\n\n“Because.”'), ['“No.” “Yes.” “Why?” “Because.”'])
  t.strictSame(split(`“No.”\n\n${long}`), [`“No.” ${long}`])
  t.strictSame(split(`${long}\n\n“No.”`, { shortest: 0 }), [long, '“No.”'])
})

t.test('a paragraph without words joins its neighbour', async (t) => {
  t.strictSame(split(`${long}\n\n* * *\n\n${long}`), [`${long} * * *`, long])
  t.strictSame(split(`* * *\n\n${long}\n\n---`), [`* * * ${long} ---`])
  t.strictSame(split('* * *\n\n😀'), ['* * * 😀'])
})

t.test('nothing', async (t) => {
  for (const text of ['', ' ', '\n\n', '\u00a0']) t.strictSame(split(text), [], JSON.stringify(text))
})
