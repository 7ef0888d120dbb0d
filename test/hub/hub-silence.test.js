// A hub that says nothing, or next to nothing, does not hold a pull up for ever.
import t from 'tap'
import { always, first, makeCheckpoint, runTable } from '../helpers/hub_table.js'

const checkpoint = makeCheckpoint(t.testdir({}))
const { size, total } = checkpoint

const table = [
  ...['api', 'head', 'storage'].map((kind) => ({
    title: `${kind} kept silent`,
    fault: always(kind, { stall: -1 }),
    fails: /sent nothing|No answer/,
  })),
  {
    title: 'storage falls silent on the way, once',
    fault: first(1, 'storage', { stall: size >> 1 }),
    most: total,
    least: 1000,
  },
  {
    title: 'storage trickles',
    fault: always('storage', { piece: 1, pause: 30 }),
    fails: /sent nothing/,
  },
]
await runTable(t, table, { ...checkpoint, seconds: 3 })
