// The output must not be a file of the source, by whatever name: the source would be destroyed.
import { linkSync, readdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { convertFolder } from '../../dist/lib/index.js'
import { freshCheckpoint } from '../helpers/safetensors.js'

const refused = { name: 'ClvpError', code: 'CLVP_INVALID_ARGUMENT', message: /is a file of the source/ }

t.test('input and output', async (t) => {
  const folder = freshCheckpoint(t)
  const dir = join(folder, '..')
  const weights = join(folder, 'model.safetensors')
  const before = readFileSync(weights)
  symlinkSync('model/model.safetensors', join(dir, 'symlink.gguf'))
  symlinkSync('symlink.gguf', join(dir, 'symlink-to-it.gguf'))
  linkSync(weights, join(dir, 'hardlink.gguf'))
  symlinkSync('model', join(dir, 'linked'))
  const names = readdirSync(dir).sort()
  for (const [source, target] of [
    ['model', 'model/model.safetensors'],
    ['model', 'model/../model/./model.safetensors'],
    ['model', 'model/config.json'],
    ['model', 'model/vocab.json'],
    ['model', 'model/merges.txt'],
    ['model', 'model/preprocessor_config.json'],
    ['model', 'symlink.gguf'],
    ['model', 'symlink-to-it.gguf'],
    ['model', 'hardlink.gguf'],
    ['linked', 'model/model.safetensors'],
    ['model', 'linked/model.safetensors'],
    ['linked', 'linked/config.json'],
  ]) {
    await t.rejects(convertFolder(join(dir, source), `${dir}/${target}`), refused, `${source} to ${target}`)
  }
  t.ok(readFileSync(weights).equals(before), 'the source is whole')
  t.same(readdirSync(dir).sort(), names, 'nothing is left behind')
})

t.test('a shard', async (t) => {
  const folder = freshCheckpoint(t, 'plain', { shards: 3 })
  const shard = join(folder, 'model-00002-of-00003.safetensors')
  await t.rejects(convertFolder(folder, shard), refused)
  await t.rejects(convertFolder(folder, join(folder, 'model.safetensors.index.json')), refused)
})

t.test('a new file in the source folder is fine', async (t) => {
  const folder = freshCheckpoint(t)
  t.ok(await convertFolder(folder, join(folder, 'model.gguf')))
})
