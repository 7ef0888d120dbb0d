// Keys and values of 8 bits take half the memory of F16, and draw nearly the same; a model that they do not fit is refused.
import { Clvp } from 'node-clvp'
import t from 'tap'
import { loadTinyModel } from '../helpers/model.js'

async function drawn(kvType) {
  const clvp = await Clvp.load(Clvp.demo, { kvType })
  const voice = await clvp.voice(Clvp.demoVoice)
  const { best, timings } = await clvp.generate('Anna found the red book.', {
    voice,
    candidates: 1,
    temperature: 0,
    maxTokens: 12,
  })
  await clvp.dispose()
  return { best, bytes: timings.kvBytes }
}

t.test('types of keys and values', async (t) => {
  const [f32, f16, q8] = [await drawn('f32'), await drawn('f16'), await drawn('q8_0')]
  t.ok(Math.abs(f32.bytes / f16.bytes - 2) < 0.05, 'F16 takes half of F32')
  t.ok(Math.abs(f16.bytes / q8.bytes - 16 / 8.5) < 0.1, 'Q8_0 takes 8.5 bits for 16')
  t.ok(Math.abs(f16.best.meanLogprob - f32.best.meanLogprob) < 0.01)
  t.ok(Math.abs(q8.best.meanLogprob - f32.best.meanLogprob) < 0.02)
  t.not(q8.best.meanLogprob, f16.best.meanLogprob, 'the option is not ignored')
})

t.test('bad types', async (t) => {
  await t.rejects(Clvp.load(Clvp.demo, { kvType: 'q4_0' }), {
    code: 'CLVP_INVALID_ARGUMENT',
    message: /kvType/,
  })
  await t.rejects(loadTinyModel(t, { name: 'deep', kvType: 'q8_0' }), {
    code: 'CLVP_UNSUPPORTED',
    message: /divisible by 32/,
  })
})
