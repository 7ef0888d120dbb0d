// A long diffusion sample holds up nobody: a small call beside it settles after a few of its steps, and it can be aborted or fail by itself.
import t from 'tap'
import { Clvp, SpeechModel } from '../../dist/lib/index.js'
import { tone } from '../helpers/model.js'
import { gate, outcomeOf, within } from './company.js'
import { failsInProgress } from './kinds.js'
import { speechFile, stageKinds, wave } from './speech.js'

const file = await speechFile(t)
const model = await SpeechModel.fromPretrained(file, { threads: 1 })
t.teardown(() => within(model.dispose(), 'dispose()'))

const latents = wave(1, 1, 30, 64)
const conditioning = wave(1, 1, 64)
const STEPS = 4000

/** A sample of seconds, once it has made some steps. */
async function longSample(t) {
  const abort = new AbortController()
  const begun = gate()
  const sample = { ticks: 0, ended: false, abort: () => abort.abort() }
  const onProgress = () => ++sample.ticks === 3 && begun.open()
  const options = { latents, conditioning, steps: STEPS, signal: abort.signal, onProgress }
  sample.outcome = outcomeOf(model.diffusion.sample(options)).then((outcome) => {
    sample.ended = true
    return outcome
  })
  t.teardown(() => {
    abort.abort()
    return within(sample.outcome, 'the long sample that was aborted')
  })
  await within(begun.opened, 'its first steps')
  return sample
}

t.test('small calls of each stage beside it', async (t) => {
  const alone = {}
  for (const [kind, { call }] of Object.entries(stageKinds)) alone[kind] = await call(model, undefined, 3)
  const long = await longSample(t)
  for (const [kind, { call }] of Object.entries(stageKinds)) {
    const before = long.ticks
    t.same(await within(call(model, undefined, 3), kind), alone[kind], `${kind} gives what it gives alone`)
    const steps = long.ticks - before
    t.ok(!long.ended && steps < STEPS / 20, `${kind} settles early`, { steps })
  }
  long.abort()
  t.match((await within(long.outcome, 'the sample')).error, { code: 'CLVP_ABORTED' })
})

t.test('it goes on where others fail', async (t) => {
  const long = await longSample(t)
  for (const [kind, { call, tells }] of Object.entries(stageKinds)) {
    const { error } = await within(
      outcomeOf(call(model, undefined, 3, { signal: AbortSignal.abort() })),
      kind,
    )
    t.match(error, { code: 'CLVP_ABORTED' }, `${kind}, aborted before it began`)
    if (!tells) continue
    const failed = await within(
      outcomeOf(call(model, undefined, 3, { onProgress: failsInProgress.hook })),
      kind,
    )
    t.ok(failsInProgress.isExpected(failed.error), `${kind}, whose listener throws`, failed)
  }
  const before = long.ticks
  await within(stageKinds.hifigan.call(model, undefined, 3), 'a call after them')
  t.notOk(long.ended)
  t.ok(long.ticks >= before)
})

t.test('speak() that hangs in a hook, is left or waits', async (t) => {
  const clvp = await Clvp.load(file, { threads: 1 })
  t.teardown(() => within(clvp.dispose(), 'dispose()'))
  const voice = await clvp.voice(tone(0.2))
  const given = { voice, candidates: 1, maxTokens: 12, seed: 4, gates: false, deterministic: true }
  const { samples } = await clvp.speak('Hello.', given)
  const called = gate()
  const abort = new AbortController()
  const logitsProcessor = () => {
    called.open()
    return new Promise(() => {})
  }
  for (const speech of ['hifigan', 'diffusion']) {
    const options = { ...given, speech, logitsProcessor, signal: abort.signal }
    const hangs = outcomeOf(clvp.speak('Hangs.', options))
    await within(called.opened, 'its first step')
    t.same((await within(clvp.speak('Hello.', given), 'a call beside it')).samples, samples)
    abort.abort()
    t.match((await within(hangs, 'the call that hung')).error, { code: 'CLVP_ABORTED' })
  }
  const stream = clvp.speakStream('Left.', { ...given, maxTokens: 30 })
  await within(stream.next(), 'its first piece')
  await within(stream.return(), 'leaving it')
  t.same((await within(clvp.speak('Hello.', given), 'the next call')).samples, samples)
})

t.test('dispose() in the middle of each stage', async (t) => {
  const doomed = await SpeechModel.fromPretrained(file, { threads: 1 })
  const calls = [
    doomed.diffusion.sample({ latents, conditioning, steps: STEPS }),
    ...Object.values(stageKinds).map(({ call }) => call(doomed, undefined, 3)),
  ].map(outcomeOf)
  await within(doomed.dispose(), 'dispose()')
  for (const { error } of await within(Promise.all(calls), 'the calls'))
    if (error) t.equal(error.code, 'CLVP_DISPOSED')
  t.equal((await calls[0]).error?.code, 'CLVP_DISPOSED')
  await t.rejects(doomed.random.sample(), { code: 'CLVP_DISPOSED' })
})
