// parts: 'auto': one part in memory at a time, the same results, calls of different parts side by side, and no call that waits for itself.
import { renameSync } from 'node:fs'
import t from 'tap'
import { Clvp } from '../../dist/lib/index.js'
import { makeSpeakingModel } from '../helpers/speaking_model.js'

const file = await makeSpeakingModel(t.testdir({}))
const load = async (t, options) => {
  const clvp = await Clvp.load(file, { threads: 1, device: 'cpu', ...options })
  t.teardown(() => clvp.dispose())
  return clvp
}
const pair = async (t) => [await load(t), await load(t, { parts: 'auto' })]
const draw = { seed: 1, candidates: 3, maxTokens: 24 }
const aloud = { ...draw, retries: 0 }
const codesOf = ({ candidates }) => candidates.map(({ drawnCodes, score }) => [[...drawnCodes], score])

t.test('results are those of a model that is loaded whole', async (t) => {
  const [whole, auto] = await pair(t)
  t.same(auto.info.parts, whole.info.parts)
  t.ok(auto.info.bytes < whole.info.bytes / 2, 'the largest part counts')
  const voices = [await whole.voice(Clvp.demoVoice), await auto.voice(Clvp.demoVoice)]
  t.same(voices[1].embedding, voices[0].embedding)
  t.same(voices[1].diffusion, voices[0].diffusion)
  const [voice] = voices
  const results = []
  for (const clvp of [whole, auto]) {
    const generated = await clvp.generate('Hello.', { voice, ...draw })
    const ranked = await clvp.rank('Hello.', [Int32Array.of(1, 2, 3)])
    const hifigan = await clvp.speak('Hello.', { voice, ...aloud })
    const diffusion = await clvp.speak('Hello.', { voice, ...aloud, speech: 'diffusion', steps: 2 })
    results.push([codesOf(generated), ranked, hifigan.samples, diffusion.samples])
  }
  t.same(results[1], results[0])
})

t.test('one candidate: its sound is made once it is drawn', async (t) => {
  const [whole, auto] = await pair(t)
  const voice = await whole.voice(Clvp.demoVoice)
  const speak = (clvp) => clvp.speak('Hello.', { voice, ...aloud, candidates: 1, gates: false })
  const [expected, found] = [await speak(whole), await speak(auto)]
  t.equal(found.samples.length, expected.samples.length)
  const difference = Math.max(...found.samples.map((x, i) => Math.abs(x - expected.samples[i])))
  t.ok(difference < 1e-5, `largest difference ${difference}: latents of all codes, not of those drawn so far`)
})

t.test('calls of different parts side by side', async (t) => {
  const [whole, auto] = await pair(t)
  const voice = await whole.voice(Clvp.demoVoice)
  const calls = [
    (clvp) => clvp.generate('Hello.', { voice, seed: 1, candidates: 2, maxTokens: 20 }).then(codesOf),
    (clvp) => clvp.rank('Hello.', [Int32Array.of(1, 2, 3)]),
    (clvp) => clvp.speak('Hello.', { voice, ...aloud }).then(({ samples }) => samples),
    (clvp) => clvp.embedText('Hello.'),
    (clvp) => clvp.generate('Good day.', { voice, seed: 2, candidates: 2, maxTokens: 20 }).then(codesOf),
    (clvp) => clvp.randomVoice({ seed: 3 }).then(({ embedding }) => embedding),
  ]
  const expected = []
  for (const call of calls) expected.push(await call(whole))
  t.same(await Promise.all(calls.map((call) => call(auto))), expected)
})

t.test('a function that a call waits for', async (t) => {
  const auto = await load(t, { parts: 'auto' })
  const voice = await auto.voice(Clvp.demoVoice)
  const during = (work) =>
    auto.generate('Hello.', {
      voice,
      ...draw,
      scores: 'none',
      logitsProcessor: async (_ids, scores) => {
        await work()
        return scores
      },
    })
  await t.rejects(
    during(() => auto.rank('Hello.', [Int32Array.of(1)])),
    { code: 'CLVP_UNSUPPORTED', message: /a call of the decoder but received one of the ranker/ },
    'another part',
  )
  await t.resolves(
    during(() => auto.latents('Hello.', Int32Array.of(1), { voice })),
    'the same part',
  )
})

t.test('what a function leaves behind waits like any call', async (t) => {
  const [whole, auto] = await pair(t)
  const voice = await whole.voice(Clvp.demoVoice)
  const codes = Int32Array.of(1, 2)
  let begin
  const begun = new Promise((resolve) => {
    begin = resolve
  })
  let later
  const options = { voice, ...draw, scores: 'none' }
  await auto.generate('Hello.', {
    ...options,
    logitsProcessor: (_ids, scores) => {
      later ??= begun.then(() =>
        Promise.all([auto.rank('Hello.', [codes]), auto.latents('Hello.', codes, { voice })]),
      )
      return scores
    },
  })
  await auto.embedText('Hello.') // the decoder is gone
  begin()
  const [ranked, latents] = await later
  t.same(ranked, await whole.rank('Hello.', [codes]))
  t.same(latents, await whole.latents('Hello.', codes, { voice }))
})

t.test('what cannot be combined', async (t) => {
  for (const other of ['mmap', 'isolate']) {
    await t.rejects(Clvp.load(file, { parts: 'auto', [other]: true }), {
      code: 'CLVP_UNSUPPORTED',
      message: new RegExp(`no ${other} with parts: 'auto'`),
    })
  }
})

t.test('a part that cannot be loaded ends its call only', async (t) => {
  const auto = await load(t, { parts: 'auto' })
  const voice = await auto.voice(Clvp.demoVoice)
  await auto.embedText('Hello.')
  renameSync(file, `${file}.away`)
  await t.rejects(auto.generate('Hello.', { voice, ...draw, scores: 'none' }), {
    code: 'CLVP_IO',
  })
  renameSync(`${file}.away`, file)
  await t.resolves(auto.generate('Hello.', { voice, ...draw, scores: 'none' }))
})

t.test('disposal while a part is awaited', async (t) => {
  const auto = await load(t, { parts: 'auto' })
  const voice = await auto.voice(Clvp.demoVoice)
  const calls = [
    auto.generate('Hello.', { voice, seed: 1, candidates: 16, maxTokens: 40 }),
    auto.rank('Hello.', [Int32Array.of(1)]),
    auto.speak('Hello.', { voice, ...aloud }),
  ]
  const settled = Promise.allSettled(calls)
  await auto.dispose()
  for (const { status, reason } of await settled) {
    t.equal(status, 'rejected')
    t.equal(reason.code, 'CLVP_DISPOSED')
  }
  await t.rejects(auto.embedText('Hello.'), { code: 'CLVP_DISPOSED' })
})
