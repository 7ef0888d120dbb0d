// benchmark() and `clvp bench`: rows for what was asked, a recommendation out of them, and an estimate without a run.
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { benchmark, Clvp } from '../../dist/lib/index.js'
import { loadTinyModel } from '../helpers/model.js'

const main = fileURLToPath(new URL('../../dist/lib/cli/main.js', import.meta.url))
const few = { batchSizes: [2, 1], tokens: 4, rounds: 2 }

function bench(...args) {
  return new Promise((resolve) => {
    execFile(process.execPath, [main, 'bench', ...args], (error, stdout, stderr) =>
      resolve({ status: error?.code ?? 0, stdout, stderr }),
    )
  })
}

t.test('a row for each size', async (t) => {
  const { clvp } = await loadTinyModel(t)
  const parts = []
  const found = await benchmark(clvp, { ...few, onProgress: (part) => parts.push(part) })
  t.match(found, { type: 'f32', threads: 1, name: clvp.info.name })
  t.same(
    found.rows.map(({ batchSize }) => batchSize),
    [2, 1],
  )
  for (const row of found.rows) {
    t.ok(row.stepMs > 0 && row.codesPerSecond > 0 && row.prefillMs > 0)
    t.ok(row.estimatedBytes > clvp.info.bytes)
  }
  t.ok(found.rows.includes(found.recommended))
  t.same(parts, [0.25, 0.5, 0.75, 1])
})

t.test('it stops, and bad options are errors', async (t) => {
  const { clvp } = await loadTinyModel(t)
  await t.rejects(benchmark(clvp, { ...few, signal: AbortSignal.abort() }), { code: 'CLVP_ABORTED' })
  const bad = [
    { batchSizes: [] },
    { batchSizes: [0] },
    { batchSizes: 4 },
    { tokens: 1 },
    { rounds: 0 },
    { round: 1 },
  ]
  for (const options of bad) await t.rejects(benchmark(clvp, options), { code: 'CLVP_INVALID_ARGUMENT' })
  await t.rejects(benchmark({}, few), { code: 'CLVP_INVALID_ARGUMENT' })
})

t.test('on the command line, for several models and numbers of threads', async (t) => {
  const args = ['demo', Clvp.demo, '--batch-sizes', '1', '--threads', '1,2', '--tokens', '3', '--rounds', '1']
  const { status, stdout } = await bench(...args, '--json')
  t.equal(status, 0)
  const { results, recommended } = JSON.parse(stdout)
  t.same(
    results.map(({ source, threads }) => [source, threads]),
    [
      ['demo', 1],
      [Clvp.demo, 1],
      ['demo', 2],
      [Clvp.demo, 2],
    ],
  )
  t.match(recommended, { batchSize: 1 })
  t.match(await bench(...args.slice(1)), {
    status: 0,
    stdout: /^model .*codes\/s.*\nRecommended: .* a batch size of 1\n$/s,
  })
})

t.test('an estimate, in parts', async (t) => {
  const { stdout } = await bench(
    'demo',
    '--estimate',
    '-n',
    '4',
    '--tokens',
    '50',
    '--batch-size',
    '2',
    '--json',
  )
  const [{ bytes }] = JSON.parse(stdout)
  const clvp = await Clvp.load(Clvp.demo)
  t.teardown(() => clvp.dispose())
  t.same(bytes, clvp.info.estimateMemory({ candidates: 4, tokens: 50, batchSize: 2 }))
  t.match(await bench('demo', '--estimate'), { status: 0, stdout: /weights +KV cache +activations/ })
})

t.test('wrong usage', async (t) => {
  for (const [args, words] of [
    [[], 'MODEL is missing'],
    [['demo', '--candidates', '2'], '--candidates goes with --estimate'],
    [['demo', '--estimate', '--rounds', '2'], '--rounds goes without --estimate'],
    [['demo', '--threads', '1,x'], "--threads takes whole numbers separated by commas, not 'x'"],
  ]) {
    const { status, stderr } = await bench(...args)
    t.equal(status, 2)
    t.ok(stderr.includes(words), stderr)
  }
})
