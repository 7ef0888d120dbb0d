// info.estimateMemory against the real peak of processes, each less what Node and the addon take before the model.
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'
import { Clvp } from '../../dist/lib/index.js'

const script = fileURLToPath(new URL('../../scripts/bench/memory.mjs', import.meta.url))
const isMeasured = process.platform === 'linux' && process.arch === 'x64'

/** Node without tap's loaders, which tap gives to every process that a test starts: they take 50 MB, and free some of it during the call. */
const plain = ['-u', 'NODE_OPTIONS', process.execPath]

t.test('the estimate is near the peak', { skip: !isMeasured && 'measured on Linux, x64' }, async (t) => {
  const calls = [
    { candidates: 1, tokens: 20 },
    // As many tokens as each candidate has: one that stops early takes less.
    { candidates: 16, tokens: 48, scores: 'none' },
    { candidates: 16, tokens: 48 },
  ]
  // The median of three processes, and wide limits: beside so small a model V8's heap, which differs by 8 MB from run to run, is
  // most of it. scripts/memory/table.mjs holds the estimate to a tenth at the published size.
  for (const call of calls) {
    const asked = JSON.stringify({ file: Clvp.demo, ...call })
    const runs = []
    for (let i = 0; i < 3; i++)
      runs.push(JSON.parse((await promisify(execFile)('env', [...plain, script, asked])).stdout))
    const { found, estimate } = runs.sort((a, b) => a.found - b.found)[1]
    const share = found / estimate.total
    t.ok(share > 0.6 && share < 1.25, `${asked}: ${found} bytes, estimated ${JSON.stringify(estimate)}`)
  }
})

t.test('the parts add up, and grow with what they depend on', async (t) => {
  const clvp = await Clvp.load(Clvp.demo)
  t.teardown(() => clvp.dispose())
  const { estimateMemory, estimateBytes, bytes } = clvp.info
  const small = { candidates: 4, tokens: 50 }
  const { total, ...parts } = estimateMemory(small)
  t.equal(
    Object.values(parts).reduce((a, b) => a + b),
    total,
  )
  t.equal(parts.weights, bytes)
  t.equal(estimateBytes(small), total)
  t.ok(estimateBytes({ ...small, candidates: 8 }) > total)
  t.ok(estimateBytes({ ...small, tokens: 100 }) > total)
  t.ok(estimateBytes({ ...small, textTokens: 20 }) < total)
  t.ok(estimateBytes({ ...small, batchSize: 2 }) < total)
  t.ok(estimateBytes({ ...small, scores: 'none' }) < total)
  for (const bad of [
    {},
    { candidates: 0, tokens: 1 },
    { ...small, tokens: 1e6 },
    { ...small, tokns: 1 },
    5,
  ]) {
    t.throws(() => estimateMemory(bad), { code: 'CLVP_INVALID_ARGUMENT' })
  }
})
