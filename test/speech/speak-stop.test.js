// A call of speak() stops where it is: by a signal in each stage, by leaving the loop, by disposal.
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { Clvp } from '../../dist/lib/index.js'
import { gather, makeSpeakingModel, twoParts } from '../helpers/speaking_model.js'

const file = await makeSpeakingModel(t.testdir({}))
const clvp = await Clvp.load(file, { threads: 1, maxCalls: 1 })
t.teardown(() => clvp.dispose())
const voice = await clvp.voice(Clvp.demoVoice)
const base = { voice, seed: 1, maxTokens: 32, candidates: 2 }

/** With maxCalls 1, a call that still runs makes this one busy. */
async function requireIdle(t, name) {
  for (let i = 0; i < 100; i++) {
    try {
      await clvp.embedText('Hello.')
      return t.pass(`${name}: nothing runs`)
    } catch (error) {
      if (error.code !== 'CLVP_BUSY') throw error
      await sleep(10)
    }
  }
  t.fail(`${name}: a call still runs`)
}

t.test('a signal stops each stage', async (t) => {
  for (const stage of ['generate', 'rank', 'hifigan', 'diffusion', 'vocoder']) {
    const abort = new AbortController()
    const seen = []
    const onProgress = (progress) => {
      seen.push(progress.stage)
      if (progress.stage === stage) abort.abort()
    }
    const speech = stage === 'diffusion' || stage === 'vocoder' ? 'diffusion' : 'hifigan'
    const steps = speech === 'diffusion' ? { steps: 2 } : {}
    const options = { ...base, speech, ...steps, onProgress, signal: abort.signal, split: twoParts.split }
    await t.rejects(clvp.speak(twoParts.text, options), { code: 'CLVP_ABORTED' }, stage)
    t.equal(seen.at(-1), stage, `${stage}: no other stage follows`)
    await requireIdle(t, stage)
  }
  const stopped = AbortSignal.abort()
  await t.rejects(clvp.speak('Hi.', { ...base, signal: stopped }), { code: 'CLVP_ABORTED' })
  await t.rejects(gather(clvp.speakStream('Hi.', { ...base, signal: stopped })), { code: 'CLVP_ABORTED' })
})

t.test('leaving the loop stops the work', async (t) => {
  for (const candidates of [1, 2]) {
    let events = 0
    for await (const _ of clvp.speakStream(twoParts.text, { ...base, candidates, split: twoParts.split })) {
      if (++events === 1) break
    }
    t.equal(events, 1)
    await requireIdle(t, `${candidates} candidates`)
  }
})

t.test('return() stops a piece that is being made', async (t) => {
  const stream = clvp.speakStream('Hello.', { ...base, speech: 'diffusion', steps: 4000 })
  const next = stream.next()
  next.catch(() => {})
  await sleep(50)
  const begun = performance.now()
  await stream.return().catch(() => {})
  await t.rejects(next, { code: 'CLVP_ABORTED' })
  t.ok(performance.now() - begun < 5000, 'at once')
  await requireIdle(t, 'return()')
})

t.test('an error of onProgress is that of the call', async (t) => {
  const mine = new Error('mine')
  const onProgress = ({ stage }) => {
    if (stage === 'hifigan') throw mine
  }
  await t.rejects(clvp.speak('Hello.', { ...base, onProgress }), { message: /mine/ })
  await requireIdle(t, 'a callback that throws')
})

t.test('disposal ends a stream', async (t) => {
  const own = await Clvp.load(file, { threads: 1 })
  const stream = own.speakStream('Hello.', { ...base, speech: 'diffusion', steps: 4000 })
  const next = stream.next()
  await Promise.all([t.rejects(next, { code: 'CLVP_DISPOSED' }), sleep(50).then(() => own.dispose())])
})
