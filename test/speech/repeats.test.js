// Stretches of codes that repeat what is before them.
import t from 'tap'
import { longestRepeat } from '../../dist/lib/speech/repeats.js'

const SILENCE = 83

t.test('the longest one and its period', async (t) => {
  t.strictSame(longestRepeat([1, 2, 3, 4]), { length: 0, period: 0 })
  t.strictSame(longestRepeat([1, 1, 1, 1, 2]), { length: 3, period: 1 })
  t.strictSame(longestRepeat([9, 1, 2, 1, 2, 1, 2, 9]), { length: 4, period: 2 })
  t.strictSame(longestRepeat([5, 5, 0, 1, 2, 3, 1, 2, 3, 7]), { length: 3, period: 3 })
  t.strictSame(longestRepeat(Int32Array.of(4, 4)), { length: 1, period: 1 })
  for (const codes of [[], [1]]) t.strictSame(longestRepeat(codes), { length: 0, period: 0 })
})

t.test('silence is no repetition, and ends none', async (t) => {
  t.equal(longestRepeat(Array(50).fill(SILENCE), SILENCE).length, 0)
  t.equal(longestRepeat(Array(50).fill(SILENCE)).length, 49)
  const loop = [1, 2, SILENCE, SILENCE]
  t.strictSame(longestRepeat([...loop, ...loop, ...loop], SILENCE), { length: 4, period: 4 })
})

t.test('a phrase of three seconds', async (t) => {
  const phrase = Array.from({ length: 64 }, (_, i) => i)
  t.strictSame(longestRepeat([...phrase, ...phrase]), { length: 64, period: 64 })
  t.equal(longestRepeat([...phrase, 64, ...phrase, 64]).length, 0, 'a longer one is not looked for')
})
