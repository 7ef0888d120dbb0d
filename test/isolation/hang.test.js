// A caller's function that never settles hangs its own call, until its signal aborts or the model is disposed of.
import t from 'tap'
import { gate, openModel, openWhole, outcomeOf, within } from './company.js'
import { afterTwoSteps, essences, healthy, hungProcessor } from './scenes.js'

const aborted = { name: 'AbortError', code: 'CLVP_ABORTED' }

/** A function that never settles, and a promise of its first call. */
function hung() {
  const called = gate()
  return {
    called: called.opened,
    hang() {
      called.open()
      return new Promise(() => {})
    },
  }
}

t.test('a call that hangs beside others, and is aborted', async (t) => hungProcessor(t, await openModel(t)))

t.test('calls that were sent with it', async (t) => {
  const model = await openModel(t)
  const alone = essences(await healthy(model, 1))
  const { called, hang } = hung()
  const abort = new AbortController()
  const [first, hangs, last] = [
    healthy(model, 1),
    healthy(model, 5, { logitsProcessor: hang, signal: abort.signal }),
    healthy(model, 1),
  ].map(outcomeOf)
  await within(called, 'the first step')
  for (const call of [first, last]) {
    const { value } = await within(call, 'a call that was sent with one that hangs').catch(() => ({}))
    t.same(value && essences(value), alone)
  }
  abort.abort()
  t.match((await within(hangs, 'the call that was aborted')).error, aborted)
})

t.test('a beam search and a stream', async (t) => {
  const model = await openModel(t)
  const { clvp, voice } = model
  const abort = new AbortController()
  const search = hung()
  const options = { voice, maxTokens: 9, signal: abort.signal }
  const searches = outcomeOf(
    clvp.generate('A search.', { ...options, beams: 2, logitsProcessor: search.hang }),
  )
  await within(search.called, 'the search')
  abort.abort()
  t.match((await within(searches, 'a beam search that was aborted')).error, aborted)

  const { called, hang } = hung()
  const stream = clvp.stream('A stream.', { voice, candidates: 1, logitsProcessor: afterTwoSteps(hang) })
  t.equal((await within(stream.next(), 'its first event')).value.type, 'token')
  await within(called, 'the third step')
  await within(stream.return(), 'leaving a stream that hangs')
  t.equal((await within(healthy(model, 2), 'the next call')).candidates.length, 3)
})

t.test('criteria of the lower layer', async (t) => {
  const { speechDecoderModel: decoder } = await openWhole(t)
  const draw = (options) => decoder.generate({ inputIds: [[3, 4]], maxNewTokens: 6, ...options })
  const alone = (await draw()).sequences
  const { called, hang } = hung()
  const abort = new AbortController()
  const hangs = outcomeOf(draw({ stoppingCriteria: hang, signal: abort.signal }))
  await within(called, 'the first step')
  const beside = await within(outcomeOf(draw()), 'a call beside it').catch((error) => ({ error }))
  t.same(beside.value?.sequences, alone)
  abort.abort()
  t.match((await within(hangs, 'the call that was aborted')).error, aborted)
})

t.test('many calls that hang leave room for others', async (t) => {
  const model = await openModel(t)
  const alone = essences(await healthy(model, 1))
  const abort = new AbortController()
  const hooks = Array.from({ length: 20 }, hung)
  const hanging = hooks.map(({ hang }, seed) =>
    outcomeOf(healthy(model, seed, { logitsProcessor: hang, signal: abort.signal })),
  )
  const all = Promise.all(hooks.map(({ called }) => called))
  const called = await outcomeOf(within(all, 'the first step of twenty calls that hang'))
  t.notOk(called.error, 'each of them is begun')
  const beside = await outcomeOf(within(healthy(model, 1), 'a call beside them'))
  t.same(beside.value && essences(beside.value), alone)
  abort.abort()
  for (const { error } of await within(Promise.all(hanging), 'the calls that were aborted'))
    t.match(error, aborted)
})

t.test('an answer that comes after the abort is dropped', async (t) => {
  const model = await openModel(t)
  const alone = essences(await healthy(model, 1))
  const called = gate()
  const answer = gate()
  const abort = new AbortController()
  const logitsProcessor = async (_, scores) => {
    called.open()
    await answer.opened
    return scores
  }
  const hangs = outcomeOf(healthy(model, 5, { logitsProcessor, signal: abort.signal }))
  await within(called.opened, 'the first step')
  abort.abort()
  const { error } = await within(hangs, 'the call that was aborted').catch((error) => ({ error }))
  t.match(error, aborted)
  const next = healthy(model, 1)
  answer.open()
  t.same(essences(await within(next, 'the next call')), alone)
})

t.test('dispose() ends it', async (t) => {
  const model = await openModel(t)
  const { called, hang } = hung()
  const hangs = outcomeOf(healthy(model, 5, { logitsProcessor: hang }))
  await within(called, 'the first step')
  await within(model.clvp.dispose(), 'dispose()')
  t.match((await within(hangs, 'the call that hung')).error, { code: 'CLVP_DISPOSED' })
})

t.test('dispose() ends it after an abort', async (t) => {
  const model = await openModel(t)
  const { called, hang } = hung()
  const abort = new AbortController()
  const hangs = outcomeOf(healthy(model, 5, { logitsProcessor: hang, signal: abort.signal }))
  await within(called, 'the first step')
  abort.abort()
  await within(model.clvp.dispose(), 'dispose()')
  t.match((await within(hangs, 'the call that hung')).error, aborted)
})
