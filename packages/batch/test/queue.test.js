// A run over several workers: killed, stopped, paused beyond their locks, Redis restarted; its records are those of one process.
import { existsSync, readdirSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { batchIn, few, someRows, writeRows } from '../../../test/helpers/batch.js'
import { hasRedis, startRedis } from './helpers/redis.js'

if (!hasRedis) {
  t.plan(0, 'redis-server is not installed')
  process.exit()
}
const dir = t.testdir({})
const { run, start, merged, at } = batchIn(dir)
const redis = await startRedis(at('redis'))
t.teardown(() => redis.stop())
const queue = ['--queue', redis.url]
writeRows(at('in.jsonl'), [...someRows(120), '{broken'])
const base = [...few, '--seed', '1', '--shard-rows', '8']
await run('generate', 'in.jsonl', '-o', 'whole', ...base)
const expected = await merged('whole')
const worker = () => start('work', ...queue, '--exit-when-empty', '--lock-seconds', '5', '--threads', '1')
const submit = (out) => run('submit generate', 'in.jsonl', '-o', out, ...base, ...queue)

t.test('workers that are killed, stopped and paused, and a Redis that restarts', async (t) => {
  t.match(await submit('queued'), { status: 0, text: /16 of 16 shards are in the queue/ })
  t.match(await submit('queued'), { status: 0 }, 'a second time adds nothing')
  const parts = () => readdirSync(at('queued')).filter((name) => name.startsWith('part-')).length
  const doomed = worker()
  const paused = worker()
  while (parts() < 2) await sleep(20)
  paused.child.kill('SIGSTOP')
  doomed.child.kill('SIGKILL')
  const stopped = worker()
  while (parts() < 5) await sleep(20)
  stopped.child.kill('SIGTERM')
  t.match(await stopped.ended, { status: 0 })
  await redis.restart()
  const last = worker()
  await sleep(6000)
  paused.child.kill('SIGCONT')
  t.match(await Promise.all([last.ended, paused.ended]), [{ status: 0 }, { status: 0 }])
  t.equal(await merged('queued'), expected)
})

t.test('a shard goes back at once when its worker is stopped', async (t) => {
  await submit('back')
  const first = worker()
  while (!existsSync(at('back', 'part-000000-8.jsonl'))) await sleep(10)
  first.child.kill('SIGTERM')
  t.match(await first.ended, { status: 0 })
  const { json } = await run('status', '', ...queue)
  t.match(json, { jobs: { active: 0, failed: 0 }, active: [] })
  t.ok(json.jobs.waiting > 0)
  t.match(await worker().ended, { status: 0 })
  t.equal(await merged('back'), expected)
})
