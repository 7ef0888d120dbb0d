// speak() and speakStream() on a tiny model: the same sound by either, by any number of threads, in a process of its own.
import t from 'tap'
import { Clvp, Voice } from '../../dist/lib/index.js'
import { gather, makeSpeakingModel, twoParts } from '../helpers/speaking_model.js'

const file = await makeSpeakingModel(t.testdir({}))
const clvp = await Clvp.load(file, { threads: 1 })
t.teardown(() => clvp.dispose())
const voice = await clvp.voice(Clvp.demoVoice)
const base = { voice, seed: 1, maxTokens: 32 }

t.test('the stream is the whole, sample for sample', async (t) => {
  for (const speech of ['hifigan', 'diffusion']) {
    for (const candidates of [1, 4]) {
      for (const [text, split] of [
        ['Hello world.', {}],
        [twoParts.text, twoParts.split],
      ]) {
        const options = { ...base, candidates, speech, split, ...(speech === 'diffusion' && { steps: 2 }) }
        const whole = await clvp.speak(text, options)
        const stream = clvp.speakStream(text, options)
        const { samples, events } = await gather(stream)
        const name = `${speech}, ${candidates} candidates, ${stream.texts.length} parts`
        t.same(samples, whole.samples, name)
        t.equal(new Set(events.map(({ part }) => part)).size, whole.parts.length, `${name}: events`)
        const { timings: _, ...spoken } = JSON.parse(JSON.stringify(stream.spoken))
        const expected = JSON.parse(JSON.stringify(whole))
        for (const part of [...spoken.parts, ...expected.parts]) delete part.result.timings
        t.match(expected, spoken, `${name}: what was spoken`)
        t.match(whole.metadata, { seed: '1', candidate: String(whole.best.index) })
      }
    }
  }
})

t.test('a single candidate is heard after at most 20 codes', async (t) => {
  const { events } = await gather(clvp.speakStream('Hello world.', { ...base, candidates: 1 }))
  t.ok(events[0].codes <= 20, `${events[0].codes} codes`)
  t.ok(events.length > 2, `${events.length} events`)
  t.ok(
    events.every(({ codes }, i) => i === 0 || codes >= events[i - 1].codes),
    'codes only grow',
  )
})

t.test('a seed gives the same sound, whatever the threads and the process', async (t) => {
  const options = { ...base, candidates: 2, retries: 0 }
  const settings = [options, { ...options, speech: 'diffusion', steps: 2 }]
  const expected = []
  for (const each of settings) expected.push((await clvp.speak('Hello.', each)).samples)
  t.notSame((await clvp.speak('Hello.', { ...options, seed: 2 })).samples, expected[0], 'another seed')
  for (const load of [{ threads: 2 }, { threads: 1, isolate: true }]) {
    const other = await Clvp.load(file, load)
    for (const [i, each] of settings.entries()) {
      t.same((await other.speak('Hello.', each)).samples, expected[i], JSON.stringify(load))
    }
    await other.dispose()
  }
})

t.test('parts have their places in the sound, and a pause between them', async (t) => {
  const sound = await clvp.speak(twoParts.text, { ...base, candidates: 2, split: twoParts.split, pauses: 2 })
  const [one, two] = sound.parts
  t.match([one.text.text, two.text.text], ['Hello world.', 'This is it.'])
  t.equal(one.span.start, 0)
  t.ok(Math.abs(two.span.start - one.span.end - 1) < 1e-9, 'twice half a second')
  t.equal(two.span.end, sound.seconds)
  const at = (seconds) => Math.round(24000 * seconds)
  t.ok(sound.samples.subarray(at(one.span.end), at(two.span.start)).every((sample) => sample === 0))
  t.equal(sound.sampleRate, 24000)
})

t.test('stages are reported in order', async (t) => {
  const run = async (options) => {
    const seen = []
    await clvp.speak(twoParts.text, {
      ...base,
      candidates: 2,
      retries: 0,
      split: twoParts.split,
      ...options,
      onProgress: ({ part, parts, stage, fraction }) => {
        t.ok(parts === 2 && fraction >= 0 && fraction <= 1, 'a share of one of two parts')
        const label = `${part} ${stage}`
        if (seen.at(-1) !== label) seen.push(label)
      },
    })
    return seen
  }
  const of = (...stages) => [0, 1].flatMap((part) => stages.map((stage) => `${part} ${stage}`))
  t.same(await run({ speech: 'hifigan' }), of('generate', 'rank', 'hifigan'))
  t.same(await run({ speech: 'diffusion', steps: 3 }), of('generate', 'rank', 'diffusion', 'vocoder'))
})

t.test('a part that fails a gate is drawn again, by the seeds that follow', async (t) => {
  const off = { stop: false, repeat: false, silence: false, slowest: false, score: false }
  const options = { ...base, candidates: 2, gates: { ...off, fastest: 0.01 }, retries: 3 } // all are too fast
  const sound = await clvp.speak('Hello.', options)
  const [part] = sound.parts
  t.equal(part.attempts, 4)
  t.match(part.failures, [{ code: 'too-short' }])
  t.ok([1, 2, 3, 4].includes(part.result.seed), `seed ${part.result.seed}`)
  t.match((await clvp.speak('Hello.', { ...options, gates: false })).parts, [{ attempts: 1, failures: [] }])
  t.match((await clvp.speak('Hello.', { ...options, retries: 0 })).parts, [{ attempts: 1 }])
})

t.test('the sound of another candidate', async (t) => {
  for (const way of [{ speech: 'hifigan' }, { speech: 'diffusion', steps: 2 }]) {
    const sound = await clvp.speak('Hello world.', { ...base, candidates: 3, retries: 0, ...way })
    const chosen = JSON.parse(JSON.stringify(sound.best))
    const again = await clvp.candidateSound('Hello world.', chosen, { voice, ...way })
    t.same(again.samples, sound.samples, `${way.speech}: the one that was chosen`)
    t.same(again.metadata.candidate, String(sound.best.index))
    const other = sound.candidates.find((each) => each !== sound.best)
    t.notSame((await clvp.candidateSound('Hello world.', other, { voice, ...way })).samples, sound.samples)
  }
  for (const [candidate, message] of [
    [{}, /candidate\.codes/],
    [undefined, /candidate\.codes/],
    [{ codes: [1], drawnCodes: [1], finishReason: 'never', index: 0, seed: 1 }, /finishReason/],
  ]) {
    await t.rejects(clvp.candidateSound('Hi.', candidate, { voice }), {
      code: 'CLVP_INVALID_ARGUMENT',
      message,
    })
  }
})

t.test('random voices speak by both ways', async (t) => {
  const one = await clvp.randomVoice({ seed: 3 })
  const same = await clvp.randomVoice({ seed: 3 })
  t.same(one, same)
  t.notSame((await clvp.randomVoice({ seed: 4 })).embedding, one.embedding)
  for (const speech of ['hifigan', 'diffusion']) {
    const steps = speech === 'diffusion' ? { steps: 2 } : {}
    const options = { ...base, voice: one, candidates: 2, speech, ...steps }
    t.ok(
      (await clvp.speak('Hello.', options)).samples.some((sample) => sample !== 0),
      speech,
    )
  }
})

t.test('what is refused', async (t) => {
  const decoderOnly = new Voice(voice.embedding, 1, voice.origin)
  await t.rejects(clvp.speak('Hi.', { ...base, voice: decoderOnly, speech: 'diffusion', candidates: 2 }), {
    code: 'CLVP_INVALID_ARGUMENT',
    message: /voice for the diffusion stage/,
  })
  const ignored = [
    [{ speech: 'hifigan', steps: 5 }, /no steps with speech/],
    [{ speech: 'hifigan', guidance: 1 }, /no guidance/],
    [{ candidates: 1, retries: 2 }, /no retries with one candidate/],
    [{ speech: 'radio' }, /speech/],
    [{ volume: 3 }, /'volume'/],
    [{ latents: true }, /'latents'/],
    [{ partsFolder: 'x', logitsProcessor: () => {} }, /no function for logitsProcessor/],
    [{ voice: undefined }, /voice/],
    [{ maxTokens: 1e6 }, /maxTokens/],
  ]
  for (const [options, message] of ignored) {
    const error = { code: 'CLVP_INVALID_ARGUMENT', message }
    await t.rejects(clvp.speak('Hi.', { ...base, ...options }), error)
    t.throws(() => clvp.speakStream('Hi.', { ...base, ...options }), error)
  }
  t.throws(() => clvp.speakStream('* * *', base), { code: 'CLVP_INVALID_ARGUMENT', message: /letters/ })
  t.throws(() => clvp.speakStream('[sad] Hi.', base), { code: 'CLVP_UNSUPPORTED' })
})
