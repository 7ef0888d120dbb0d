// stream() tells the same story as generate(), as it happens, and stops when nobody listens any more.
import t from 'tap'
import { essence, loadTinyModel } from '../helpers/model.js'

const { clvp, voice } = await loadTinyModel(t)
const options = { voice, candidates: 4, seed: 11, maxTokens: 60 }

t.test('tokens, then candidates, then the ranked result', async (t) => {
  const tokens = new Map()
  const ended = []
  let result
  for await (const event of clvp.stream('Hello world.', options)) {
    t.equal(result, undefined, 'nothing comes after done')
    if (event.type === 'token')
      tokens.set(event.candidate, [...(tokens.get(event.candidate) ?? []), event.code])
    else if (event.type === 'candidate') ended.push(event.candidate)
    else result = event.result
  }
  const whole = await clvp.generate('Hello world.', options)
  t.same(result.candidates.map(essence), whole.candidates.map(essence))
  t.equal(ended.length, 4)
  for (const candidate of ended) t.same([...candidate.codes], tokens.get(candidate.index))
})

t.test('leaving the loop stops the work and frees the model for the next call', async (t) => {
  let seen = 0
  for await (const event of clvp.stream('Hello world.', { ...options, candidates: 64, batchSize: 4 })) {
    if (event.type === 'token' && ++seen === 3) break
  }
  t.equal(seen, 3)
  t.ok(await clvp.generate('Hi.', { voice, candidates: 1, maxTokens: 4 }))
})

t.test('an abort ends the loop with CLVP_ABORTED', async (t) => {
  const abort = new AbortController()
  const loop = async () => {
    for await (const _ of clvp.stream('Hello world.', { ...options, candidates: 64, signal: abort.signal }))
      abort.abort()
  }
  await t.rejects(loop(), { code: 'CLVP_ABORTED', name: 'AbortError' })
})

t.test('a bad option throws at once', async (t) => {
  t.throws(() => clvp.stream('Hello', { voice, candidates: 0 }), { code: 'CLVP_INVALID_ARGUMENT' })
})
