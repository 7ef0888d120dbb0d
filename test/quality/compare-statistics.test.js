// The comparison's figures on numbers small enough to work out by hand.
import t from 'tap'
import {
  argmax,
  cosine,
  divergences,
  histogram,
  kendallTau,
  quantile,
} from '../../dist/lib/quality/statistics.js'

const near = (t, value, expected, what) => t.ok(Math.abs(value - expected) < 1e-7, `${what}: ${value}`)

t.test('divergence', async (t) => {
  // Softmaxes (1/2, 1/4, 1/4) and (1/4, 1/2, 1/4), whatever is added to all.
  const a = Float32Array.of(Math.log(2), 0, 0, 100, 100, 100)
  const b = Float32Array.of(7, 7 + Math.log(2), 7, -3, -3, -3)
  const [first, second] = divergences(a, b, 3)
  near(t, first.kl, 0.5 * Math.log(2) - 0.25 * Math.log(2), 'KL')
  t.equal(first.agree, false)
  near(t, second.kl, 0, 'KL of equal ones')
  t.equal(second.agree, true)
  t.equal(divergences(a, a, 3)[0].kl, 0)
  const [far] = divergences(Float32Array.of(1000, -1000), Float32Array.of(-1000, 1000), 2)
  near(t, far.kl, 2000, 'no overflow')
})

t.test("Kendall's tau", async (t) => {
  t.equal(kendallTau([1, 2, 3, 4], [10, 20, 30, 40]), 1)
  t.equal(kendallTau([1, 2, 3, 4], [4, 3, 2, 1]), -1)
  near(t, kendallTau([1, 2, 3, 4], [1, 3, 2, 4]), 4 / 6, 'one of six pairs turned')
  near(t, kendallTau([1, 2, 3], [1, 1, 2]), 2 / Math.sqrt(3 * 2), 'a tie on one side')
  t.equal(kendallTau([1, 1], [1, 2]), null)
  t.equal(kendallTau([1], [1]), null)
})

t.test('others', async (t) => {
  t.equal(argmax([1, 3, 3, 2]), 1)
  near(t, cosine(Float32Array.of(1, 0), Float32Array.of(1, 1)), Math.SQRT1_2, 'cosine')
  t.equal(cosine(Float32Array.of(0, 0), Float32Array.of(0, 0)), 1)
  t.equal(quantile([5, 1, 4, 2, 3], 0.5), 3)
  t.equal(quantile([5, 1, 4, 2, 3], 0.99), 5)
  const { from, counts } = histogram([0, 1e-20, 0.5, 1, 1000])
  t.equal(counts[0], 2)
  t.equal(counts.at(-1), 1)
  t.equal(counts[from.findIndex((value) => value > 0.3 && value < 0.32)], 1)
  t.equal(counts[from.indexOf(1)], 1)
})
