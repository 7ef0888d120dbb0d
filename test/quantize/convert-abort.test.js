// A conversion that is stopped, or that fails, leaves neither a target nor a temporary file.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { convertFolder } from '../../dist/lib/index.js'
import { freshCheckpoint } from '../helpers/safetensors.js'

const aborted = { code: 'CLVP_ABORTED', name: 'AbortError' }

t.test('abort', async (t) => {
  const folder = freshCheckpoint(t)
  const out = join(folder, '..', 'out')
  mkdirSync(out)
  const target = join(out, 'model.gguf')
  const fractions = []
  await convertFolder(folder, target, { onProgress: (fraction) => fractions.push(fraction) })
  t.equal(fractions.at(-1), 1)
  t.same(
    fractions,
    [...fractions].sort((a, b) => a - b),
    'progress only grows',
  )
  const whole = readFileSync(target)

  await t.rejects(convertFolder(folder, join(out, 'x.gguf'), { signal: AbortSignal.abort() }), aborted)
  for (const call of [1, 2, 30, fractions.length - 1, fractions.length]) {
    const abort = new AbortController()
    let calls = 0
    const onProgress = () => ++calls === call && abort.abort()
    await t.rejects(convertFolder(folder, join(out, 'x.gguf'), { signal: abort.signal, onProgress }), aborted)
    t.equal(calls, call, 'no progress after an abort')
  }
  t.same(readdirSync(out), ['model.gguf'])

  const abort = new AbortController()
  const onProgress = (fraction) => fraction > 0.5 && abort.abort()
  await t.rejects(convertFolder(folder, target, { signal: abort.signal, onProgress }), aborted)
  t.ok(readFileSync(target).equals(whole), 'an existing file stays as it is')
  t.same(readdirSync(out), ['model.gguf'])
})

t.test('aborts at any time', async (t) => {
  const folder = freshCheckpoint(t)
  const out = join(folder, '..', 'out')
  mkdirSync(out)
  for (let i = 0; i < 20; i++) {
    const abort = new AbortController()
    setTimeout(() => abort.abort(), i / 2)
    const target = join(out, `${i}.gguf`)
    const outcome = await convertFolder(folder, target, { signal: abort.signal }).then(
      () => 'whole',
      (error) => error.code,
    )
    t.same(
      readdirSync(out).filter((name) => name.startsWith(`${i}.`)),
      outcome === 'whole' ? [`${i}.gguf`] : [],
    )
    t.ok(['whole', 'CLVP_ABORTED'].includes(outcome), outcome)
  }
})

t.test('a callback that throws', async (t) => {
  const folder = freshCheckpoint(t)
  const out = join(folder, '..', 'out')
  mkdirSync(out)
  const onProgress = () => {
    throw new RangeError('mine')
  }
  await t.rejects(convertFolder(folder, join(out, 'x.gguf'), { onProgress }), new RangeError('mine'))
  t.same(readdirSync(out), [])
})

t.test('a target that cannot be written', async (t) => {
  const folder = freshCheckpoint(t)
  const dir = join(folder, '..')
  mkdirSync(join(dir, 'folder'))
  writeFileSync(join(dir, 'file'), '')
  const names = readdirSync(dir)
  for (const target of ['none/x.gguf', 'folder', 'file/x.gguf']) {
    await t.rejects(convertFolder(folder, join(dir, target)), { code: 'CLVP_IO' }, target)
  }
  t.same(readdirSync(dir), names)
})
