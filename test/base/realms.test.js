// Test environments run code in `vm` contexts, whose Float32Array, Error and Map are not those of Node and of the addon.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { runInNewContext } from 'node:vm'
import t from 'tap'
import { reasonOf } from '../../dist/lib/base/errors.js'
import { Clvp, Importance, Tensor, Voice } from '../../dist/lib/index.js'

const other = (code) => runInNewContext(code)

t.test('values of another realm are taken', async (t) => {
  const clvp = await Clvp.load(Clvp.demo, { threads: 1 })
  t.teardown(() => clvp.dispose())
  const samples = other('new Float32Array(24000).map((_, i) => 0.3 * Math.sin(i / (10 + (i % 4000) / 400)))')
  t.notOk(samples instanceof Float32Array)
  const voice = await clvp.voice({ samples, sampleRate: 24_000 })
  t.same(
    voice.embedding,
    (await clvp.voice({ samples: Float32Array.from(samples), sampleRate: 24_000 })).embedding,
  )
  const ours = await clvp.rank('Good morning.', [new Int32Array([5, 6, 7])])
  t.same(await clvp.rank('Good morning.', [other('new Int32Array([5, 6, 7])')]), ours)
  t.same(await clvp.rank('Good morning.', other('[[5, 6, 7]]')), ours)
  t.equal(new Tensor(other('new Float32Array(4)'), other('[2, 2]')).data.length, 4)
  t.equal(new Voice(other('new Float32Array(3)'), 1).embedding.length, 3)
  const matrices = other("new Map([['a', { rows: 1, meanSquares: new Float32Array([1]) }]])")
  t.equal(new Importance({ model: 'm', texts: 1, voices: 1, matrices }).matrices.size, 1)
  await t.rejects(clvp.rank('Good morning.', [other('new Float64Array(3)')]), {
    code: 'CLVP_INVALID_ARGUMENT',
  })
})

t.test('what an error of any realm says', async (t) => {
  t.equal(reasonOf(other("new Error('no luck')")), 'no luck')
  t.equal(reasonOf(new TypeError('wrong')), 'wrong')
  for (const [thrown, said] of [
    ['text', 'text'],
    [undefined, 'undefined'],
    [null, 'null'],
    [new Error(''), 'Error'],
  ])
    t.equal(reasonOf(thrown), said)
})

t.test('the whole package in another realm', async (t) => {
  const program = fileURLToPath(new URL('../helpers/in_realm.mjs', import.meta.url))
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--experimental-vm-modules', '--no-warnings', program],
    { encoding: 'utf8' },
  )
  t.match({ status, stderr }, { status: 0, stderr: '' })
  const found = JSON.parse(stdout || '{}')
  t.match(found, { isOther: true, ranked: 3, tensor: 4, error: 'CLVP_INVALID_ARGUMENT' })
  t.ok(found.width > 0 && found.codes > 0)
})
