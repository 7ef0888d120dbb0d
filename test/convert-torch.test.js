// The same weights as safetensors and as torch files, whole or in shards, become the same model file, byte for byte.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { convertFolder } from '../dist/lib/index.js'
import { readRecipe, writeCheckpoint } from './helpers/checkpoint.js'
import { saveAsTorch } from './helpers/torch.js'

/** The model's name is its folder's, so all folders here have the same. */
function freshFolder(t, recipe = 'plain', options = {}) {
  const folder = join(t.testdir({}), 'model')
  writeCheckpoint(readRecipe(recipe), folder, options)
  return folder
}

async function converted(folder, type = 'f32') {
  const target = `${folder}.gguf`
  await convertFolder(folder, target, { type })
  return readFileSync(target)
}

for (const recipe of ['plain', 'wide', 'bare']) {
  t.test(`${recipe}: one file and shards`, async (t) => {
    const folder = freshFolder(t, recipe)
    const whole = await converted(folder)
    saveAsTorch(folder)
    t.ok(readdirSync(folder).includes('pytorch_model.bin'))
    t.ok(whole.equals(await converted(folder)), 'one file')
    for (const shards of [2, 5]) {
      const folder = freshFolder(t, recipe, { shards })
      saveAsTorch(folder)
      t.ok(readdirSync(folder).includes('pytorch_model.bin.index.json'))
      t.ok(whole.equals(await converted(folder)), `${shards} shards`)
    }
  })
}
