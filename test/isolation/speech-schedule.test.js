// Random schedules of calls that make sound, beside calls that draw and rank: each that is left in peace gives what it gives alone.
import t from 'tap'
import { Clvp, SpeechModel } from '../../dist/lib/index.js'
import { tone } from '../helpers/model.js'
import { times } from '../helpers/torture.js'
import { kinds } from './kinds.js'
import { Schedules } from './schedule.js'
import { speakKinds, speechFile, stageKinds } from './speech.js'

const file = await speechFile(t)
const count = times(1, 20)
const { embedText } = kinds

/** A kind of call with rows that suit the model's few positions. */
const short = ({ call, ...kind }) => ({
  ...kind,
  call: (clvp, voice, n, options) => call(clvp, voice, n, { maxTokens: 4 + (n % 30), ...options }),
})
const [draw, stream] = [kinds.draw, kinds.stream].map(short)

const spoken = new Schedules({
  kinds: { ...speakKinds, draw, stream, embedText },
  load: (options) => Clvp.load(file, { threads: 1, ...options }),
  voiceOf: (clvp) => clvp.voice(tone(0.2)),
})
const stages = new Schedules({
  kinds: stageKinds,
  load: (options) => SpeechModel.fromPretrained(file, { threads: 1, ...options }),
})
await spoken.begin(t)
await stages.begin(t)

t.test(`${count} schedules of 120 calls of speak() and its neighbours`, async (t) => {
  for (let seed = 1; seed <= count; seed++) await spoken.run(t, seed, { calls: 120 })
})

t.test(`${count} schedules of 120 calls of the stages`, async (t) => {
  for (let seed = 1; seed <= count; seed++) await stages.run(t, seed, { calls: 120 })
})

t.test('a model in a process of its own', async (t) => {
  await spoken.run(t, 1001, { calls: 40, isolate: true })
  await stages.run(t, 1001, { calls: 40, isolate: true })
})
