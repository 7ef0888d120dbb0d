// What goes wrong in a queue: another model, a place that cannot be written, no Redis; and what the operator sees of it.
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { queueStatus, submitRun, workQueue } from '@node-clvp/batch'
import { BatchRun, Clvp, FolderStore } from 'node-clvp'
import t from 'tap'
import { batchIn, few, someRows, writeRows } from '../../../test/helpers/batch.js'
import { freePort, hasRedis, startRedis } from './helpers/redis.js'

if (!hasRedis) {
  t.plan(0, 'redis-server is not installed')
  process.exit()
}
const dir = t.testdir({})
const { run, merged, at } = batchIn(dir)
const redis = await startRedis(at('redis'))
t.teardown(() => redis.stop())
const queue = ['--queue', redis.url]
writeRows(at('in.jsonl'), someRows(16))
const base = [...few, '--seed', '1', '--shard-rows', '8']
await run('generate', 'in.jsonl', '-o', 'whole', ...base)
const { signal } = new AbortController()
const work = () => workQueue({ queue: redis.url, exitWhenEmpty: true, load: { threads: 1 }, signal })
const submit = (out) => run('submit generate', 'in.jsonl', '-o', out, ...base, ...queue)

t.test('a run of another model fails at once, is listed, and is sent again', async (t) => {
  await submit('model')
  const manifest = readFileSync(at('model', 'run.json'), 'utf8')
  const { key: _, ...other } = JSON.parse(manifest)
  other.source = at('none.gguf')
  writeFileSync(at('none.gguf'), 'GGUF')
  writeFileSync(at('model', 'run.json'), JSON.stringify({ ...JSON.parse(manifest), source: other.source }))
  t.match(await work(), { shards: 0 })
  const { jobs, failed } = await queueStatus(redis.url)
  t.match(jobs, { failed: 2, waiting: 0, delayed: 0 })
  for (const each of failed) t.match(each, { attempts: 1, reason: /CLVP_MODEL_FORMAT/, store: at('model') })
  t.match((await run('status', '', ...queue)).text, /2 failed[\s\S]*none\.gguf/)
  writeFileSync(at('model', 'run.json'), manifest)
  t.match(await run('retry', '', ...queue), { text: '2 shards are in the queue again' })
  t.match(await work(), { shards: 2, rows: 16, failed: 0 })
  t.equal(await merged('model'), await merged('whole'))
})

t.test('a folder that is away for a while is tried again later', async (t) => {
  await submit('full')
  renameSync(at('full'), at('away'))
  const working = work()
  while ((await queueStatus(redis.url)).jobs.delayed === 0) await sleep(50)
  renameSync(at('away'), at('full'))
  t.match(await working, { shards: 2, rows: 16 })
  t.equal(await merged('full'), await merged('whole'))
})

t.test('submit sends a shard again whose part is gone, and waits for the end', async (t) => {
  rmSync(at('full', 'part-000000-8.jsonl'))
  const clvp = await Clvp.load(Clvp.demo, { threads: 1 })
  const open = await BatchRun.attach(new FolderStore(at('full')))
  const waiting = submitRun(open, { queue: redis.url, isWaiting: true, signal })
  await work()
  t.match(await waiting, { shards: 2, pending: 0, failed: 0 })
  t.equal(await merged('full'), await merged('whole'))
  await open.close()
  await clvp.dispose()
})

t.test('metrics', async (t) => {
  const stop = new AbortController()
  const port = await freePort()
  const working = workQueue({ queue: redis.url, metricsPort: port, signal: stop.signal })
  const read = () => fetch(`http://127.0.0.1:${port}/metrics`).catch(() => sleep(50).then(read))
  const text = await (await read()).text()
  t.match(text, /^bullmq_job_count\{queue="clvp-batch", ?state="failed"\} 0$/m)
  t.match(text, /^clvp_batch_rows_total 0$/m)
  t.equal((await fetch(`http://127.0.0.1:${port}/other`)).status, 404)
  stop.abort()
  await working
  t.match((await run('status', '', ...queue, '--metrics')).text, /bullmq_job_count/)
})

t.test('no Redis, and addresses that are none', async (t) => {
  const away = `redis://:secret@127.0.0.1:${await freePort()}`
  for (const name of ['work', 'retry', 'status']) {
    const { status, error } = await run(name, '', '--queue', away)
    t.equal(status, 1)
    t.match(error, /The queue at redis:\/\/127\.0\.0\.1:\d+ failed: .* \(CLVP_IO\)/)
    t.notMatch(error, /secret/)
  }
  t.match(await run('work', '', '--queue', 'http://x'), { status: 2, error: /Expected redis:\/\/HOST:PORT/ })
  t.match(await run('work', ''), { status: 2, error: /--queue is missing/ })
  t.match(await run('generate', 'in.jsonl', '-o', 'queue:x', ...base), {
    status: 2,
    error: /clvp batch submit/,
  })
  t.match(await run('merge', '', 'queue:x'), { status: 2, error: /Expected a queue for queue:x/ })
})
