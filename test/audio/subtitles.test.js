// Subtitles are SubRip text that players read: numbered, timed, wrapped.
import fc from 'fast-check'
import t from 'tap'
import { toSrt } from '../../dist/lib/index.js'

const wrong = { code: 'CLVP_INVALID_ARGUMENT' }

t.test('parts with their times', async (t) => {
  const srt = toSrt([
    { text: 'Good morning, Zoë.', start: 0, end: 1.2344 },
    { text: 'Hello.', start: 1.5, end: 3723.9996 },
  ])
  t.equal(
    srt,
    '1\n00:00:00,000 --> 00:00:01,234\nGood morning, Zoë.\n\n2\n00:00:01,500 --> 01:02:04,000\nHello.\n',
  )
  t.equal(toSrt([]), '')
})

t.test('long text is wrapped, and becomes several subtitles', async (t) => {
  const text = 'one two three four five six'
  t.equal(
    toSrt([{ text, start: 10, end: 20 }], { lineLength: 10 }),
    '1\n00:00:10,000 --> 00:00:16,800\none two\nthree four\n\n2\n00:00:16,800 --> 00:00:20,000\nfive six\n',
  )
})

t.test('a word longer than a line, and spaces of all kinds', async (t) => {
  const srt = toSrt([{ text: ' a\n\nb\u00a0\t c\u2028d\0 Donaudampfschifffahrt ', start: 0, end: 1 }], {
    lineLength: 12,
  })
  t.equal(srt, '1\n00:00:00,000 --> 00:00:01,000\na b c d\nDonaudampfschifffahrt\n')
})

t.test('any texts', async (t) => {
  const part = fc.record({
    text: fc.string({ minLength: 1, maxLength: 300, unit: 'grapheme' }),
    seconds: fc.double({ min: 0, max: 90, noNaN: true }),
  })
  fc.assert(
    fc.property(
      fc.array(
        part.filter(({ text }) => /[^\s\p{Cc}]/u.test(text)),
        { maxLength: 5 },
      ),
      (parts) => {
        let at = 0
        const spoken = parts.map(({ text, seconds }) => {
          const start = at
          at += seconds
          return { text, start, end: at }
        })
        const blocks = toSrt(spoken).split('\n\n').filter(Boolean)
        let last = 0
        for (const [i, block] of blocks.entries()) {
          const [number, times, ...lines] = block.trimEnd().split('\n')
          const [, ...digits] = times.match(/^(\d\d):(\d\d):(\d\d),(\d{3}) --> (\d\d):(\d\d):(\d\d),(\d{3})$/)
          const [start, end] = [digits.slice(0, 4), digits.slice(4)].map(
            ([h, m, s, ms]) => ((h * 60 + +m) * 60 + +s) * 1000 + +ms,
          )
          if (number !== String(i + 1) || start < last || end < start) return false
          last = end
          if (lines.length < 1 || lines.length > 2) return false
          if (lines.some((line) => [...line].length > 42 && line.includes(' '))) return false
        }
        const said = blocks.flatMap((block) => block.trimEnd().split('\n').slice(2)).join(' ')
        return said === parts.map(({ text }) => text.replace(/[\s\p{Cc}]+/gu, ' ').trim()).join(' ')
      },
    ),
    { numRuns: 300 },
  )
  t.pass()
})

t.test('wrong arguments', async (t) => {
  const good = { text: 'a', start: 0, end: 1 }
  for (const parts of [
    undefined,
    good,
    [5],
    [{ ...good, text: ' \n' }],
    [{ ...good, text: 5 }],
    [{ ...good, start: -1 }],
    [{ ...good, end: Number.NaN }],
    [{ ...good, start: 2 }],
    [{ ...good, end: 400_000 }],
    [{ ...good, x: 1 }],
    [{ ...good, start: 0.5 }, good],
    new Array(1),
  ])
    t.throws(() => toSrt(parts), wrong)
  for (const lineLength of [9, 201, 20.5, '42']) t.throws(() => toSrt([good], { lineLength }), wrong)
})
