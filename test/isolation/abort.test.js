// An abort ends its own call soon, at any stage and in any company; the others do not notice.
import t from 'tap'
import { tone } from '../helpers/model.js'
import { gate, LongDraw, openModel, outcomeOf, within } from './company.js'
import { essences, healthy } from './scenes.js'

const aborted = { name: 'AbortError', code: 'CLVP_ABORTED' }
const model = await openModel(t)
const { clvp, voice } = model
const codes = (length) => Int32Array.from({ length }, (_, i) => i % 290)

t.test('one of eight calls that are drawn together', async (t) => {
  const alone = []
  for (let seed = 1; seed <= 8; seed++) alone.push(essences(await healthy(model, seed, { maxTokens: 60 })))
  for (const [leaver, steps] of [
    [0, 1],
    [4, 20],
    [7, 50],
  ]) {
    const abort = new AbortController()
    let seen = 0
    const onProgress = () => ++seen === steps && abort.abort()
    const calls = alone.map((_, i) =>
      healthy(model, i + 1, { maxTokens: 60, ...(i === leaver && { signal: abort.signal, onProgress }) }),
    )
    const outcomes = await within(Promise.all(calls.map(outcomeOf)), 'eight calls', 60)
    for (const [i, { value, error }] of outcomes.entries()) {
      if (i === leaver) t.match(error, aborted)
      else t.same(value && essences(value), alone[i])
    }
  }
})

t.test('a call that has entered the batch of a large one', async (t) => {
  const alone = essences(await healthy(model, 1))
  const draw = await LongDraw.begin(t, model)
  const abort = new AbortController()
  const before = draw.steps
  const onProgress = () => abort.abort()
  const call = healthy(model, 2, { candidates: 64, maxTokens: 119, signal: abort.signal, onProgress })
  t.match((await within(outcomeOf(call), 'the call', 60)).error, aborted)
  t.ok(!draw.ended && draw.steps - before < draw.most / 4, 'it settles early in the draw')
  t.same(essences(await within(healthy(model, 1), 'the next call', 60)), alone)
  t.notOk(draw.ended, 'the next is served in the midst of the draw too')
})

t.test('the large call, with small ones in its batch', async (t) => {
  const options = { maxTokens: 119 }
  const alone = [1, 2].map((seed) => healthy(model, seed, options))
  const expected = (await Promise.all(alone)).map(essences)
  const draw = await LongDraw.begin(t, model)
  const entered = gate()
  const calls = [1, 2].map((seed) => healthy(model, seed, { ...options, onProgress: entered.open }))
  await within(entered.opened, 'a small call', 60)
  t.notOk(draw.ended, 'they enter in the midst of the draw')
  t.match((await within(draw.stop(), 'the large call')).error, aborted)
  t.same((await within(Promise.all(calls), 'the small calls')).map(essences), expected)
})

t.test('beam searches', async (t) => {
  const search = (options) => clvp.generate('A search.', { voice, beams: 4, maxTokens: 30, ...options })
  const codesOf = ({ candidates }) => candidates.map(({ codes }) => codes)
  const alone = codesOf(await search())
  const draw = await LongDraw.begin(t, model)
  const abort = new AbortController()
  let steps = 0
  const leaves = outcomeOf(search({ signal: abort.signal, onProgress: () => ++steps === 5 && abort.abort() }))
  const stays = search()
  t.match((await within(leaves, 'the search that was aborted', 60)).error, aborted)
  t.same(codesOf(await within(stays, 'the other search', 60)), alone)
  t.notOk(draw.ended, 'both settle in the midst of the draw')
})

t.test('calls that draw nothing', async (t) => {
  const rows = Array.from({ length: 40 }, () => codes(200))
  const alone = essences(await healthy(model, 1, { maxTokens: 119 }))
  const ranked = await clvp.rank('Ranked.', rows)
  const calls = {
    'rank()': (signal) => clvp.rank('Another text.', rows, { signal }),
    'voice()': (signal) =>
      clvp.voice(
        [1, 2, 3, 4].map((i) => tone(0.4 + i / 10)),
        { signal },
      ),
    'embedSpeech()': (signal) => clvp.embedSpeech(codes(3000), { signal }),
  }
  for (const [name, call] of Object.entries(calls)) {
    for (const turns of [0, 1, 20]) {
      const abort = new AbortController()
      const beside = [healthy(model, 1, { maxTokens: 119 }), clvp.rank('Ranked.', rows)]
      const leaves = outcomeOf(call(abort.signal))
      for (let i = 0; i < turns; i++) await new Promise((resolve) => setImmediate(resolve))
      abort.abort()
      t.match((await within(leaves, name, 60)).error, aborted, name)
      const [drawn, found] = await within(Promise.all(beside), `what is beside ${name}`, 60)
      t.same(essences(drawn), alone)
      t.same(found, ranked)
    }
  }
})

t.test('while its candidates are ranked', async (t) => {
  const abort = new AbortController()
  const onProgress = ({ stage }) => stage === 'rank' && abort.abort()
  const alone = essences(await healthy(model, 1))
  const calls = [healthy(model, 2, { signal: abort.signal, onProgress }), healthy(model, 1)]
  const [leaves, stays] = await within(Promise.all(calls.map(outcomeOf)), 'two calls')
  t.match(leaves.error, aborted)
  t.same(essences(stays.value), alone)
})

t.test('many calls that share a signal', async (t) => {
  const warnings = []
  const listen = (warning) => warnings.push(warning.message)
  process.on('warning', listen)
  const alone = essences(await healthy(model, 1))
  const abort = new AbortController()
  const { signal } = abort
  let seen = 0
  const shared = Array.from({ length: 30 }, (_, seed) =>
    healthy(model, seed, { maxTokens: 119, signal, onProgress: () => ++seen === 40 && abort.abort() }),
  )
  const own = [healthy(model, 1), clvp.rank('Ranked.', [codes(5)])]
  for (const { error } of await within(Promise.all(shared.map(outcomeOf)), 'calls that share a signal'))
    t.match(error, aborted)
  const [drawn, ranked] = await within(Promise.all(own), 'the others')
  t.same(essences(drawn), alone)
  t.equal(ranked.length, 1)
  process.off('warning', listen)
  t.same(warnings, [])
})

t.test('a stream that is left', async (t) => {
  const alone = essences(await healthy(model, 1, { maxTokens: 60 }))
  const beside = healthy(model, 1, { maxTokens: 60 })
  let seen = 0
  for await (const { type } of clvp.stream('Left.', { voice, candidates: 64, seed: 1 }))
    if (type === 'token' && ++seen === 5) break
  t.same(essences(await within(beside, 'a call beside it')), alone)
})
