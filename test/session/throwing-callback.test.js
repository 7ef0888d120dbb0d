// What a callback throws stops the call, which rejects with just that; nothing is swallowed and nothing else is hurt.
import t from 'tap'
import { Clvp } from '../../dist/lib/index.js'
import { essence, loadTinyModel, tinyFile } from '../helpers/model.js'

const { clvp, voice } = await loadTinyModel(t, { name: 'deep' })
const few = { voice, candidates: 3, seed: 9 }
const before = (await clvp.generate('Hello.', few)).candidates.map(essence)
const mine = new RangeError('mine')

/** Throws at the n-th call, and counts. */
function throwing(n, error = mine) {
  const callback = () => {
    if (++callback.calls >= n) throw error
  }
  callback.calls = 0
  return callback
}

t.test('generate', async (t) => {
  for (const n of [1, 2, 10]) {
    const onProgress = throwing(n)
    await t.rejects(clvp.generate('Hello.', { ...few, candidates: 4096, onProgress }), mine)
    t.equal(onProgress.calls, n, 'it is not called again')
  }
  const atRank = ({ stage }) => {
    if (stage === 'rank') throw mine
  }
  await t.rejects(clvp.generate('Hello.', { ...few, onProgress: atRank }), mine)
  await t.rejects(clvp.generate('Hello.', { ...few, onProgress: throwing(1, 'a string') }), 'a string')
})

t.test('load', async (t) => {
  const onProgress = throwing(1)
  await t.rejects(Clvp.load(await tinyFile('deep'), { onProgress }), mine)
  t.equal(onProgress.calls, 1)
})

t.test('stream', async (t) => {
  const loop = async () => {
    for await (const _ of clvp.stream('Hello.', { ...few, onProgress: throwing(3) }));
  }
  await t.rejects(loop(), mine)
})

t.test('the next result is unchanged', async (t) => {
  const emitted = []
  process.on('warning', (warning) => emitted.push(warning))
  t.same((await clvp.generate('Hello.', few)).candidates.map(essence), before)
  t.same(emitted, [])
})
