// A sentence that does not fit is cut at the best place.
import t from 'tap'
import { splitText } from '../../dist/lib/text/split.js'

const split = (text, max, options) =>
  splitText(text, { desired: max, max, shortest: 0, ...options }).map(({ text, boundary, ending }) => [
    text,
    boundary,
    ending,
  ])
const texts = (text, max, options) => split(text, max, options).map(([part]) => part)

t.test('from the best place to the worst', async (t) => {
  t.strictSame(split('aaaa bbbb, cccc; dddd eeee ffff', 24), [
    ['aaaa bbbb, cccc;', 'clause', ';'],
    ['dddd eeee ffff', 'paragraph', ''],
  ])
  t.strictSame(split('aaaa bbbb, cccc dddd eeee', 20), [
    ['aaaa bbbb,', 'clause', ','],
    ['cccc dddd eeee', 'paragraph', ''],
  ])
  t.strictSame(split('aaaa bbbb and cccc dddd', 20), [
    ['aaaa bbbb', 'clause', ''],
    ['and cccc dddd', 'paragraph', ''],
  ])
  t.strictSame(split('aaaa bbbb cccc dddd', 14), [
    ['aaaa bbbb', 'word', ''],
    ['cccc dddd', 'paragraph', ''],
  ])
  t.strictSame(split('aaaa-bbbb', 7), [
    ['aaaa-', 'word', '-'],
    ['bbbb', 'paragraph', ''],
  ])
  t.strictSame(split('aaaabbbb', 5), [
    ['aaaab', 'word', ''],
    ['bbb', 'paragraph', ''],
  ])
})

t.test('dashes, brackets and wide commas', async (t) => {
  for (const text of [
    'aaaa bbbb— cccc dddd',
    'aaaa bbbb -- cccc dddd',
    'aaaa bbbb - cccc dddd',
    'aaaa bbbb) cccc dddd',
    'aaaa bbbb— cccc dddd',
  ]) {
    t.strictSame(split(text, 16)[1].slice(0, 2), ['cccc dddd', 'paragraph'], text)
  }
  t.strictSame(texts('aaaa bbbb (cccc dddd', 16), ['aaaa bbbb', '(cccc dddd'])
  t.strictSame(texts('aaaa—bbbb', 7), ['aaaa—', 'bbbb'])
  t.strictSame(texts('漢字漢字、かなかな', 7), ['漢字漢字、', 'かなかな'])
})

t.test('before a likely end of a sentence, not behind an abbreviation', async (t) => {
  t.strictSame(texts('he said no. then, he left now', 24), ['he said no.', 'then, he left now'])
  t.strictSame(texts('we all saw old Mr. Smith go', 20), ['we all saw old', 'Mr. Smith go'])
  t.strictSame(texts('aaa 1000\u00a0km bbb', 12), ['aaa 1000 km', 'bbb'])
})

t.test('parts are about equally long, and the last is not too short', async (t) => {
  const parts = texts(`${'word '.repeat(61)}end`, 300)
  t.ok(parts.length === 2 && Math.abs(parts[0].length - parts[1].length) < 6)
  for (const length of [305, 310, 320, 599, 605, 901]) {
    const lengths = splitText('word '.repeat(length).slice(0, length).trim()).map((part) => part.text.length)
    t.ok(Math.min(...lengths) >= 20 && Math.max(...lengths) <= 300, `${length}: ${lengths}`)
  }
})

t.test('a word that fits stays whole', async (t) => {
  t.strictSame(texts(`a few ${'x'.repeat(20)} more`, 20), ['a few', 'x'.repeat(20), 'more'])
})

t.test('graphemes stay whole, unless one is too long by itself', async (t) => {
  t.strictSame(texts('👩‍👩‍👧‍👦'.repeat(3), 16), ['👩‍👩‍👧‍👦'.repeat(2), '👩‍👩‍👧‍👦'])
  t.strictSame(texts('e\u0301'.repeat(5), 5), ['e\u0301e\u0301', 'e\u0301e\u0301', 'e\u0301'])
  const tower = `a${'\u0301'.repeat(25)}`
  t.strictSame(
    texts(tower, 10).map((part) => part.length),
    [10, 10, 6],
  )
  t.strictSame(texts('😀'.repeat(5), 1), Array(5).fill('😀'))
})
