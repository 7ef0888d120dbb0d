// The index of a sharded checkpoint must be sound and true, and must not lead out of its folder.
import { readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { convertFolder } from '../../dist/lib/index.js'
import { freshCheckpoint, readSafetensors } from '../helpers/safetensors.js'

const folder = freshCheckpoint(t, 'plain', { shards: 3 })
const path = join(folder, 'model.safetensors.index.json')
const shard = (n) => `model-0000${n}-of-00003.safetensors`
const text = readFileSync(path, 'utf8')

/** Converts with a changed weight map; the error must have the code and say what is wrong. */
async function refused(t, name, change, message, code = 'CLVP_MODEL_FORMAT') {
  const index = JSON.parse(text)
  change(index.weight_map, index)
  writeFileSync(path, JSON.stringify(index))
  await t.rejects(convertFolder(folder, `${folder}.gguf`), { name: 'ClvpError', code, message }, name)
  t.same(readdirSync(join(folder, '..')), ['model'], 'nothing is written')
}

t.test('names that lead elsewhere', async (t) => {
  for (const name of [
    `../${shard(1)}`,
    `model/../../model/${shard(1)}`,
    `./${shard(1)}`,
    `..\\${shard(1)}`,
    join(folder, shard(1)),
    '/etc/passwd',
    'C:\\model.safetensors',
    `${shard(1)}\0`,
    `\n${shard(1)}`,
    '..',
    '',
    'pytorch_model.bin',
    'https://example.com/model.safetensors',
    5,
    null,
    {},
    [shard(1)],
  ]) {
    await refused(t, JSON.stringify(name), (map) => (map.logit_scale = name), /is not a valid shard name/)
  }
})

t.test('what does not agree with the shards', async (t) => {
  const missing = /Cannot read .*model-00004-of-00003\.safetensors/
  await refused(t, 'a shard that is not there', (map) => (map.logit_scale = shard(4)), missing, 'CLVP_IO')
  await refused(t, 'a tensor in another shard', (map) => (map.logit_scale = shard(2)), /logit_scale/)
  await refused(t, 'a tensor that is nowhere', (map) => (map.extra = shard(1)), /extra/)
  await refused(t, 'a tensor left out', (map) => delete map.logit_scale, /logit_scale/)
  await refused(
    t,
    'a shard left out',
    (map) => {
      for (const [name, file] of Object.entries(map)) if (file === shard(2)) delete map[name]
    },
    /is missing/,
  )
})

t.test('not an index', async (t) => {
  await refused(t, 'no map', (_, index) => delete index.weight_map, /weight_map/)
  await refused(t, 'a map that is a list', (_, index) => (index.weight_map = [shard(1)]), /weight_map/)
  await refused(t, 'an empty map', (_, index) => (index.weight_map = {}), /is missing/)
  const many = (map) => {
    for (let i = 0; i < 300; i++) map[`extra.${i}`] = `extra-${i}.safetensors`
  }
  await refused(t, 'too many shards', many, /more than 256/)
  for (const content of ['', '{', '[]', 'null', '"x"', Buffer.of(0x7b, 0xff, 0x7d)]) {
    writeFileSync(path, content)
    await t.rejects(convertFolder(folder, `${folder}.gguf`), {
      code: 'CLVP_MODEL_FORMAT',
      message: /index\.json/,
    })
  }
})

t.test('the same tensor in two shards', async (t) => {
  writeFileSync(path, text)
  const first = join(folder, shard(1))
  const second = join(folder, shard(2))
  renameSync(second, `${second}.kept`)
  writeFileSync(second, readFileSync(first))
  await t.rejects(convertFolder(folder, `${folder}.gguf`), {
    code: 'CLVP_MODEL_FORMAT',
    message: /is also in another shard/,
  })
  rmSync(second)
  renameSync(`${second}.kept`, second)
})

t.test('shards that are links are followed: the hub stores them so', async (t) => {
  writeFileSync(path, text)
  const file = join(folder, shard(1))
  renameSync(file, join(folder, '..', 'blob'))
  symlinkSync('../blob', file)
  t.ok(Object.keys(readSafetensors(file).header).length > 0)
  t.ok(await convertFolder(folder, `${folder}.gguf`))
})
