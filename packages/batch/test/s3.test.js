// A run whose files are in a bucket: conditional puts, many names, faults; workers that share it.

import { S3Store } from '@node-clvp/batch'
import t from 'tap'
import { batchIn, few, someRows, writeRows } from '../../../test/helpers/batch.js'
import { hasRedis, startRedis } from './helpers/redis.js'
import { hasS3, startS3 } from './helpers/s3.js'

if (!hasRedis || !hasS3()) {
  t.plan(0, 'redis-server or an S3 server is not installed')
  process.exit()
}
const dir = t.testdir({})
const { run, start, merged, at } = batchIn(dir)
const s3 = await startS3()
t.teardown(() => s3.stop())
await s3.makeBucket('bucket')
Object.assign(process.env, s3.environment)
const bytes = (text) => new Uint8Array(Buffer.from(text))

t.test('files of a store', async (t) => {
  const store = S3Store.open('s3://bucket/a run/x')
  t.same(await store.names(), [])
  t.equal(await store.read('none'), undefined)
  t.equal(await store.write('one', bytes('1'), { onlyNew: true }), true)
  t.equal(await store.write('one', bytes('2'), { onlyNew: true }), false, 'the first writer wins')
  t.equal(Buffer.from(await store.read('one')).toString(), '1')
  t.equal(await store.write('one', bytes('3')), true)
  t.equal(Buffer.from(await store.read('one')).toString(), '3')
  await store.write('sounds/000000/a&b <c>.wav', bytes('s'))
  t.same(await store.names(), ['one'], 'names at the top only')
  const many = Array.from({ length: 1010 }, (_, i) => `part-${i}`)
  for (let i = 0; i < many.length; i += 101) {
    await Promise.all(many.slice(i, i + 101).map((name) => store.write(name, bytes('p'))))
  }
  t.same((await store.names('part-')).sort(), many.sort(), 'more than one page')
  await store.remove('one')
  await store.remove('one')
  t.equal(await store.read('one'), undefined)
})

t.test('faults', async (t) => {
  const gone = S3Store.open('s3://none/x')
  await t.rejects(gone.names(), { code: 'CLVP_IO', message: /could not be listed: 404/ })
  await t.rejects(gone.write('a', bytes('1')), { code: 'CLVP_IO', message: /could not be written: 404/ })
  t.throws(() => S3Store.open('s3://', s3.environment), { code: 'CLVP_INVALID_ARGUMENT' })
  t.throws(() => S3Store.open('s3://bucket/x', {}), { message: /AWS_ACCESS_KEY_ID/ })
})

t.test('workers share a run in a bucket', async (t) => {
  const redis = await startRedis(at('redis'))
  t.teardown(() => redis.stop())
  const queue = ['--queue', redis.url]
  writeRows(at('in.jsonl'), [...someRows(40), '{'])
  const base = [...few, '--seed', '1', '--shard-rows', '8']
  await run('generate', 'in.jsonl', '-o', 'whole', ...base)
  t.match(await run('submit generate', 'in.jsonl', '-o', 's3://bucket/run', ...base, ...queue), { status: 0 })
  const workers = [1, 2].map(() => start('work', ...queue, '--exit-when-empty', '--threads', '1'))
  for (const { ended } of workers) t.match(await ended, { status: 0 })
  const { status, stdout } = await start('merge', 's3://bucket/run').ended
  t.equal(status, 0)
  t.equal(stdout, await merged('whole'))
  t.match(await start('status', 's3://bucket/run').ended, {
    status: 0,
    stdout: /41 of 41 rows are done, 1 failed/,
  })
})
