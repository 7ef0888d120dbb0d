// The embedded model has learned what it is for: candidates end, and match their own text better than another.
import { statSync } from 'node:fs'
import t from 'tap'
import { Clvp } from '../../dist/lib/index.js'

const texts = [
  'Good morning Anna, are you tired?',
  'There are twelve apples in the kitchen.',
  'The old piano costs forty dollars.',
  'Victor and Clara walked to the station.',
]

const clvp = await Clvp.load(Clvp.demo)
t.teardown(() => clvp.dispose())
const voice = await clvp.voice(Clvp.demoVoice)

t.test('it is small, speaks, carries a codebook, and brings its own way to draw', async (t) => {
  t.ok(statSync(Clvp.demo).size <= 16e6)
  t.same(clvp.info.speech.ways, ['hifigan', 'diffusion'])
  t.equal(clvp.info.positions, 'trained')
  t.same(clvp.info.codebook, { codes: 512, framesPerCode: 4 })
  t.equal(clvp.info.sampling.repetitionPenalty, 1)
})

t.test('each text’s best candidate is ranked before the others’', async (t) => {
  const rows = []
  for (const text of texts) {
    const { best, candidates } = await clvp.generate(text, { voice, candidates: 8, seed: 1 })
    t.ok(
      candidates.filter(({ finishReason }) => finishReason === 'stop').length >= 7,
      'they end by themselves',
    )
    t.ok(best.seconds > 1 && best.seconds < 5, `${best.seconds} s`)
    rows.push(best.drawnCodes)
  }
  for (const [i, text] of texts.entries()) t.equal((await clvp.rank(text, rows))[0].index, i, text)
})

t.test('a longer text takes longer to say', async (t) => {
  const seconds = async (text) => (await clvp.generate(text, { voice, candidates: 4, seed: 2 })).best.seconds
  t.ok(
    (await seconds('The dog slept.')) <
      (await seconds('The dog slept in the garden after dinner in the summer.')),
  )
})

t.test('its best candidate can be heard', async (t) => {
  const { best } = await clvp.generate(texts[1], { voice, candidates: 4, seed: 3 })
  const { samples, sampleRate } = await clvp.preview(best.drawnCodes, { iterations: 8 })
  t.equal(samples.length / sampleRate, best.seconds)
  t.ok(samples.some((value) => Math.abs(value) > 0.05))
})
