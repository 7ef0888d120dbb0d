// More calls at a time than maxCalls allows are refused with CLVP_BUSY, and no call that has begun is.
import t from 'tap'
import { Clvp, ClvpModelForConditionalGeneration, Tensor } from '../../dist/lib/index.js'
import { loadTinyModel, tinyFile, tone } from '../helpers/model.js'

const busy = (most) => ({
  name: 'ClvpError',
  code: 'CLVP_BUSY',
  message: new RegExp(`at most ${most} calls at a time`),
})

t.test('the one too many is refused, and later ones are not', async (t) => {
  const { clvp, voice } = await loadTinyModel(t, { maxCalls: 3 })
  const short = { voice, candidates: 1, maxTokens: 4 }
  const started = [
    clvp.generate('One.', short),
    clvp.embedText('Two.'),
    clvp.rank('Three.', [Int32Array.of(1, 2)]),
  ]
  await t.rejects(clvp.generate('Four.', short), busy(3))
  await t.rejects(clvp.embedText('Four.'), busy(3))
  await t.rejects(clvp.voice(tone()), busy(3))
  await t.rejects(
    (async () => {
      for await (const _ of clvp.stream('Four.', short));
    })(),
    busy(3),
  )
  t.equal((await Promise.all(started)).length, 3, 'those before it are not touched')
  t.ok(await clvp.embedText('Five.'))
})

t.test('a call of several steps counts once and comes to its end', async (t) => {
  const { clvp, voice } = await loadTinyModel(t, { maxCalls: 2 })
  // Each draws and then scores: in between the other one waits.
  const results = await Promise.all(
    ['One.', 'Two.'].map((text) => clvp.generate(text, { voice, candidates: 2, maxTokens: 4, keep: 2 })),
  )
  for (const { candidates } of results) t.ok(candidates.every(({ score }) => Number.isFinite(score)))
})

t.test('what failed, was refused or aborted gives its place back', async (t) => {
  const { clvp, voice } = await loadTinyModel(t, { maxCalls: 1 })
  const signal = AbortSignal.abort()
  for (let i = 0; i < 3; i++) {
    await t.rejects(clvp.embedText('', {}), { code: 'CLVP_INVALID_ARGUMENT' })
    await t.rejects(clvp.embedText('Hi.', { signal }), { code: 'CLVP_ABORTED' })
    await t.rejects(clvp.embedSpeech(Int32Array.of(1e6)), { code: 'CLVP_INVALID_ARGUMENT' })
  }
  t.ok(await clvp.generate('Hi.', { voice, candidates: 1, maxTokens: 2 }))
})

t.test("transformers' classes", async (t) => {
  const model = await ClvpModelForConditionalGeneration.fromPretrained(await tinyFile(), {
    maxCalls: 1,
    threads: 1,
  })
  const channels = model.config.decoderConfig.featureSize
  const inputFeatures = new Tensor(new Float32Array(channels * 40).fill(0.1), [1, channels, 40])
  const inputIds = [[5, 6, 7]]
  const first = model.forward({ inputIds, inputFeatures })
  await t.rejects(model.getTextFeatures({ inputIds }), busy(1))
  await t.rejects(model.generate({ inputIds, inputFeatures, maxNewTokens: 4 }), busy(1))
  t.ok((await first).speechIds)
  t.ok((await model.generate({ inputIds, inputFeatures, maxNewTokens: 4 })).speechIds)
  await model.dispose()
})

t.test('a bound of its own is checked', async (t) => {
  const file = await tinyFile()
  for (const maxCalls of [0, -1, 1.5, 1e7, '4', NaN]) {
    await t.rejects(Clvp.load(file, { maxCalls }), { code: 'CLVP_INVALID_ARGUMENT', message: /maxCalls/ })
  }
})
