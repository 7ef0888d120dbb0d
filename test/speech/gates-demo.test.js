// The gates judge what generate() returns.
import t from 'tap'
import { Clvp } from '../../dist/lib/index.js'
import { judge } from '../../dist/lib/speech/gates.js'

const clvp = await Clvp.load(Clvp.demo, { threads: 1 })
t.teardown(() => clvp.dispose())
const voice = await clvp.voice(Clvp.demoVoice)

async function failures(options) {
  const { best, candidates, normalized } = await clvp.generate('It is cold today.', {
    voice,
    candidates: 6,
    seed: 1,
    ...options,
  })
  const candidateScores = candidates.slice(1).map(({ score }) => score)
  const drawn = { normalized, secondsPerCode: clvp.info.secondsPerCode, silenceCode: 0, candidateScores }
  return judge(best, drawn).map(({ code }) => code)
}

t.test('a good candidate passes', async (t) => t.strictSame(await failures({}), []))

t.test('one that was cut off fails', async (t) => {
  t.strictSame(await failures({ maxTokens: 10 }), ['no-stop', 'too-short'])
})

t.test('one that is stuck fails', async (t) => {
  const logitsProcessor = (_, scores) => {
    scores.data.fill(-Infinity)
    scores.data[5] = 0
    return scores
  }
  const codes = await failures({ candidates: 1, scores: 'none', maxTokens: 150, logitsProcessor })
  t.strictSame(codes, ['no-stop', 'repeated', 'too-long'])
})
