// A tensor has as many numbers as its dims say.
import t from 'tap'
import { Tensor } from '../../dist/lib/index.js'

t.test('holds data and dims', async (t) => {
  const data = new Float32Array(6)
  const tensor = new Tensor(data, [2, 3])
  t.equal(tensor.data, data)
  t.strictSame(tensor.dims, [2, 3])
  t.strictSame(new Tensor(Int32Array.of(5), []).dims, [])
  t.strictSame(new Tensor(new Int32Array(), [1, 0]).dims, [1, 0])
  t.throws(() => tensor.dims.push(1), TypeError)
})

t.test('refuses what does not fit', async (t) => {
  const wrong = { code: 'CLVP_INVALID_ARGUMENT' }
  const six = new Float32Array(6)
  for (const data of [undefined, [1], new Float64Array(6), {}]) t.throws(() => new Tensor(data, [6]), wrong)
  for (const dims of [undefined, 6, [5], [2, 4], [-2, -3], [1.5, 4], ['6'], [NaN], [2 ** 53, 0.1]]) {
    t.throws(() => new Tensor(six, dims), wrong, String(dims))
  }
})
