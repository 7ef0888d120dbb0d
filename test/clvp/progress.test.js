// The progress of drawing tells what is left: it never falls, moves all the time, and does not jump at the end.
import t from 'tap'
import { DrawProgress } from '../../dist/lib/clvp/draw_progress.js'
import { Clvp } from '../../dist/lib/index.js'

const clvp = await Clvp.load(Clvp.demo)
t.teardown(() => clvp.dispose())
const voice = await clvp.voice(Clvp.demoVoice)
const text = 'Good morning Anna, the red apple is in the kitchen.'

async function fractionsOf(options) {
  const fractions = []
  const onProgress = ({ stage, fraction }) => stage === 'generate' && fractions.push(fraction)
  await clvp.generate(text, { voice, seed: 1, ...options, onProgress })
  return fractions
}

/** Before the last candidate has ended. */
const lastOf = (fractions) => fractions.findLast((each) => each < 1)

const steps = (fractions) => fractions.map((each, i) => each - (fractions[i - 1] ?? 0))

for (const options of [{ candidates: 1 }, { candidates: 8 }, { candidates: 8, batchSize: 4 }]) {
  t.test(JSON.stringify(options), async (t) => {
    const fractions = await fractionsOf(options)
    t.equal(fractions.at(-1), 1)
    t.ok(
      steps(fractions).every((step) => step >= 0),
      'it never falls',
    )
    t.ok(Math.max(...steps(fractions)) < 0.3, `largest step ${Math.max(...steps(fractions))}`)
    t.ok(lastOf(fractions) > 0.7, `${lastOf(fractions)} before the last step`)
    t.ok(fractions[Math.floor(fractions.length / 2)] < 0.8, 'half of the steps are not nearly all')
  })
}

t.test('beams', async (t) => {
  const fractions = await fractionsOf({ beams: 3, seed: undefined })
  t.equal(fractions.at(-1), 1)
  t.ok(steps(fractions).every((step) => step >= 0))
  t.ok(lastOf(fractions) > 0.3, `${lastOf(fractions)} before the end`)
})

t.test('candidates that are given up count, and a budget ends with one', async (t) => {
  const pruned = await fractionsOf({ candidates: 8, prune: 0.5 })
  t.equal(pruned.at(-1), 1)
  t.ok(lastOf(pruned) > 0.7, `${lastOf(pruned)} before the last step`)
  t.equal((await fractionsOf({ candidates: 8, budgetMs: 1 })).at(-1), 1)
})

t.test('the length is learned from the candidates that have ended', async (t) => {
  const told = []
  const progress = new DrawProgress({
    candidates: 4,
    maxTokens: 500,
    prune: 0,
    stop: 9,
    expected: 10,
    tell: (fraction) => told.push(fraction),
  })
  const draw = (...pairs) => progress.drawn(Int32Array.from(pairs))
  draw(0, 1)
  t.equal(told.at(-1), 0.1 / 4)
  for (let i = 0; i < 38; i++) draw(0, 1)
  t.ok(told.at(-1) > 0.9 / 4 && told.at(-1) < 1 / 4, 'longer than expected is not yet complete')
  draw(0, 9)
  t.equal(told.at(-1), 1 / 4)
  draw(1, 1)
  t.equal(told.at(-1), (1 + 1 / 25) / 4, '10 and 40 codes make 25')
  progress.end()
  t.equal(told.at(-1), 1)
})

t.test('candidates that take no part in a step were given up, once all have begun', async (t) => {
  const told = []
  const tell = (fraction) => told.push(fraction)
  const progress = new DrawProgress({
    candidates: 2,
    maxTokens: 500,
    prune: 0.5,
    stop: 9,
    expected: 10,
    tell,
  })
  const draw = (...pairs) => progress.drawn(Int32Array.from(pairs))
  draw(0, 1)
  draw(1, 1)
  t.equal(told.at(-1), 0.1, 'the first waits for the second')
  draw(0, 1, 1, 1)
  t.equal(told.at(-1), 0.2)
  draw(1, 1)
  t.equal(told.at(-1), (1 + 0.3) / 2)
})
