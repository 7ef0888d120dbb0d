// Windows: where they lie, to the sample, and who gets how many.
import t from 'tap'
import { randomWindow, shareWindows, spreadWindows } from '../../dist/lib/audio/windows.js'

t.test('positions', async (t) => {
  const starts = (span, window, count) =>
    spreadWindows(span, window, count).map(({ start, end }) => [start, end])
  t.same(starts({ start: 0, end: 100 }, 100, 1), [[0, 100]], 'it fits')
  t.same(starts({ start: 7, end: 50 }, 100, 1), [[7, 50]], 'shorter than a window')
  t.same(
    starts({ start: 0, end: 101 }, 100, 2),
    [
      [0, 100],
      [1, 101],
    ],
    'a sample more',
  )
  t.same(
    starts({ start: 10, end: 260 }, 100, 3),
    [
      [10, 110],
      [85, 185],
      [160, 260],
    ],
    'from the first possible start to the last',
  )
  t.same(
    starts({ start: 0, end: 1000 }, 100, 2),
    [
      [0, 100],
      [900, 1000],
    ],
    'fewer than cover it',
  )
  t.same(starts({ start: 5, end: 1000 }, 100, 1), [[5, 105]], 'a single one is the first')
})

t.test('shares', async (t) => {
  t.same(shareWindows([100, 101, 1, 0], 100, 10), [1, 2, 1, 1], 'as many as the lengths need')
  t.same(shareWindows([1000], 100, 4), [4])
  t.same(shareWindows([1000, 200, 50], 100, 6), [4, 1, 1], 'the longest gets the most')
  t.same(shareWindows([500, 500], 100, 5), [3, 2], 'the first of equals')
  t.same(shareWindows([500, 500, 500], 100, 2), [1, 1, 1], 'no clip is left out')
  const many = shareWindows(
    Array.from({ length: 50 }, (_, i) => 1000 + i),
    100,
    200,
  )
  t.equal(
    many.reduce((sum, count) => sum + count, 0),
    200,
  )
})

t.test('random windows', async (t) => {
  t.same(randomWindow(500, 100, 1, 0), randomWindow(500, 100, 1, 0), 'the seed decides')
  t.same(randomWindow(80, 100, 1, 0), { start: 0, end: 80 })
  const starts = Array.from({ length: 400 }, (_, seed) => randomWindow(103, 100, seed, 0).start)
  t.same([...new Set(starts)].sort(), [0, 1, 2, 3], 'the first and the last start are possible')
  t.ok(starts.filter((start) => start === 3).length > 60, 'all alike')
  const byClip = Array.from({ length: 20 }, (_, clip) => randomWindow(1e6, 100, 1, clip).start)
  t.ok(new Set(byClip).size > 15, 'each clip has its own')
})
