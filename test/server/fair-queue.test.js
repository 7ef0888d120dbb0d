// The queue: each client gets its turn, no more wait than may, and who leaves holds nobody up.
import t from 'tap'
import { FairQueue, QueueFull } from '../../packages/server/dist/fair_queue.js'

const never = new AbortController().signal

/** Enters and notes the order in which places are given. */
function entering(queue, order, client, signal = never) {
  return queue.enter(client, signal).then((leave) => {
    order.push(client)
    return leave
  })
}

t.test('a client with many requests does not hold up one with few', async (t) => {
  const queue = new FairQueue(1, 100)
  const order = []
  const leave = await entering(queue, order, 'first')
  const waiting = []
  for (let i = 0; i < 4; i++) waiting.push(entering(queue, order, 'many'))
  waiting.push(entering(queue, order, 'few'))
  waiting.push(entering(queue, order, 'other'))
  t.equal(queue.waiting, 6)
  leave()
  for (const next of waiting) next.then((done) => done())
  await Promise.all(waiting)
  t.same(order, ['first', 'many', 'few', 'other', 'many', 'many', 'many'])
  t.equal(queue.waiting, 0)
})

t.test('places are shared by the number that each has', async (t) => {
  const queue = new FairQueue(3, 100)
  const order = []
  const held = await Promise.all(['a', 'a', 'b'].map((client) => entering(queue, order, client)))
  const waiting = ['a', 'b', 'c'].map((client) => entering(queue, order, client))
  held[0]()
  await waiting[2]
  t.equal(order.at(-1), 'c', 'a and b have one each')
  held[1]()
  await waiting[0]
  t.equal(order.at(-1), 'a', 'a has none')
})

t.test('a full queue refuses, and has room again when one leaves', async (t) => {
  const queue = new FairQueue(1, 1)
  const leave = await queue.enter('a', never)
  const stop = new AbortController()
  const waiting = queue.enter('a', stop.signal)
  t.ok((await queue.enter('b', never).catch((error) => error)) instanceof QueueFull)
  stop.abort(new Error('gone'))
  await t.rejects(waiting, { message: 'gone' })
  const next = queue.enter('b', never)
  leave()
  leave() // a second time changes nothing
  ;(await next)()
  t.same([queue.running, queue.waiting], [0, 0])
})

t.test('whoever is gone before is not admitted', async (t) => {
  const queue = new FairQueue(1, 1)
  await t.rejects(queue.enter('a', AbortSignal.abort(new Error('gone'))), { message: 'gone' })
  t.equal(queue.running, 0)
})
