// With which seeds a part is drawn again, and which attempt is kept.
import t from 'tap'
import { chooseBest, nextSeed } from '../../dist/lib/speech/retries.js'

t.test('the seeds that follow', async (t) => {
  t.strictSame(
    [0, 1, 2].map((attempt) => nextSeed(7, attempt)),
    [7, 8, 9],
  )
  t.equal(nextSeed(2 ** 53 - 1, 0), 2 ** 53 - 1)
  t.equal(nextSeed(2 ** 53 - 1, 1), 0)
  t.equal(nextSeed(2 ** 53 - 2, 3), 1)
  for (const seed of [0, 1, 2 ** 53 - 50, 2 ** 53 - 1]) {
    const seeds = Array.from({ length: 101 }, (_, attempt) => nextSeed(seed, attempt))
    t.equal(new Set(seeds).size, 101)
    t.ok(seeds.every((each) => Number.isSafeInteger(each) && each >= 0))
  }
})

const attempt = (score, ...codes) => ({ failures: codes.map((code) => ({ code })), candidate: { score } })
const best = (...attempts) => attempts.indexOf(chooseBest(attempts))

t.test('one that passes, whatever its score', async (t) => {
  t.equal(best(attempt(90, 'low-score'), attempt(10), attempt(95, 'no-stop')), 1)
})

t.test('otherwise the least grave failure, then the fewest, then the score, then the first', async (t) => {
  t.equal(best(attempt(90, 'no-stop'), attempt(10, 'silence')), 1)
  t.equal(best(attempt(90, 'silence', 'low-score'), attempt(10, 'repeated')), 0)
  t.equal(best(attempt(90, 'silence', 'low-score'), attempt(10, 'silence')), 1)
  t.equal(best(attempt(10, 'silence'), attempt(90, 'silence')), 1)
  t.equal(best(attempt(10, 'silence'), attempt(10, 'silence')), 0)
})

t.test('without scores', async (t) => {
  t.equal(best(attempt(NaN, 'silence'), attempt(-5, 'silence')), 1)
  t.equal(best(attempt(-5, 'silence'), attempt(NaN, 'silence')), 0)
  t.equal(best(attempt(NaN, 'silence'), attempt(NaN, 'silence')), 0)
})
