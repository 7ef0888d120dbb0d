// What holds for every text: nothing is lost, nothing is too long, and no part can be split again.
import fc from 'fast-check'
import t from 'tap'
import { splitText } from '../../dist/lib/text/split.js'

const RUNS = 1500
/** What tortoise drops with a part: white space as Python has it, and punctuation. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: those control characters are the point
const SPOKEN = /[^\s\x1c-\x1f\x85.,;:!?]/
const blankless = (text) => text.replace(/\s+/g, '')
const codePoints = (text) => Array.from(text).length

const PIECES = [
  ...[
    'a',
    'word',
    'Hello',
    'I',
    'Dr.',
    'e.g.',
    'U.S.',
    '3.14',
    'extraordinarily',
    'x'.repeat(70),
    'é',
    'e\u0301',
    '漢字',
    '。',
  ],
  ...['👩‍👩‍👧‍👦', '🇩🇪', '\ud83d', '\ude00', '\u200d', '\u0301', '\ufeff', '\u00ad', '\0', '\u2029'],
  ...[' ', ' ', ' ', '  ', '\n', '\n\n', '\r\n', '\r', '\t', '\u00a0'],
  ...[
    '.',
    '. ',
    '! ',
    '? ',
    '...',
    '…',
    ', ',
    '; ',
    ': ',
    '—',
    ' -- ',
    ' - ',
    '"',
    '”',
    '“',
    '(',
    ')',
    '* * *',
    ' and ',
  ],
]
const hostile = fc.oneof(
  fc.array(fc.constantFrom(...PIECES), { maxLength: 120 }).map((pieces) => pieces.join('')),
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.string({ unit: 'grapheme', maxLength: 200 }),
)
const limits = fc
  .record({
    desired: fc.integer({ min: 1, max: 60 }),
    more: fc.integer({ min: 0, max: 60 }),
    share: fc.double({ min: 0, max: 0.5, noNaN: true }),
  })
  .map(({ desired, more, share }) => ({
    desired,
    max: desired + more,
    shortest: Math.floor((desired + more) * share),
  }))

t.test(
  'any text: every character but white space is in one part, in order, and no part is too long',
  async (t) => {
    fc.assert(
      fc.property(hostile, limits, (text, options) => {
        const parts = splitText(text, options)
        let end = 0
        for (const part of parts) {
          if (part.start < end || part.end <= part.start || /\S/.test(text.slice(end, part.start)))
            return false
          end = part.end
          if (part.text !== text.slice(part.start, part.end).replace(/\s+/g, ' ')) return false
          if (part.text !== part.text.trim() || codePoints(part.text) > options.max) return false
          if (text.isWellFormed() && !part.text.isWellFormed()) return false
        }
        return blankless(parts.map((part) => part.text).join('')) === blankless(text)
      }),
      { numRuns: RUNS },
    )
    t.pass()
  },
)

t.test(
  'any text as tortoise splits it: parts are in order, and nothing but punctuation is between them',
  async (t) => {
    fc.assert(
      fc.property(hostile, limits, (text, { desired, max }) => {
        let end = 0
        for (const part of splitText(text, { mode: 'tortoise', desired, max })) {
          if (part.start < end || part.end <= part.start || SPOKEN.test(text.slice(end, part.start)))
            return false
          end = part.end
        }
        return !SPOKEN.test(text.slice(end))
      }),
      { numRuns: RUNS },
    )
    t.pass()
  },
)

const words = fc.array(
  fc.constantFrom('the', 'cat', 'sat', 'there', 'quietly', 'on', 'Anna', 'mat', 'and', 'big'),
  { minLength: 1, maxLength: 12 },
)
const sentence = fc
  .record({ words, mark: fc.constantFrom('.', '!', '?', '...', '?!'), quoted: fc.boolean() })
  .map(({ words, mark, quoted }) => {
    const body = `Z${words.join(' ')}${mark}`
    return quoted ? `“${body}”` : body
  })
const paragraphs = fc.array(fc.array(sentence, { minLength: 1, maxLength: 8 }), {
  minLength: 1,
  maxLength: 5,
})

t.test('sentences that fit stay whole, and parts are not too short where a neighbour has room', async (t) => {
  fc.assert(
    fc.property(paragraphs, fc.integer({ min: 40, max: 200 }), (list, desired) => {
      const text = list.map((sentences) => sentences.join(' ')).join('\n\n')
      const max = desired + 100
      const parts = splitText(text, { desired, max })
      const whole = parts.every((part, i) => {
        const next = parts[i + 1]
        const isShort = codePoints(part.text) < 20 || (next && codePoints(next.text) < 20)
        const fitsNext =
          next && part.boundary === 'sentence' && codePoints(part.text) + 1 + codePoints(next.text) <= max
        return part.boundary !== 'clause' && part.boundary !== 'word' && !(isShort && fitsNext)
      })
      const sentences = list.flat()
      let rest = sentences.join(' ')
      for (const part of parts) {
        if (!rest.startsWith(part.text)) return false
        rest = rest.slice(part.text.length).trimStart()
        if (!/[.!?]”?$/.test(part.text)) return false
      }
      return whole && rest === ''
    }),
    { numRuns: RUNS },
  )
  t.pass()
})

t.test('a part is one part', async (t) => {
  fc.assert(
    fc.property(paragraphs, limits, fc.integer({ min: 3, max: 200 }), (list, options, most) => {
      const text = list.map((sentences) => sentences.join(' ')).join('\n\n')
      const all = { ...options, fits: (part) => part.length <= most }
      return splitText(text, all).every((part) => {
        const again = splitText(part.text, all)
        return again.length === 1 && again[0].text === part.text
      })
    }),
    { numRuns: RUNS },
  )
  t.pass()
})

t.test('graphemes that fit stay whole', async (t) => {
  const graphemes = ['a', 'é', 'e\u0301', '👩‍👩‍👧‍👦', '🇩🇪', '漢', 'क्षि', ' ', '.', ',']
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom(...graphemes), { maxLength: 80 }),
      fc.integer({ min: 8, max: 40 }),
      (list, max) => {
        const text = list.join('')
        const segments = new Intl.Segmenter('en', { granularity: 'grapheme' }).segment(text)
        const starts = new Set(Array.from(segments, ({ index }) => index)).add(text.length)
        return splitText(text, { desired: max, max }).every(
          (part) => starts.has(part.start) && starts.has(part.end),
        )
      },
    ),
    { numRuns: RUNS },
  )
  t.pass()
})
