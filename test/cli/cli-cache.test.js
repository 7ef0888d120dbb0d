// clvp cache: what converted models there are, of what, and which no load uses again.
import { spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { list, prune } from '../../dist/lib/cli/commands/cache.js'
import { parse } from '../../dist/lib/cli/parser.js'
import { resolveSource } from '../../dist/lib/loading/source.js'
import { readRecipe, writeCheckpoint } from '../helpers/checkpoint.js'

const cache = join(t.testdir({}), 'cache')
process.env.CLVP_CACHE = cache

/** Runs a command in this process. */
function clvp(name, ...words) {
  const command = { list, prune }[name]
  return command.run(parse(command, words), {})
}
const json = async (...words) => JSON.parse(JSON.stringify((await clvp(...words)).json))

/** A fresh cache, and a folder with the path of its converted model. */
async function setUp(t) {
  rmSync(cache, { recursive: true, force: true })
  const folder = join(t.testdir({}), 'model')
  writeCheckpoint(readRecipe('plain'), folder)
  const convert = (type = 'f16') => resolveSource(folder, { type, files: {}, threads: 1 })
  return { folder, convert, path: await convert() }
}

t.test('an empty cache', async (t) => {
  t.match(await clvp('list'), { text: `${cache}: 0 files, 0.0 MB` })
  t.match(await clvp('prune'), { text: `${cache}: 0 files, 0.0 MB removed`, status: 0 })
  await t.rejects(clvp('prune', '--unused-days=-1'), { message: /unused-days/ })
  const main = fileURLToPath(new URL('../../dist/lib/cli/main.js', import.meta.url))
  const { status, stdout } = spawnSync(process.execPath, [main, 'cache'], { encoding: 'utf8' })
  t.match({ status, stdout }, { status: 2, stdout: /^ +list +List .*\n +prune +Remove /m })
})

t.test('a model that its folder leads to stays', async (t) => {
  const { folder, path } = await setUp(t)
  const { entries } = await json('list')
  t.match(entries, [{ path, type: 'f16', bytes: statSync(path).size, source: folder, reason: undefined }])
  t.ok(Math.abs(entries[0].usedMs - Date.now()) < 600_000)
  t.match((await clvp('list')).text, /last used.*made of/)
  t.same((await json('prune')).removed, [])
  t.ok(existsSync(path))
})

t.test('a model whose folder has changed, or is gone', async (t) => {
  const { folder, convert, path: first } = await setUp(t)
  utimesSync(join(folder, 'config.json'), 1000, 1000)
  const second = await convert()
  const other = await convert('q8_0')
  t.match((await json('prune', '--dry-run')).removed, [{ path: first, reason: /has changed/ }])
  t.ok(existsSync(first), 'nothing is removed')
  t.match(await clvp('prune'), { status: 0, text: /1 file, .* MB removed(.|\n)*has changed/ })
  t.notOk(existsSync(first))
  t.same(readdirSync(cache).length, 4, 'two models with their notes')
  rmSync(folder, { recursive: true })
  const { removed } = await json('prune')
  t.match(removed.map(({ path }) => path).sort(), [second, other].sort())
  t.match(removed[0].reason, /is gone/)
  t.same(readdirSync(cache), [])
})

t.test('unused and all', async (t) => {
  const { convert, path } = await setUp(t)
  const note = path.replace('.gguf', '.json')
  utimesSync(note, 1000, 1000)
  t.match((await json('prune', '--unused-days', '30', '--dry-run')).removed, [
    { path, reason: /not used for 30 days/ },
  ])
  await convert()
  t.same((await json('prune', '--unused-days', '30')).removed, [], 'a load is a use')
  t.match((await json('prune', '--all')).removed, [{ path }])
  t.same(readdirSync(cache), [])
})

t.test('what others left', async (t) => {
  const { path } = await setUp(t)
  const put = (name, text, seconds) => {
    writeFileSync(join(cache, name), text)
    if (seconds) utimesSync(join(cache, name), seconds, seconds)
  }
  put('mine.gguf', 'not of the cache')
  put('notes.txt', 'neither')
  put('old-f16-0123456789abcdef.gguf', 'of an earlier version')
  put('bad-f16-0123456789abcdef.gguf', 'with a broken note')
  put('bad-f16-0123456789abcdef.json', '[[[')
  put('.model-f16-0123456789abcdef.gguf.7.ab12.tmp', 'interrupted', 1000)
  put('.model-f16-0123456789abcdef.gguf.8.ab12.tmp', 'under way')
  mkdirSync(join(cache, 'folder-f16-0123456789abcdef.gguf'))
  t.equal((await json('list')).entries.length, 5)
  const { removed } = await json('prune')
  t.match(removed.map((each) => each.reason).sort(), [/interrupted/, /another version/, /another version/])
  t.same(
    readdirSync(cache).sort(),
    [
      '.model-f16-0123456789abcdef.gguf.8.ab12.tmp',
      'folder-f16-0123456789abcdef.gguf',
      'mine.gguf',
      path.slice(cache.length + 1),
      path.slice(cache.length + 1).replace('.gguf', '.json'),
      'notes.txt',
    ].sort(),
  )
})

t.test('a snapshot of the hub', async (t) => {
  const { path } = await setUp(t)
  const note = path.replace('.gguf', '.json')
  const { version } = JSON.parse(readFileSync(note, 'utf8'))
  const snapshot = join(t.testdirName, 'snapshot')
  mkdirSync(snapshot)
  writeFileSync(note, JSON.stringify({ version, folder: snapshot, id: 'owner/name', files: {} }))
  t.match((await json('list')).entries, [{ source: 'owner/name', reason: undefined }])
  rmSync(snapshot, { recursive: true })
  t.match((await json('list')).entries, [{ reason: /snapshot is gone/ }])
})
