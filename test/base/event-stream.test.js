// Events come out in the order in which they went in, an error comes last, and leaving stops the producer.
import t from 'tap'
import { EventStream } from '../../dist/lib/base/event_stream.js'

/** A stream that counts how often its reader left before the end. */
function counting() {
  const calls = { left: 0 }
  return { calls, stream: new EventStream(() => calls.left++) }
}

async function readAll(stream) {
  const found = []
  try {
    for await (const event of stream) found.push(event)
  } catch (error) {
    found.push(error)
  }
  return found
}

t.test('what waits is read, then the end', async (t) => {
  const { calls, stream } = counting()
  for (const event of [1, 2, 3]) stream.push(event)
  stream.end()
  stream.push(4)
  t.same(await readAll(stream), [1, 2, 3])
  t.same(await stream.next(), { done: true, value: undefined })
  await stream.return()
  t.equal(calls.left, 0, 'who reads to the end does not leave')
})

t.test('what waits is read before the error, and the error once', async (t) => {
  const { stream } = counting()
  const error = new Error('broken')
  stream.push(1)
  stream.fail(error)
  stream.fail(new Error('later'))
  t.same(await readAll(stream), [1, error])
  t.same(await stream.next(), { done: true, value: undefined })
})

t.test('readers that wait are served in their order', async (t) => {
  const { stream } = counting()
  const reads = [stream.next(), stream.next(), stream.next()]
  stream.push('a')
  stream.push('b')
  stream.end()
  t.same(
    (await Promise.all(reads)).map(({ value }) => value),
    ['a', 'b', undefined],
  )
})

t.test('a reader that waits gets the error', async (t) => {
  const { stream } = counting()
  const read = stream.next()
  stream.fail(new Error('broken'))
  await t.rejects(read, { message: 'broken' })
})

t.test('leaving tells the producer once, and nothing comes any more', async (t) => {
  const { calls, stream } = counting()
  stream.push(1)
  stream.push(2)
  for await (const event of stream) {
    t.equal(event, 1)
    break
  }
  t.equal(calls.left, 1)
  stream.push(3)
  stream.fail(new Error('stopped'))
  stream.end()
  t.same(await stream.next(), { done: true, value: undefined })
  await stream.return()
  t.equal(calls.left, 1)
})

t.test('leaving before the first event', async (t) => {
  const { calls, stream } = counting()
  const read = stream.next()
  t.same(await stream.return(), { done: true, value: undefined })
  t.same(await read, { done: true, value: undefined })
  t.equal(calls.left, 1)
})
