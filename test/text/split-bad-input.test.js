// Wrong arguments of splitText() are refused with what was expected.
import t from 'tap'
import { splitText } from '../../dist/lib/index.js'

const refused = (t, text, options, message) =>
  t.throws(() => splitText(text, options), { code: 'CLVP_INVALID_ARGUMENT', message }, String(message))

t.test('text', async (t) => {
  for (const text of [undefined, null, 1, ['a'], {}])
    refused(t, text, {}, /^Expected a string for text but received/)
})

t.test('options', async (t) => {
  refused(t, 'a', 1, /an object for options/)
  refused(t, 'a', { maximum: 1 }, /known names in options but received 'maximum'/)
  refused(t, 'a', { mode: 'words' }, /'sentences', 'tortoise' for mode/)
  for (const wrong of [0, 1.5, NaN, -1, 10_001, '5']) {
    refused(t, 'a', { desired: wrong }, /integer from 1 to 10000 for desired/)
    refused(t, 'a', { max: wrong }, /integer from 1 to 10000 for max/)
  }
  refused(t, 'a', { desired: 301, max: 300 }, /at least desired \(301\) for max but received 300/)
  refused(
    t,
    'a',
    { max: 100, shortest: 51, desired: 50 },
    /at most half of max \(50\) for shortest but received 51/,
  )
  refused(t, 'a', { fits: true }, /a function for fits/)
  refused(t, 'a', { mode: 'tortoise', shortest: 3 }, /no shortest with mode 'tortoise'/)
  refused(t, 'a', { mode: 'tortoise', fits: () => true }, /no fits with mode 'tortoise'/)
})

t.test('defaults follow from each other', async (t) => {
  t.equal(splitText('x'.repeat(500), { desired: 400 })[0].text.length, 400)
  t.equal(splitText('A b c. D e f. '.repeat(3), { desired: 8, max: 8 }).length, 6)
})
