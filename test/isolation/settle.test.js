// Each call settles when its own work is done, and a call that comes late gets its share of the batch at once.
import t from 'tap'
import { gate, LongDraw, openModel, outcomeOf, settlesBeside, within } from './company.js'
import { essences, healthy, orderOfWork, smallBehindLarge } from './scenes.js'

const model = await openModel(t)
const { clvp, voice } = model

t.test('eight calls settle in the order of their lengths', async (t) => {
  await orderOfWork(t, model)
  await orderOfWork(t, model, { scores: 'none' })
})

t.test('a small call behind a large one gets a row of the full batch', (t) => smallBehindLarge(t, model))

t.test('slots go to the call with the fewest live rows', async (t) => {
  const most = 512
  const abort = new AbortController()
  const begun = gate()
  let ended = 0
  const readFirst = async () => {
    const options = { voice, candidates: most, scores: 'none', seed: 1, signal: abort.signal }
    for await (const { type } of clvp.stream('The first call.', options)) {
      begun.open()
      if (type === 'candidate') ended++
    }
  }
  const first = outcomeOf(readFirst())
  await within(begun.opened, 'the first call')
  const second = clvp.generate('The second.', { voice, candidates: 32, scores: 'none', seed: 2 })
  await within(second, 'the second call', 60)
  // With half of the slots it takes as long as some 50 candidates of the first; with one slot, as long as nearly all of them.
  t.ok(ended < most / 2, 'the second call has half of the slots', { ended, most })
  abort.abort()
  await within(first, 'the first call, which was aborted')
})

t.test('calls that keep coming do not starve a large one', async (t) => {
  const draw = await LongDraw.begin(t, model)
  const before = draw.steps
  for (let i = 0; i < 20; i++) {
    const small = [1, 2, 3].map((seed) => healthy(model, seed, { candidates: 8 }))
    await within(Promise.all(small), 'small calls', 60)
  }
  t.notOk(draw.ended, 'they are served in the midst of it')
  t.ok(draw.steps - before >= 20, 'it goes on between them', { steps: draw.steps - before })
})

t.test('what is drawn in a batch of its own takes turns with a long draw', async (t) => {
  const calls = {
    'a beam search': { beams: 3 },
    'a call with a processor': { candidates: 2, seed: 1, logitsProcessor: (_, scores) => scores },
    'a call with a limit of memory': { candidates: 2, seed: 1, maxMemory: 2e9, deterministic: true },
  }
  for (const [what, options] of Object.entries(calls)) {
    const call = () => clvp.generate('In turns.', { voice, maxTokens: 12, ...options })
    const codesOf = ({ candidates }) => candidates.map(({ codes }) => codes)
    const alone = codesOf(await call())
    const draw = await LongDraw.begin(t, model)
    t.same(codesOf(await settlesBeside(t, draw, what, call)), alone, `${what} gives what it gives alone`)
    await draw.stop()
  }
})

t.test('a small call is served in the midst of a large beam search', async (t) => {
  const abort = new AbortController()
  const begun = gate()
  const options = { voice, beams: 256, scores: 'none', signal: abort.signal, onProgress: begun.open }
  let ended = false
  const search = outcomeOf(clvp.generate('A large search.', options)).then(() => {
    ended = true
  })
  await within(begun.opened, 'the search')
  const alone = await within(healthy(model, 1), 'a draw', 60)
  t.notOk(ended, 'a draw settles before the search')
  abort.abort()
  await within(search, 'the search, which was aborted')
  t.same(essences(await healthy(model, 1)), essences(alone))
})
