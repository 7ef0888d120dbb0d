#!/usr/bin/env node
/**
 * The long version of queue.test.js: `npm run faults -w @node-clvp/batch -- [ROWS]`, by default 20,000 rows by 3 workers. Every few seconds one is
 * killed with -9, one is paused beyond its lock, the folder of the results is away for a while, and Redis is restarted once. The merged records must
 * be those of one undisturbed process, byte for byte.
 */
import { mkdtempSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { batchIn, few, someRows, writeRows } from '../../../../test/helpers/batch.js'
import { startRedis } from '../helpers/redis.js'

const count = Number(process.argv[2] ?? 20_000)
const dir = mkdtempSync(join(tmpdir(), 'clvp-faults-'))
const { run, start, merged, at } = batchIn(dir)
const redis = await startRedis(at('redis'))
const queue = ['--queue', redis.url]
writeRows(at('in.jsonl'), someRows(count))
const base = [...few, '--seed', '1', '--shard-rows', '128']
const seconds = (since) => ((performance.now() - since) / 1000).toFixed(0)

const alone = performance.now()
await run('generate', 'in.jsonl', '-o', 'whole', ...base)
console.log(`one process: ${count} rows in ${seconds(alone)} s`)
await run('submit generate', 'in.jsonl', '-o', 'queued', ...base, ...queue)

const worker = () => start('work', ...queue, '--exit-when-empty', '--lock-seconds', '5', '--threads', '1')
const disturbed = performance.now()
const workers = [worker(), worker(), worker()]
const faults = { killed: 0, paused: 0, full: 0, restarts: 0 }
const pending = async () => {
  const { json } = await run('status', '', ...queue)
  return json === undefined ? 1 : json.jobs.waiting + json.jobs.active + json.jobs.delayed
}
for (let i = 0; (await pending()) > 0; i++) {
  const place = i % workers.length
  const { child } = workers[place]
  if (i === 4) {
    await redis.restart('SIGKILL')
    faults.restarts++
  } else if (i % 5 === 2) {
    child.kill('SIGSTOP')
    await sleep(8000)
    child.kill('SIGCONT')
    faults.paused++
  } else if (i % 5 === 3) {
    renameSync(at('queued'), at('away')) // nothing can be written, as on a full disk
    await sleep(4000)
    renameSync(at('away'), at('queued'))
    faults.full++
  } else {
    child.kill('SIGKILL')
    workers[place] = worker()
    faults.killed++
  }
  await sleep(4000)
}
await Promise.all(workers.map(({ ended }) => ended))
console.log(`3 workers: ${seconds(disturbed)} s, ${JSON.stringify(faults)}`)
const isSame = (await merged('queued')) === (await merged('whole'))
const { json } = await run('status', '', ...queue)
console.log(`${json.jobs.failed} shards failed; the records are ${isSame ? 'the same' : 'OTHERS'}`)
await redis.stop()
rmSync(dir, { recursive: true, force: true })
process.exitCode = isSame ? 0 : 1
