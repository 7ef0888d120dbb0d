// Disposal: what runs is stopped, what waits is rejected, what comes later is refused, and memory comes back.
import t from 'tap'
import { Clvp } from '../../dist/lib/index.js'
import { loadTinyModel, tinyFile, tone } from '../helpers/model.js'
import { figure, slope, times } from '../helpers/torture.js'

const disposed = { code: 'CLVP_DISPOSED' }

t.test('every call after it rejects', async (t) => {
  const { clvp, voice } = await loadTinyModel(t)
  await clvp.dispose()
  await clvp.dispose()
  await t.rejects(clvp.generate('Hi.', { voice }), disposed)
  await t.rejects(clvp.rank('Hi.', [Int32Array.of(1)]), disposed)
  await t.rejects(clvp.embedText('Hi.'), disposed)
  await t.rejects(clvp.embedSpeech(Int32Array.of(1)), disposed)
  await t.rejects(clvp.codesToMel(Int32Array.of(1)), disposed)
  await t.rejects(clvp.preview(Int32Array.of(1)), disposed)
  await t.rejects(clvp.voice(tone()), disposed)
  await t.rejects(clvp.explain('Hi.'), disposed)
  t.throws(() => clvp.stream('Hi.', { voice }), disposed)
  await t.rejects(clvp.voice('there is no such file'), disposed)
  await t.rejects(clvp.generate('', {}), disposed)
})

t.test('in the middle of work', async (t) => {
  const { clvp, voice } = await loadTinyModel(t, { name: 'deep' })
  const calls = [1, 2, 3].map((seed) => clvp.generate('Hello world.', { voice, candidates: 512, seed }))
  const outcomes = Promise.allSettled(calls)
  await new Promise((resolve) => setTimeout(resolve, 20))
  await clvp.dispose()
  const codes = (await outcomes).map(({ reason }) => reason?.code)
  t.equal(codes.filter((code) => code === 'CLVP_DISPOSED').length, 3, codes.join(' '))
})

t.test('await using', async (t) => {
  const clvp = await Clvp.load(await tinyFile())
  await clvp[Symbol.asyncDispose]()
  await t.rejects(clvp.embedText('Hi.'), disposed)
})

t.test('loads and disposals do not grow memory', async (t) => {
  const file = await tinyFile('wide')
  const cycle = async () => {
    const clvp = await Clvp.load(file, { threads: 1 })
    const voice = await clvp.voice(tone(0.1))
    await clvp.generate('Hi.', { voice, candidates: 2, maxTokens: 4, seed: 1 })
    await clvp.dispose()
  }
  const samples = times(5, 20)
  const levelOf = async (count) => {
    for (let i = 0; i < count; i++) await cycle()
    globalThis.gc?.()
    return process.memoryUsage().rss
  }
  const levels = [await levelOf(times(30, 1000))] // by then the allocators have what they want: memory has grown to its level
  while (levels.length <= samples) levels.push(await levelOf(times(20, 100)))
  const grown = levels.at(-1) - levels[0]
  const perLoad = slope(levels) / 1024 / times(20, 100)
  figure(t, `growth over ${samples * times(20, 100)} loads of a model of 1.7 MB`, perLoad, 'KiB a load', 1)
  t.ok(grown < 20e6, 'a leak of the weights alone would be 170 MB')
})
