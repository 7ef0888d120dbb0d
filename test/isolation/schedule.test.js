// A random schedule of mixed calls: whatever becomes of some of them, each of the others gives exactly what it gives alone.
import t from 'tap'
import { Clvp } from '../../dist/lib/index.js'
import { tinyFile, tone } from '../helpers/model.js'
import { times } from '../helpers/torture.js'
import { kinds } from './kinds.js'
import { Schedules } from './schedule.js'

const file = await tinyFile('deep')
const count = times(1, 30)
const schedules = new Schedules({
  kinds,
  load: (options) => Clvp.load(file, { threads: 1, ...options }),
  voiceOf: (clvp) => clvp.voice(tone(0.2)),
})
await schedules.begin(t)

t.test(`${count} schedules of 200 calls`, async (t) => {
  for (let seed = 1; seed <= count; seed++) await schedules.run(t, seed, { calls: 200 })
})

t.test('a schedule of 60 calls on a model in a process of its own', async (t) => {
  await schedules.run(t, 1001, { calls: 60, isolate: true })
})
