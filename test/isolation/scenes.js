/** Scenes that hold for a model in this process and for one in a process of its own: each takes `{ clvp, voice }` of 'plain'. */
import { Tensor } from '../../dist/lib/index.js'
import { essence, tone } from '../helpers/model.js'
import { gate, LongDraw, outcomeOf, settlesBeside, stepsOfCandidate, within } from './company.js'

/** A call whose result is the same alone and in any company. */
export const healthy = ({ clvp, voice }, seed, options = {}) =>
  clvp.generate('A healthy call.', {
    voice,
    candidates: 1 + (seed % 3),
    maxTokens: 12,
    seed,
    deterministic: true,
    ...options,
  })

export const essences = ({ candidates }) => candidates.map(essence)

/** Calls of unlike length, sent at once and the longest first, settle in the order of the steps that they take. */
export async function orderOfWork(t, { clvp, voice }, options = {}) {
  const settled = []
  const long = await LongDraw.begin(t, { clvp, voice }) // so that steps take longer than it takes to send eight calls
  const calls = [119, 103, 87, 71, 55, 39, 23, 7].map((maxTokens, seed) =>
    clvp
      .generate('Unlike calls.', { voice, candidates: 1, maxTokens, seed, ...options })
      .then(({ best }) => settled.push(best.drawnCodes.length)),
  )
  await within(Promise.all(calls), 'eight calls', 60)
  // A call that is sent later may begin some steps later.
  const early = settled.filter((length, i) => settled.slice(i + 1).some((later) => later + 40 < length))
  t.same(early, [], `settled in the order ${settled}`)
  t.ok(Math.max(...settled) - Math.min(...settled) > 40, 'they are of unlike length')
  await long.stop()
}

/** A small call gets a row though the batch is full: it settles before a candidate of the large call that came first has ended. */
export async function smallBehindLarge(t, model) {
  const draw = await LongDraw.begin(t, model, { batchSize: 256 })
  const { clvp, voice } = model
  const before = draw.steps
  const first = gate()
  const events = []
  const read = async () => {
    for await (const { type } of clvp.stream('A small call.', {
      voice,
      candidates: 1,
      maxTokens: 8,
      seed: 2,
    })) {
      events.push(type)
      first.open(draw.steps)
    }
    return draw.steps
  }
  const settled = read()
  const steps = {
    firstToken: (await within(first.opened, 'the first token', 60)) - before,
    settled: (await within(settled, 'the small call', 60)) - before,
  }
  t.same(events, [...Array(8).fill('token'), 'candidate', 'done'])
  t.ok(!draw.ended && steps.firstToken < stepsOfCandidate, 'its first token comes early', steps)
  t.ok(!draw.ended && steps.settled < stepsOfCandidate, 'it settles early', steps)
}

/** Functions of a caller that are no good, and what the call must reject with. */
export const badProcessors = {
  'throws an error': [
    () => {
      throw new RangeError('mine')
    },
    { name: 'RangeError', message: 'mine' },
  ],
  'rejects with a string': [() => Promise.reject('mine'), 'mine'],
  'returns nothing': [() => {}, shapeError()],
  'returns an array': [(_, scores) => [...scores.data], shapeError()],
  'returns a tensor of another shape': [() => new Tensor(new Float32Array(7), [1, 7]), shapeError()],
  'returns a tensor of integers': [
    (_, { data, dims }) => new Tensor(new Int32Array(data.length), dims),
    shapeError(),
  ],
  'detaches the scores': [
    (_, scores) => {
      structuredClone(scores.data.buffer, { transfer: [scores.data.buffer] })
      return scores
    },
    shapeError(),
  ],
  'leaves nothing to draw': [
    fillWith(Number.NEGATIVE_INFINITY),
    argumentError(/leave at least one token to draw/),
  ],
  'returns NaN': [fillWith(Number.NaN), argumentError(/finite or minus infinity/)],
  'returns infinity': [fillWith(Number.POSITIVE_INFINITY), argumentError(/finite or minus infinity/)],
}

function argumentError(message) {
  return { name: 'ClvpError', code: 'CLVP_INVALID_ARGUMENT', message }
}

function shapeError() {
  return argumentError(/Expected a tensor of floats with dims \[1, 300\] for the logitsProcessor's scores/)
}

function fillWith(value) {
  return (_, scores) => {
    scores.data.fill(value)
    return scores
  }
}

/** Applies a function from the third step on. */
export function afterTwoSteps(processor) {
  return (ids, scores, live) => (ids.dims[1] < 3 ? scores : processor(ids, scores, live))
}

/** A bad function ends its own call: those sent with it give what they give alone. */
export async function badProcessor(t, model, [processor, error], options = {}) {
  const alone = [essences(await healthy(model, 1)), essences(await healthy(model, 2))]
  const calls = [
    healthy(model, 1),
    healthy(model, 0, { candidates: 1, logitsProcessor: processor, ...options }),
    healthy(model, 2),
  ]
  const [first, bad, last] = await within(Promise.all(calls.map(outcomeOf)), 'three calls')
  if (typeof error === 'string') t.equal(bad.error, error)
  else t.match(bad.error, error)
  for (const [i, { value, error }] of [first, last].entries()) {
    t.notOk(error, 'a call beside it is served')
    if (value) t.same(essences(value), alone[i])
  }
}

/** While a call waits for its caller's function, the model works for others; then the call goes on. */
export async function slowProcessor(t, model) {
  const alone = essences(await healthy(model, 3, { logitsProcessor: (_, scores) => scores }))
  const others = essences(await healthy(model, 1))
  const called = gate()
  const answer = gate()
  const logitsProcessor = async (_, scores) => {
    called.open()
    await answer.opened
    return scores
  }
  const waits = outcomeOf(healthy(model, 3, { logitsProcessor }))
  await within(called.opened, 'the first step of the call with a processor')
  try {
    const { clvp } = model
    t.same(essences(await within(healthy(model, 1), 'a draw')), others)
    t.equal((await within(clvp.rank('Ranked.', [Int32Array.of(1, 2)]), 'rank()')).length, 1)
    t.ok(await within(clvp.voice(tone(0.1)), 'voice()'))
  } catch ({ message }) {
    t.fail(`beside a call that waits for its caller's function: ${message}`)
  }
  answer.open()
  const { value, error } = await within(waits, 'the call with a processor', 60)
  t.notOk(error, 'the call that waited is served')
  if (value) t.same(essences(value), alone)
}

/** A processor that calls its own model at each step: `ask` is told which, and gives what it gives on another model alone. */
export async function ownModel(t, model, reference, name, ask) {
  const alone = essences(await healthy(model, 3, { logitsProcessor: (_, scores) => scores }))
  const others = essences(await healthy(model, 1))
  const answers = []
  const logitsProcessor = async (_, scores) => {
    answers.push(await ask(model, answers.length))
    return scores
  }
  const beside = outcomeOf(healthy(model, 1))
  const call = outcomeOf(healthy(model, 3, { logitsProcessor }))
  const { value, error } = await within(call, `a call whose processor calls ${name} of its own model`)
  t.notOk(error, 'the call is served')
  t.same(value && essences(value), alone)
  t.equal(answers.length, 12, 'the model answers at each step')
  for (const [i, answer] of answers.entries()) t.same(answer, await ask(reference, i))
  const other = await within(beside, 'a call beside it')
  t.same(other.value && essences(other.value), others)
}

/** A function that never settles holds up its own call alone, and the call ends as soon as its signal aborts. */
export async function hungProcessor(t, model) {
  const alone = essences(await healthy(model, 1))
  const called = gate()
  const abort = new AbortController()
  const hangs = outcomeOf(
    healthy(model, 5, {
      signal: abort.signal,
      logitsProcessor: afterTwoSteps(() => {
        called.open()
        return new Promise(() => {})
      }),
    }),
  )
  await within(called.opened, 'the third step')
  const beside = await within(outcomeOf(healthy(model, 1)), 'a call beside one that hangs').catch(
    (error) => ({ error }),
  )
  t.notOk(beside.error, 'a call beside it is served')
  if (beside.value) t.same(essences(beside.value), alone)
  abort.abort(new Error('enough'))
  const { error } = await within(hangs, 'the call that hangs and was aborted')
  t.match(error, { name: 'AbortError', code: 'CLVP_ABORTED', cause: { message: 'enough' } })
  t.same(essences(await within(healthy(model, 1), 'the next call')), alone)
}

/** Calls that draw nothing are served in the midst of a draw, and give what they give on another model alone. */
export async function callsBesideDraw(t, model, reference) {
  const codes = [Int32Array.of(5, 6, 7), Int32Array.of(8, 9)]
  const calls = {
    'voice()': async (clvp) => (await clvp.voice(tone(0.3))).embedding,
    'rank()': (clvp) => clvp.rank('Ranked.', codes),
    'embedText()': (clvp) => clvp.embedText('A text.'),
    'embedSpeech()': (clvp) => clvp.embedSpeech(codes[0]),
  }
  const draw = await LongDraw.begin(t, model)
  for (const [what, call] of Object.entries(calls)) {
    const found = await settlesBeside(t, draw, what, () => call(model.clvp))
    t.same(found, await call(reference.clvp), `${what} gives what it gives alone`)
  }
}
