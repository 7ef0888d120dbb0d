// More long calls than the session has threads do not hold up a draw: a request that shares the batch needs no thread.
import t from 'tap'
import { openModel, within } from './company.js'
import { essences, healthy } from './scenes.js'

const row = (i) => Int32Array.from({ length: 300 }, (_, k) => (i + 7 * k) % 290)

t.test('a draw beside 20 long rankings', async (t) => {
  const model = await openModel(t)
  const alone = await healthy(model, 1)
  const rows = Array.from({ length: 24 }, (_, i) => row(i))
  let settled = 0
  const rankings = Array.from({ length: 20 }, (_, i) =>
    model.clvp.rank(`Text ${i}.`, rows).finally(() => {
      settled++
    }),
  )
  const found = await within(healthy(model, 1), 'the draw', 60)
  t.equal(settled, 0, 'the draw settles before any ranking')
  t.same(essences(found), essences(alone))
  await within(Promise.all(rankings), 'the rankings', 120)
})
