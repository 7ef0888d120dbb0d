// An abort at any stage settles the promise once with CLVP_ABORTED, soon, and leaves the model as it was.
import t from 'tap'
import { Clvp } from '../../dist/lib/index.js'
import { essence, loadTinyModel, tinyFile, tone } from '../helpers/model.js'
import { figure, times } from '../helpers/torture.js'

const aborted = { code: 'CLVP_ABORTED', name: 'AbortError' }
const { clvp, voice } = await loadTinyModel(t, { name: 'deep' })
const text = 'The quick brown fox jumps over the lazy dog.'
const long = { voice, candidates: 512, batchSize: 8, seed: 1 }
const before = (await clvp.generate('Hello.', { voice, candidates: 3, seed: 9 })).candidates.map(essence)

t.test('before the call', async (t) => {
  const signal = AbortSignal.abort()
  await t.rejects(clvp.generate(text, { ...long, signal }), aborted)
  await t.rejects(clvp.rank(text, [Int32Array.of(1)], { signal }), aborted)
  await t.rejects(clvp.embedText(text, { signal }), aborted)
  await t.rejects(clvp.voice(tone(), { signal }), aborted)
  await t.rejects(Clvp.load(await tinyFile('deep'), { signal }), aborted)
})

t.test('right after the call', async (t) => {
  const abort = new AbortController()
  const call = clvp.generate(text, { ...long, signal: abort.signal })
  abort.abort()
  await t.rejects(call, aborted)
})

t.test('after any number of steps, within one more', async (t) => {
  for (const steps of [1, 2, 17]) {
    const abort = new AbortController()
    let seen = 0
    let late = 0
    const onProgress = () => {
      if (abort.signal.aborted) late++
      if (++seen === steps) abort.abort()
    }
    await t.rejects(clvp.generate(text, { ...long, signal: abort.signal, onProgress }), aborted)
    t.ok(seen < 512 * 8, `stopped after ${seen} steps, ${late} of them on their way already`)
  }
})

t.test('how soon', async (t) => {
  const waits = []
  for (let i = 0; i < times(10, 200); i++) {
    const abort = new AbortController()
    let at
    let steps = 0
    const onProgress = () => {
      if (++steps !== 2 + (i % 7)) return
      at = performance.now()
      abort.abort()
    }
    await t.rejects(clvp.generate(text, { ...long, signal: abort.signal, onProgress }), aborted)
    waits.push(performance.now() - at)
  }
  figure(t, 'longest wait for an abort', Math.max(...waits), 'ms', 50)
})

t.test('while ranking', async (t) => {
  const abort = new AbortController()
  const onProgress = ({ stage }) => stage === 'rank' && abort.abort()
  await t.rejects(clvp.generate(text, { voice, candidates: 32, signal: abort.signal, onProgress }), aborted)
})

t.test('while waiting in line: at once, the running call untouched', async (t) => {
  const running = clvp.generate(text, { voice, candidates: 16, seed: 4 })
  const abort = new AbortController()
  const waiting = clvp.generate(text, { ...long, signal: abort.signal })
  abort.abort()
  let first
  await Promise.all([
    running.then(() => (first ??= 'running')),
    t.rejects(waiting, aborted).then(() => (first ??= 'waiting')),
  ])
  t.equal(first, 'waiting')
})

t.test('while loading', async (t) => {
  const abort = new AbortController()
  const load = Clvp.load(await tinyFile('deep'), { signal: abort.signal })
  setImmediate(() => abort.abort())
  const outcome = await load.then(
    (model) => model.dispose().then(() => 'loaded'),
    (error) => error.code,
  )
  t.ok(['loaded', 'CLVP_ABORTED'].includes(outcome), outcome)
})

t.test('aborts at all times settle once each', async (t) => {
  const outcomes = await Promise.all(
    Array.from({ length: times(200, 1000) }, async (_, i) => {
      const abort = new AbortController()
      setTimeout(() => abort.abort(), i / 4)
      let settled = 0
      const code = await clvp
        .generate('Hi.', { voice, candidates: 4, maxTokens: 8, seed: i, signal: abort.signal })
        .then(
          () => 'done',
          (error) => error.code,
        )
        .finally(() => settled++)
      return `${code} ${settled}`
    }),
  )
  t.same(
    outcomes.filter((outcome) => !['done 1', 'CLVP_ABORTED 1'].includes(outcome)),
    [],
  )
})

t.test('the next result is unchanged', async (t) => {
  const after = await clvp.generate('Hello.', { voice, candidates: 3, seed: 9 })
  t.same(after.candidates.map(essence), before)
})
