// Variants of the weights: model.fp16.safetensors and its like, taken by name, or alone.
import { readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { Clvp, convertFolder } from '../../dist/lib/index.js'
import { freshCheckpoint, setWeight } from '../helpers/safetensors.js'
import { saveAsTorch } from '../helpers/torch.js'

async function converted(folder, options = {}) {
  const target = `${folder}.gguf`
  await convertFolder(folder, target, { type: 'f32', ...options })
  return readFileSync(target)
}

const move = (folder, from, to) => renameSync(join(folder, from), join(folder, to))

t.test('the only weights there', async (t) => {
  const folder = freshCheckpoint(t)
  const expected = await converted(folder)
  move(folder, 'model.safetensors', 'model.fp16.safetensors')
  t.ok(expected.equals(await converted(folder)), 'found')
  t.ok(expected.equals(await converted(folder, { variant: 'fp16' })), 'named')
  await t.rejects(converted(folder, { variant: 'bf16' }), {
    code: 'CLVP_INVALID_ARGUMENT',
    message: /received 'bf16': it has fp16/,
  })
  process.env.CLVP_CACHE = join(folder, '..', 'cache')
  await (await Clvp.load(folder, { threads: 1, variant: 'fp16', parts: ['ranker'] })).dispose()
})

t.test('torch files', async (t) => {
  const folder = freshCheckpoint(t)
  const expected = await converted(folder)
  saveAsTorch(folder)
  move(folder, 'pytorch_model.bin', 'pytorch_model.fp16.bin')
  t.ok(expected.equals(await converted(folder)))
})

t.test('shards, with both names that their index has', async (t) => {
  for (const index of ['model.safetensors.index.fp16.json', 'model.fp16.safetensors.index.json']) {
    const folder = freshCheckpoint(t, 'plain', { shards: 2 })
    const expected = await converted(folder)
    const path = join(folder, 'model.safetensors.index.json')
    const { weight_map: map, ...rest } = JSON.parse(readFileSync(path, 'utf8'))
    const variant = (name) => name.replace('.safetensors', '.fp16.safetensors')
    for (const name of readdirSync(folder).filter((name) => /^model-.*safetensors$/.test(name))) {
      move(folder, name, variant(name))
    }
    const moved = Object.fromEntries(Object.entries(map).map(([name, file]) => [name, variant(file)]))
    writeFileSync(path, JSON.stringify({ ...rest, weight_map: moved }))
    move(folder, 'model.safetensors.index.json', index)
    t.ok(expected.equals(await converted(folder)), index)
  }
})

t.test('beside others', async (t) => {
  const folder = freshCheckpoint(t)
  const plain = await converted(folder)
  const bytes = readFileSync(join(folder, 'model.safetensors'))
  setWeight(folder, 'logit_scale', 0, 3)
  const other = await converted(folder)
  move(folder, 'model.safetensors', 'model.fp16.safetensors')
  writeFileSync(join(folder, 'model.safetensors'), bytes)
  t.ok(plain.equals(await converted(folder)), 'those without a variant come first')
  t.ok(other.equals(await converted(folder, { variant: 'fp16' })))
  move(folder, 'model.safetensors', 'model.bf16.safetensors')
  await t.rejects(converted(folder), { message: /found the variants bf16, fp16: name one with 'variant'/ })
  t.ok(plain.equals(await converted(folder, { variant: 'bf16' })))
})

t.test('what is no variant', async (t) => {
  const folder = freshCheckpoint(t)
  for (const variant of ['', 'a/b', '..', 'x'.repeat(33), 16]) {
    await t.rejects(converted(folder, { variant }), { code: 'CLVP_INVALID_ARGUMENT' }, String(variant))
  }
  await t.rejects(converted(folder, { variant: 'fp16' }), { message: /it has no variants/ })
  await converted(folder)
  await t.rejects(Clvp.load(`${folder}.gguf`, { variant: 'fp16' }), {
    code: 'CLVP_INVALID_ARGUMENT',
    message: /no variant with a model file/,
  })
})
