// The options of speak() about the parts of a long text: defaults and wrong values.
import t from 'tap'
import { readOptions } from '../../dist/lib/base/options.js'
import { defaultGates } from '../../dist/lib/speech/gates.js'
import { partTable } from '../../dist/lib/speech/part_options.js'

const read = (options) => readOptions(partTable, options, 'options')
const refused = (t, options, message) =>
  t.throws(() => read(options), { code: 'CLVP_INVALID_ARGUMENT', message })

t.test('defaults', async (t) => {
  t.strictSame(read(undefined), {
    split: {},
    pauses: undefined,
    gates: defaultGates,
    retries: 2,
    brackets: 'refuse',
    partsFolder: undefined,
  })
})

t.test('split takes the options of splitText() and copies them', async (t) => {
  const split = { mode: 'tortoise', max: 250 }
  const { split: copy } = read({ split })
  split.max = 0
  t.strictSame(copy, { mode: 'tortoise', max: 250 })
  refused(t, { split: 'tortoise' }, /an object for split/)
  refused(t, { split: { max: 0 } }, /integer from 1 to 10000 for max/)
  refused(t, { split: { mode: 'tortoise', fits: () => true } }, /no fits with mode 'tortoise'/)
})

t.test('gates, retries, brackets', async (t) => {
  t.strictSame(Object.values(read({ gates: false }).gates), Array(6).fill(false))
  t.equal(read({ gates: { silence: 3 } }).gates.silence, 3)
  t.equal(read({ retries: 0 }).retries, 0)
  for (const wrong of [-1, 101, 1.5, '2']) refused(t, { retries: wrong }, /integer from 0 to 100 for retries/)
  refused(t, { brackets: true }, /'refuse', 'read' for brackets/)
})
