// Mode 'tortoise' gives the parts that tortoise-tts gave for the golden file.
import { readFileSync } from 'node:fs'
import t from 'tap'
import { splitText } from '../../dist/lib/text/split.js'

const golden = JSON.parse(readFileSync(new URL('../golden/split.json', import.meta.url), 'utf8'))

t.test('the parts of the golden file', async (t) => {
  t.ok(golden.cases.length >= 150)
  for (const { text, desired, max, parts } of golden.cases) {
    const ours = splitText(text, { mode: 'tortoise', desired, max })
    t.strictSame(
      ours.map((part) => part.text),
      parts,
      JSON.stringify({ text: text.slice(0, 60), desired, max }),
    )
  }
})

t.test('offsets are those of the original text, in UTF-16 units', async (t) => {
  const text = '  “Hi  there,”\n\nhe said 😀.  \r\n Then...'
  const parts = splitText(text, { mode: 'tortoise', desired: 10, max: 40 })
  t.strictSame(parts, [
    { text: '"Hi there," he said 😀.', start: 2, end: 27, boundary: 'sentence', ending: '.' },
    { text: 'Then...', start: 32, end: 39, boundary: 'paragraph', ending: '...' },
  ])
})

t.test('what a part ends with', async (t) => {
  const ends = (text, options) =>
    splitText(text, { mode: 'tortoise', desired: 5, max: 12, ...options }).map(({ boundary, ending }) => [
      boundary,
      ending,
    ])
  t.strictSame(ends('Hello you.\n\nHello me.'), [
    ['paragraph', '.'],
    ['paragraph', '.'],
  ])
  t.strictSame(ends('Hello you?! Hello me.')[0], ['sentence', '?!'])
  t.strictSame(ends('Some words, more words')[0], ['clause', ','])
  t.strictSame(ends('wordwordwordword word')[0], ['word', ''])
})
