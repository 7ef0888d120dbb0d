// Clvp.load(folder) converts once into the cache; a later load uses the file until the folder or the type changes.
import { readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { Clvp, convertFolder } from '../../dist/lib/index.js'
import { readRecipe, writeCheckpoint } from '../helpers/checkpoint.js'
import { setWeight } from '../helpers/safetensors.js'

const dir = t.testdir({})
const folder = join(dir, 'my-model')
const cache = join(dir, 'cache', 'of', 'mine')
writeCheckpoint(readRecipe('plain'), folder)
process.env.CLVP_CACHE = cache

/** Loads, looks, and lets go again. */
async function load(source, options) {
  const stages = []
  const onProgress = (progress) => stages.push(progress)
  const clvp = await Clvp.load(source, { threads: 1, onProgress, ...options })
  const { type, name } = clvp.info
  await clvp.embedText('Hello.')
  await clvp.dispose()
  return { type, name, stages, seen: [...new Set(stages.map(({ stage }) => stage))] }
}

/** The converted models; a note lies beside each. */
const files = () =>
  readdirSync(cache)
    .filter((name) => name.endsWith('.gguf'))
    .sort()

t.test('the first load converts, the second does not', async (t) => {
  const first = await load(folder)
  t.same(first.seen, ['convert', 'load'])
  t.equal(first.type, 'f16', 'the default')
  t.equal(first.name, 'my-model')
  t.ok(first.stages.every(({ fraction }) => fraction >= 0 && fraction <= 1))
  t.equal(first.stages.findLast(({ stage }) => stage === 'convert').fraction, 1)
  t.equal(first.stages.at(-1).fraction, 1)
  t.equal(files().length, 1)
  t.match(files()[0], /^my-model-f16-[0-9a-f]{16}\.gguf$/)

  const { mtimeMs, ino } = statSync(join(cache, files()[0]))
  const second = await load(folder)
  t.same(second.seen, ['load'])
  t.match(statSync(join(cache, files()[0])), { mtimeMs, ino }, 'the same file')
  t.same((await load(`${folder}/../my-model/`)).seen, ['load'], 'by another way to the same folder')
  t.equal(files().length, 1)
})

t.test('another type is converted for itself', async (t) => {
  for (const type of ['f32', 'q8_0']) {
    const first = await load(folder, { type })
    t.match(first, { type, seen: ['convert', 'load'] })
    t.same((await load(folder, { type })).seen, ['load'])
  }
  t.same((await load(folder, { type: 'f16' })).seen, ['load'])
  t.equal(files().length, 3)
})

t.test('a changed folder is converted again', async (t) => {
  setWeight(folder, 'logit_scale', 0, 1.25)
  t.same((await load(folder)).seen, ['convert', 'load'], 'weights')
  utimesSync(join(folder, 'config.json'), 1e9, 1e9)
  t.same((await load(folder)).seen, ['convert', 'load'], 'the time of a file')
  writeFileSync(join(folder, 'generation_config.json'), '{}')
  t.same((await load(folder)).seen, ['convert', 'load'], 'another file')
  t.same((await load(folder)).seen, ['load'])
})

t.test('two loads at once', async (t) => {
  utimesSync(join(folder, 'config.json'), 1.1e9, 1.1e9)
  const before = files().length
  const loads = await Promise.all([load(folder), load(folder)])
  t.same(
    loads.map(({ type }) => type),
    ['f16', 'f16'],
  )
  t.equal(files().length, before + 1, 'one file')
})

t.test('a load that fails or is stopped leaves nothing in the cache', async (t) => {
  const before = files()
  writeCheckpoint(readRecipe('plain'), join(dir, 'other'))
  const abort = new AbortController()
  const options = { signal: abort.signal, onProgress: () => abort.abort() }
  await t.rejects(Clvp.load(join(dir, 'other'), options), { code: 'CLVP_ABORTED' })
  setWeight(join(dir, 'other'), 'speech_encoder_model.projection.weight', 0, Number.NaN)
  await t.rejects(Clvp.load(join(dir, 'other')), { code: 'CLVP_MODEL_FORMAT' })
  t.same(files(), before)
})

t.test('a cache that cannot be', async (t) => {
  process.env.CLVP_CACHE = join(folder, 'config.json', 'cache')
  await t.rejects(Clvp.load(folder), { code: 'CLVP_IO', message: /CLVP_CACHE/ })
  process.env.CLVP_CACHE = cache
})

t.test('the type of a model file must be its own', async (t) => {
  const file = join(dir, 'own.gguf')
  await convertFolder(folder, file, { type: 'f32' })
  t.equal((await load(file, { type: 'f32' })).type, 'f32')
  t.same((await load(file)).seen, ['load'])
  for (const type of ['f16', 'q8_0']) {
    await t.rejects(Clvp.load(file, { type }), { code: 'CLVP_INVALID_ARGUMENT', message: /f32.*type/ })
  }
})
