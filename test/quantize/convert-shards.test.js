// A checkpoint in shards becomes the same file as one in a single file, byte for byte; so does the same one twice.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { convertFolder } from '../../dist/lib/index.js'
import { readRecipe, writeCheckpoint } from '../helpers/checkpoint.js'

/** The model's name is its folder's, so all folders here have the same. */
async function converted(t, recipe, options, type) {
  const dir = t.testdir({})
  const folder = join(dir, 'model')
  writeCheckpoint(readRecipe(recipe), folder, options)
  const target = join(dir, 'out.gguf')
  const result = await convertFolder(folder, target, { type })
  t.equal(result.bytes, readFileSync(target).length)
  t.same(readdirSync(dir).sort(), ['model', 'out.gguf'], 'nothing else is written')
  return readFileSync(target)
}

for (const type of ['f32', 'f16', 'q8_0']) {
  t.test(type, async (t) => {
    const whole = await converted(t, 'plain', {}, type)
    t.ok(whole.equals(await converted(t, 'plain', {}, type)), 'the same input twice')
    for (const shards of [2, 3, 11]) {
      t.ok(whole.equals(await converted(t, 'plain', { shards }, type)), `${shards} shards`)
    }
  })
}

t.test('other layouts', async (t) => {
  for (const recipe of ['wide', 'deep', 'bare', 'small']) {
    const whole = await converted(t, recipe, {}, 'f16')
    t.ok(whole.equals(await converted(t, recipe, { shards: 4 }, 'f16')), recipe)
  }
})

t.test('an existing file is replaced', async (t) => {
  const dir = t.testdir({ 'out.gguf': 'old' })
  writeCheckpoint(readRecipe('plain'), join(dir, 'model'))
  await convertFolder(join(dir, 'model'), join(dir, 'out.gguf'), { type: 'f32' })
  t.equal(readFileSync(join(dir, 'out.gguf')).toString('latin1', 0, 4), 'GGUF')
  t.same(readdirSync(dir).sort(), ['model', 'out.gguf'])
})
