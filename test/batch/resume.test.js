// Runs that are killed, interrupted or shared: the merged records are those of one undisturbed run, byte for byte.
import { existsSync, mkdirSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { batchIn, few, someRows, writeRows } from '../helpers/batch.js'

const dir = t.testdir({})
const { run, start, merged, at } = batchIn(dir)
/** CLVP_KILLS=100 is the long version. */
const kills = Number(process.env.CLVP_KILLS ?? 4)
const rows = someRows(160)
writeRows(at('in.jsonl'), [...rows, '{broken'])
const base = ['generate', 'in.jsonl', ...few, '--seed', '1', '--shard-rows', '16']
await run(...base, '-o', 'whole')
const expected = await merged('whole')

const left = (out) => readdirSync(at(out)).filter((name) => !/^(part-\d+-\d+\.jsonl|run\.json)$/.test(name))

t.test('killed at random points and resumed', async (t) => {
  for (let i = 0, out = 0; i < kills; out++) {
    while (i < kills) {
      const { child, ended } = start(...base, '-o', `killed${out}`)
      await sleep(300 + Math.random() * 1500)
      child.kill('SIGKILL')
      i++
      if ((await ended).signal === null) break // it was faster
    }
    t.equal((await run(...base, '-o', `killed${out}`)).status, 1)
    t.equal(await merged(`killed${out}`), expected)
  }
})

t.test('Ctrl-C and SIGTERM leave whole parts only', async (t) => {
  for (const [signal, status] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ]) {
    const { child, ended } = start(...base, '-o', signal)
    while (!existsSync(at(signal, 'part-000000-16.jsonl'))) await sleep(5)
    child.kill(signal)
    t.match(await ended, { status })
    t.same(left(signal), [], 'no temporary file and no claim')
    await t.rejects(merged(signal), 'it was not complete')
    await run(...base, '-o', signal)
    t.equal(await merged(signal), expected)
  }
})

t.test('several processes share a run', async (t) => {
  const children = [1, 2, 3].map(() => start(...base, '-o', 'shared', '--json'))
  const made = await Promise.all(children.map(({ ended }) => ended))
  for (const { status, stdout } of made) {
    t.equal(status, 1)
    t.match(JSON.parse(stdout), { done: 161 }, 'each ends once all rows are done')
  }
  t.equal(await merged('shared'), expected)
  t.same(left('shared'), [])
})

t.test('another process takes over what a stopped one had', async (t) => {
  const stopped = start(...base, '-o', 'over')
  const claimed = () => (existsSync(at('over', 'claims')) ? readdirSync(at('over', 'claims')) : [])
  while (claimed().length === 0) await sleep(2)
  stopped.child.kill('SIGSTOP')
  const claims = claimed()
  const old = new Date(Date.now() - 60_000)
  for (const claim of claims) utimesSync(at('over', 'claims', claim), old, old) // as if a minute had passed
  t.equal((await run(...base, '-o', 'over')).status, 1)
  t.equal(await merged('over'), expected)
  stopped.child.kill('SIGCONT')
  t.equal((await stopped.ended).status, 1, 'the stopped process ends as well')
  t.equal(await merged('over'), expected)
})

t.test('a part that cannot be written ends the run; the next one goes on', async (t) => {
  mkdirSync(at('full'))
  await run(...base, '-o', 'full', '--limit', '16')
  mkdirSync(at('full', 'part-000003-16.jsonl')) // nothing can be put in the place of a folder
  writeFileSync(at('full', 'part-000003-16.jsonl', 'x'), '')
  t.match(await run(...base, '-o', 'full'), { status: 1, error: /CLVP_IO/ })
  rmSync(at('full', 'part-000003-16.jsonl'), { recursive: true })
  t.equal((await run(...base, '-o', 'full')).status, 1)
  t.equal(await merged('full'), expected)
})

t.test('a damaged part is named', async (t) => {
  await run(...base, '-o', 'damaged')
  writeFileSync(at('damaged', 'part-000002-16.jsonl'), '{"id":"r32"')
  await t.rejects(merged('damaged'), /part-000002-16\.jsonl is damaged/)
  rmSync(at('damaged', 'part-000002-16.jsonl'))
  await run(...base, '-o', 'damaged')
  t.equal(await merged('damaged'), expected)
})
