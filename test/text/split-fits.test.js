// `fits` limits parts beside their length, as the model's tokens do.
import t from 'tap'
import { splitText } from '../../dist/lib/text/split.js'

/** A number takes as much room as its words. */
const fits = (part) => part.replace(/\d/g, 'digits ').length <= 60

t.test('no part that does not fit, where it can be helped', async (t) => {
  const text = 'It costs 1,234,567 dollars, not 7,654,321. Call 555-1234 now. That is all. '.repeat(10)
  const parts = splitText(text, { fits })
  for (const part of parts) t.ok(fits(part.text), part.text)
  t.equal(parts.map((part) => part.text).join(' '), text.trim())
})

t.test('as many sentences as fit', async (t) => {
  for (const [most, each] of [
    [100, 98],
    [98, 98],
    [97, 87],
    [31, 21],
  ]) {
    const parts = splitText('Aaaa bbbb. '.repeat(54), { desired: 300, fits: (part) => part.length <= most })
    t.ok(parts.slice(0, -1).every(({ text }) => text.length === each))
    t.ok(parts.at(-1).text.length <= each)
  }
})

t.test('a sentence that fits is not split', async (t) => {
  t.equal(splitText('This sentence of some words would fit well.', { fits }).length, 1)
})

t.test('it is asked about parts as they are spoken', async (t) => {
  splitText('One\n  two. Three.', { fits: (part) => t.notMatch(part, /\s\s|\n|^\s|\s$/) })
})

t.test('where nothing fits, every character is a part', async (t) => {
  const parts = splitText('ab. c 😀', { shortest: 0, fits: () => false })
  t.strictSame(
    parts.map((part) => part.text),
    ['a', 'b', '.', 'c', '😀'],
  )
})

t.test('it is asked a number of times in proportion to the length', async (t) => {
  let calls = 0
  const count = (length) => {
    calls = 0
    splitText('Some words, and more of them. '.repeat(length), {
      fits: (part) => {
        calls++
        return part.length <= 100
      },
    })
    return calls
  }
  const once = count(100)
  t.ok(count(1000) < 11 * once)
})

t.test('its errors and other answers', async (t) => {
  const broken = () => {
    throw new TypeError('mine')
  }
  t.throws(() => splitText('Hello.', { fits: broken }), { name: 'TypeError', message: 'mine' })
  for (const answer of [undefined, 1, 'yes', Promise.resolve(true)]) {
    t.throws(() => splitText('Hello.', { fits: () => answer }), {
      code: 'CLVP_INVALID_ARGUMENT',
      message: /a boolean for fits/,
    })
  }
})
