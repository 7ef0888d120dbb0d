// Calls that overlap give what they give one after the other, and keep the event loop free.
import { monitorEventLoopDelay } from 'node:perf_hooks'
import t from 'tap'
import { essence, loadTinyModel, tone } from '../helpers/model.js'
import { figure, times } from '../helpers/torture.js'

const { clvp, voice } = await loadTinyModel(t, { name: 'deep' })
// Calls under way at the same time share a batch: `deterministic` makes rounding the same in any company.
const call = (i, options = {}) =>
  clvp.generate(`Sentence number ${i}.`, {
    voice,
    candidates: 1 + (i % 5),
    seed: i,
    deterministic: true,
    ...options,
  })

t.test('many at once equal as many in turn', async (t) => {
  const n = times(8, 64)
  const serial = []
  for (let i = 0; i < n; i++) serial.push((await call(i)).candidates.map(essence))
  const parallel = await Promise.all(Array.from({ length: n }, (_, i) => call(i)))
  t.same(
    parallel.map(({ candidates }) => candidates.map(essence)),
    serial,
  )
})

t.test('a call among others that fails or is aborted does not touch them', async (t) => {
  const alone = (await call(3)).candidates.map(essence)
  const controller = new AbortController()
  const leaves = call(4, {
    signal: controller.signal,
    onProgress: () => controller.abort(new Error('enough')),
  })
  const throws = call(5, {
    onProgress() {
      throw new Error('from the caller')
    },
  })
  const stays = call(3)
  await t.rejects(leaves, { code: 'CLVP_ABORTED' })
  await t.rejects(throws, { message: 'from the caller' })
  t.same((await stays).candidates.map(essence), alone)
})

t.test('calls that are aborted while they wait with others never begin', async (t) => {
  const busy = call(1)
  const controller = new AbortController()
  const some = [call(2, { signal: controller.signal }), call(3), call(4, { signal: controller.signal })]
  controller.abort()
  await t.rejects(some[0], { code: 'CLVP_ABORTED' })
  await t.rejects(some[2], { code: 'CLVP_ABORTED' })
  t.equal((await some[1]).candidates.length, 4)
  t.equal((await busy).candidates.length, 2)
})

t.test('different kinds of calls mix', async (t) => {
  const codes = Int32Array.of(1, 2, 3)
  const alone = [
    await clvp.embedText('One.'),
    await clvp.embedSpeech(codes),
    (await clvp.voice(tone())).embedding,
  ]
  const mixed = await Promise.all([
    clvp.embedText('One.'),
    clvp.embedSpeech(codes),
    clvp.voice(tone()).then(({ embedding }) => embedding),
    call(1),
  ])
  t.same(mixed.slice(0, 3), alone)
})

t.test('the event loop stays free', async (t) => {
  const delay = monitorEventLoopDelay({ resolution: 5 })
  delay.enable()
  await clvp.generate('The quick brown fox.', { voice, candidates: 256, seed: 1 })
  delay.disable()
  figure(t, 'event loop delay, p99', delay.percentile(99) / 1e6, 'ms', 20)
  t.ok(delay.percentile(50) < 1e9, 'it turned while the model worked')
})

/** Room for one call of these candidates, and not for two. */
const one = (i) =>
  Math.ceil(
    clvp.info.bytes +
      1.5 *
        (clvp.info.estimateMemory({ candidates: 1 + (i % 5), tokens: clvp.info.maxTokens }).total -
          clvp.info.bytes),
  )

t.test('calls with a limit of memory wait until they fit beside those under way', async (t) => {
  const ended = []
  const steps = { first: 0, second: 0 }
  const watched = (name, i, maxMemory) =>
    call(i, { maxMemory, onProgress: () => steps[name]++ }).then((result) => {
      ended.push(`${name} after ${steps.second > 0 && name === 'first' ? 'both' : 'its own'} steps`)
      return result.candidates.map(essence)
    })
  const alone = [(await call(4)).candidates.map(essence), (await call(4)).candidates.map(essence)]
  const results = await Promise.all([watched('first', 4, one(4)), watched('second', 4, one(4))])
  t.same(results, alone)
  t.equal(ended[0], 'first after its own steps', 'the second began when the first had ended')
  steps.second = 0
  ended.length = 0
  await Promise.all([watched('first', 4, 2e9), watched('second', 4, 2e9)])
  t.ok(ended.includes('first after both steps'), 'with room for both they go side by side')
})

t.test('a limited call that is aborted while it waits stops nobody else', async (t) => {
  const controller = new AbortController()
  const busy = call(1, { maxMemory: one(1) })
  const waits = call(2, { maxMemory: one(2), signal: controller.signal })
  controller.abort()
  await t.rejects(waits, { code: 'CLVP_ABORTED' })
  t.equal((await busy).candidates.length, 2)
})
