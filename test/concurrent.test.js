// Calls that overlap give what they give one after the other, and keep the event loop free.
import { monitorEventLoopDelay } from 'node:perf_hooks'
import t from 'tap'
import { essence, loadTinyModel, tone } from './helpers/model.js'

const { clvp, voice } = await loadTinyModel(t, { name: 'deep' })
const call = (i) => clvp.generate(`Sentence number ${i}.`, { voice, candidates: 1 + (i % 5), seed: i })

t.test('eight at once equal eight in turn', async (t) => {
  const serial = []
  for (let i = 0; i < 8; i++) serial.push((await call(i)).candidates.map(essence))
  const parallel = await Promise.all(Array.from({ length: 8 }, (_, i) => call(i)))
  t.same(
    parallel.map(({ candidates }) => candidates.map(essence)),
    serial,
  )
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
  t.comment(`event loop delay: p99 ${(delay.percentile(99) / 1e6).toFixed(1)} ms`)
  t.ok(delay.percentile(50) < 1e9, 'it turned while the model worked')
})
