// Public calls with odd arguments settle: with a result, a ClvpError or the caller's own error. No process
// dies of them.
//     node test/fuzz/fuzz-api.test.js --calls=50000 --made=50000 --seed=7
import { parseArgs } from 'node:util'
import t from 'tap'
import { times } from '../helpers/torture.js'
import { fuzzCalls } from './api.js'

const { values: options } = parseArgs({
  options: {
    calls: { type: 'string', default: String(times(3000, 50_000)) },
    made: { type: 'string', default: String(times(1000, 20_000)) },
    seed: { type: 'string', default: '1' },
  },
})

const MOST_SHOWN = 20

t.setTimeout(0) // a call has its own limit, and so has a process that says nothing

function check(t, found) {
  const { calls, cases, slowest, outcomes } = found
  const which = cases > 0 ? `, of ${cases} with one odd argument and any with several` : ''
  t.comment(`${calls} calls${which}; the slowest took ${slowest} ms`)
  t.comment(JSON.stringify(outcomes))
  t.equal(found.deaths, 0, 'no process died')
  for (const finding of found.findings.slice(0, MOST_SHOWN)) t.fail(finding)
  t.equal(found.findings.length, 0, 'every call settled as it should')
  t.ok(outcomes.CLVP_INVALID_ARGUMENT > calls / 3, 'most are refused')
  t.ok(outcomes.returned > calls / 50, 'some have a result')
}

t.test('odd arguments', async (t) => {
  const found = await fuzzCalls({ calls: Number(options.calls), seed: Number(options.seed) })
  check(t, found)
  t.ok(found.calls >= 2000, `${found.calls} calls`)
})

t.test('what fast-check makes up', async (t) => {
  check(t, await fuzzCalls({ calls: Number(options.made), seed: Number(options.seed), isMade: true }))
})
