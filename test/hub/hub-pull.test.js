// owner/name in place of a path: which files of the hub are fetched, where they lie, and what is said when they cannot be.
import { spawn } from 'node:child_process'
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { Clvp, ClvpModelForConditionalGeneration, convertFolder, pullModel } from '../../dist/lib/index.js'
import { readRecipe, writeCheckpoint } from '../helpers/checkpoint.js'
import { blobsOf, checkCache, repoFolder } from '../helpers/hub_cache.js'
import { commitOf, etagOf, filesOf, startHub } from '../helpers/hub_server.js'

const dir = t.testdir({})
const commit = commitOf('first')
const folder = writeCheckpoint({ ...readRecipe('plain'), codebook: 298 }, join(dir, 'plain'))
const files = filesOf(folder)
const extra = {
  'README.md': Buffer.from('# A model'),
  'special_tokens_map.json': Buffer.from('{}'),
  'pytorch_model.bin': Buffer.from('the same weights again'),
  'onnx/model.onnx': Buffer.from('others'),
  '../../../escaped.json': Buffer.from('{}'),
  'tokenizer.json': Buffer.from('{}'),
  'optimizer.safetensors': Buffer.from('not needed'),
}
const wanted = [...Object.keys(files), 'special_tokens_map.json'].sort()
const gguf = join(dir, 'made.gguf')
await convertFolder(folder, gguf, { type: 'q8_0' })
const sharded = filesOf(writeCheckpoint(readRecipe('plain'), join(dir, 'sharded'), { shards: 3 }))

const single = (held, more = {}) => ({ revisions: { main: commit }, commits: { [commit]: held }, ...more })
const hub = await startHub(t, {
  'owner/plain': {
    revisions: { main: commit, 'v1.0': commit, 'refs/pr/1': commitOf('pr'), gone: commitOf('gone') },
    commits: {
      [commit]: { ...files, ...extra },
      [commitOf('pr')]: { ...files, 'generation_config.json': Buffer.from('{"top_k": 7}') },
    },
  },
  'owner/sharded': single(sharded),
  'owner/ready': single({ 'model-q8_0.gguf': readFileSync(gguf), 'README.md': Buffer.from('x') }),
  'owner/many': single({ 'a.gguf': readFileSync(gguf), 'b.gguf': readFileSync(gguf) }),
  'owner/torch': single({ 'config.json': files['config.json'], 'pytorch_model.bin': Buffer.from('x') }),
  'owner/empty': single({ 'README.md': Buffer.from('x') }),
  'owner/evil': single({
    ...sharded,
    'model.safetensors.index.json': Buffer.from('{"weight_map": {"a": "../../../../evil.safetensors"}}'),
  }),
  'owner/private': single(files, { token: 'hf_right' }),
  'owner/gated': single(files, { gated: true }),
})

let round = 0
/** A cache of its own for each test. */
function setUp(settings = {}) {
  hub.reset()
  for (const name of Object.keys(process.env))
    if (/^(HF_|HUGGING|TRANSFORMERS_|CLVP_CACHE)/.test(name)) delete process.env[name]
  const home = join(dir, `home-${round++}`)
  const cache = join(home, 'hub')
  Object.assign(
    process.env,
    { HF_HOME: home, HF_ENDPOINT: hub.endpoint, CLVP_CACHE: join(home, 'converted') },
    settings,
  )
  return { home, cache }
}

const kinds = () => hub.requests.map(({ kind }) => kind)
const io = (message) => ({ code: 'CLVP_IO', message })

t.test('a pull fetches what is needed, lays it out as huggingface_hub does, and converts it', async (t) => {
  const { cache } = setUp()
  const stages = []
  const onProgress = (progress) => stages.push(progress)
  const pulled = await pullModel('owner/plain', { type: 'q8_0', onProgress })
  const repo = repoFolder(cache, 'owner/plain')
  const snapshot = join(repo, 'snapshots', commit)
  t.match(pulled, { id: 'owner/plain', revision: 'main', commit, snapshot, type: 'q8_0' })
  t.same(readdirSync(snapshot).sort(), wanted)
  t.same(readdirSync(repo).sort(), ['blobs', 'refs', 'snapshots'])
  t.equal(readFileSync(join(repo, 'refs', 'main'), 'utf8'), commit)
  for (const name of wanted) {
    const bytes = { ...files, ...extra }[name]
    t.equal(readlinkSync(join(snapshot, name)), join('..', '..', 'blobs', etagOf(name, bytes)), name)
    t.ok(readFileSync(join(snapshot, name)).equals(bytes), name)
  }
  checkCache(t, cache, 'owner/plain', hub.repos['owner/plain'].commits, 'after a pull')
  t.same(
    readFileSync(pulled.path),
    readFileSync(await convertedAs(t, 'q8_0')),
    'the file that convertFolder makes',
  )
  t.equal(pulled.bytes, readFileSync(pulled.path).length)
  t.equal(
    pulled.snapshotBytes,
    wanted.reduce((sum, name) => sum + { ...files, ...extra }[name].length, 0),
  )

  t.same([...new Set(stages.map(({ stage }) => stage))], ['download', 'convert'])
  const downloads = stages.filter(({ stage }) => stage === 'download').map(({ fraction }) => fraction)
  t.same(
    downloads,
    [...downloads].sort((a, b) => a - b),
    'it only grows',
  )
  t.equal(downloads.at(-1), 1)

  hub.reset()
  t.same(await pullModel('owner/plain', { type: 'q8_0', onProgress: () => t.fail('nothing to do') }), pulled)
  t.same(kinds(), ['api'], 'one question suffices')
})

async function convertedAs(t, type) {
  const target = join(t.testdir({}), 'plain.gguf')
  await convertFolder(folder, target, { type })
  return target
}

t.test('load and fromPretrained take an id', async (t) => {
  setUp()
  const seen = new Set()
  const clvp = await Clvp.load('owner/plain', { threads: 1, onProgress: ({ stage }) => seen.add(stage) })
  t.match(clvp.info, { name: 'plain', type: 'f16' })
  t.same([...seen], ['download', 'convert', 'load'])
  await clvp.dispose()
  const model = await ClvpModelForConditionalGeneration.fromPretrained('owner/plain', {
    revision: 'refs/pr/1',
    threads: 1,
  })
  t.equal(model.generationConfig.topK, 7)
  await model.dispose()
})

t.test('a folder goes before the hub, and revisions are for the hub', async (t) => {
  const { cache } = setUp()
  const before = process.cwd()
  process.chdir(t.testdir({ owner: {} }))
  t.teardown(() => process.chdir(before))
  writeCheckpoint(readRecipe('plain'), join('owner', 'plain'))
  await (await Clvp.load('owner/plain', { threads: 1 })).dispose()
  const wrong = { code: 'CLVP_INVALID_ARGUMENT', message: /revision.*owner\/plain/ }
  await t.rejects(Clvp.load('owner/plain', { revision: 'main' }), wrong)
  t.same(hub.requests, [])
  t.notOk(existsSync(cache))
})

t.test('what is no id is a path', async (t) => {
  setUp()
  for (const source of [
    'plain',
    './owner/plain',
    'owner/plain/',
    'a/b/c',
    '../owner',
    '/owner/plain',
    'owner\\plain',
    'owner/model.gguf',
    '-owner/x',
    'owner/x.',
    'ow ner/x',
    'owner/x--y',
    'owner/x..y',
    'owner/x.git',
    'öwner/x',
    `o/${'x'.repeat(97)}`,
    'C:/x',
  ]) {
    await t.rejects(Clvp.load(source), io(/^There is no model at /), source)
    await t.rejects(pullModel(source), { code: 'CLVP_INVALID_ARGUMENT', message: /owner\/name/ }, source)
  }
  t.same(hub.requests, [], 'the hub is not asked')
})

t.test('wrong options and settings', async (t) => {
  setUp()
  for (const revision of [
    '',
    '../main',
    'a//b',
    '/a',
    'a/',
    'a..b',
    'a b',
    '.hidden',
    'a\0',
    7,
    null,
    'x'.repeat(201),
  ]) {
    await t.rejects(pullModel('owner/plain', { revision }), {
      code: 'CLVP_INVALID_ARGUMENT',
      message: /revision/,
    })
    await t.rejects(Clvp.load('owner/plain', { revision }), {
      code: 'CLVP_INVALID_ARGUMENT',
      message: /revision/,
    })
  }
  for (const options of [{ type: 'q3' }, { force: true }, { signal: 1 }, { onProgress: 1 }, 7]) {
    await t.rejects(pullModel('owner/plain', options), { code: 'CLVP_INVALID_ARGUMENT' })
  }
  for (const [name, value] of [
    ['HF_ENDPOINT', 'ftp://x'],
    ['HF_ENDPOINT', 'huggingface.co'],
    ['HF_ENDPOINT', 'https://me:secret@x'],
    ['HF_HUB_DOWNLOAD_TIMEOUT', 'soon'],
    ['HF_HUB_ETAG_TIMEOUT', '0'],
    ['HF_TOKEN', 'two\nlines'],
  ]) {
    setUp({ [name]: value })
    const error = await pullModel('owner/plain').catch((error) => error)
    t.match(error, { code: 'CLVP_INVALID_ARGUMENT', message: new RegExp(name) }, `${name}=${value}`)
    if (name === 'HF_TOKEN') t.notMatch(error.message, /lines/, 'a secret is not shown')
  }
  t.same(hub.requests, [])
})

t.test('revisions', async (t) => {
  const { cache } = setUp()
  t.equal((await pullModel('owner/plain', { revision: 'v1.0' })).commit, commit)
  const pr = await pullModel('owner/plain', { revision: 'refs/pr/1' })
  t.equal(pr.commit, commitOf('pr'))
  t.equal(
    readFileSync(join(repoFolder(cache, 'owner/plain'), 'refs', 'refs', 'pr', '1'), 'utf8'),
    commitOf('pr'),
  )
  hub.reset()
  t.equal((await pullModel('owner/plain', { revision: commit })).commit, commit)
  t.notOk(existsSync(join(repoFolder(cache, 'owner/plain'), 'refs', commit)))
  t.same(kinds(), ['api'])
  hub.repos['owner/plain'].revisions.main = commitOf('pr')
  t.teardown(() => {
    hub.repos['owner/plain'].revisions.main = commit
  })
  t.equal((await pullModel('owner/plain')).path, pr.path, 'a branch that moves is followed')
})

t.test('shards, and a file that is a model already', async (t) => {
  const { cache } = setUp()
  const seen = []
  const pulled = await pullModel('owner/sharded', {
    onProgress: ({ stage, fraction }) => stage === 'download' && seen.push(fraction),
  })
  t.same(readdirSync(pulled.snapshot).sort(), Object.keys(sharded).sort())
  t.same(
    seen,
    [...seen].sort((a, b) => a - b),
  )
  const ready = await pullModel('owner/ready')
  t.match(ready, { path: join(ready.snapshot, 'model-q8_0.gguf'), type: 'q8_0' })
  t.same(readdirSync(ready.snapshot), ['model-q8_0.gguf'])
  t.equal((await pullModel('owner/ready', { type: 'q8_0' })).path, ready.path)
  await t.rejects(pullModel('owner/ready', { type: 'f32' }), {
    code: 'CLVP_INVALID_ARGUMENT',
    message: /q8_0/,
  })
  checkCache(t, cache, 'owner/sharded', hub.repos['owner/sharded'].commits, 'shards')
})

t.test('repositories without a model', async (t) => {
  const { home } = setUp()
  const wrong = {
    'owner/many': /2 \.gguf files \(a\.gguf, b\.gguf/,
    'owner/torch': /vocab\.json with merges\.txt/,
    'owner/empty': /no usable weights/,
    'owner/evil': /evil\.safetensors.*not a valid shard name/,
  }
  for (const [id, message] of Object.entries(wrong)) {
    await t.rejects(pullModel(id), { code: 'CLVP_MODEL_FORMAT', message }, id)
    t.equal(
      hub.requests.filter(({ kind }) => kind === 'storage').length,
      0,
      'found out before the weights come',
    )
  }
  t.same(readdirSync(home), ['hub'])
})

t.test('the token goes to the hub and to no other host', async (t) => {
  const { home } = setUp()
  await t.rejects(pullModel('owner/private'), io(/owner\/private.*401.*HF_TOKEN/))
  process.env.HF_TOKEN = 'hf_wrong'
  await t.rejects(pullModel('owner/private'), io(/owner\/private.*401.*your token has/))
  await t.rejects(pullModel('owner/gated'), io(/owner\/gated \(403\).*page.*no access/))
  process.env.HF_TOKEN = ' hf_right\n'
  await pullModel('owner/private')
  delete process.env.HF_TOKEN
  rmSync(join(home, 'hub'), { recursive: true })
  writeFileSync(join(home, 'token'), 'hf_right\n')
  hub.reset()
  await pullModel('owner/private', { type: 'f32' })
  const at = (kind) =>
    new Set(hub.requests.filter((each) => each.kind === kind).map(({ headers }) => headers.authorization))
  for (const kind of ['api', 'head', 'file']) t.same([...at(kind)], ['Bearer hf_right'], kind)
  t.same([...at('storage')], [undefined])
})

t.test('what is not there is named', async (t) => {
  setUp()
  await t.rejects(pullModel('owner/none'), io(/no repository owner\/none \(401\).*HF_TOKEN/))
  process.env.HF_TOKEN = 'hf_any'
  await t.rejects(pullModel('owner/none'), io(/no repository owner\/none \(404\)/))
  await t.rejects(
    pullModel('owner/plain', { revision: 'v9' }),
    io(/owner\/plain has no revision 'v9' \(404\)/),
  )
  hub.fault = ({ kind, name }) => (kind === 'head' && name === 'merges.txt' ? { status: 404 } : undefined)
  await t.rejects(pullModel('owner/plain'), io(/file merges\.txt in owner\/plain.*404/))
})

t.test('offline', async (t) => {
  setUp({ HF_HUB_OFFLINE: '1' })
  await t.rejects(Clvp.load('owner/plain'), io(/HF_HUB_OFFLINE.*owner\/plain at 'main'.*unset/))
  t.same(hub.requests, [])
  delete process.env.HF_HUB_OFFLINE
  const pulled = await pullModel('owner/plain')
  hub.reset()
  process.env.HF_HUB_OFFLINE = 'TRUE'
  t.same(await pullModel('owner/plain'), pulled)
  t.equal((await pullModel('owner/plain', { revision: commit })).path, pulled.path)
  await t.rejects(pullModel('owner/plain', { revision: 'v1.0' }), io(/at 'v1\.0'/))
  t.same(hub.requests, [])
  rmSync(join(pulled.snapshot, 'model.safetensors'))
  await t.rejects(pullModel('owner/plain'), io(/no complete snapshot/))
})

t.test('a hub that cannot be reached', async (t) => {
  setUp()
  const pulled = await pullModel('owner/plain')
  const started = performance.now()
  process.env.HF_ENDPOINT = 'http://127.0.0.1:9'
  t.same(await pullModel('owner/plain'), pulled, 'the snapshot that is here')
  process.env.HF_ENDPOINT = hub.endpoint
  for (const fault of [{ status: 503 }, { status: 200, bytes: '<html>Log in to this network</html>' }]) {
    hub.fault = () => fault
    t.same(await pullModel('owner/plain'), pulled)
  }
  setUp({ HF_ENDPOINT: 'http://127.0.0.1:9' })
  await t.rejects(
    Clvp.load('owner/plain'),
    io(/owner\/plain is neither a local path.*127\.0\.0\.1:9.*network/),
  )
  t.ok(performance.now() - started < 3000, 'without many tries')
})

t.test('a snapshot of huggingface_hub is used, links or not', async (t) => {
  for (const hasLinks of [true, false]) {
    const { cache } = setUp({ HF_HUB_OFFLINE: '1' })
    const repo = repoFolder(cache, 'owner/plain')
    const snapshot = join(repo, 'snapshots', commit)
    for (const each of ['blobs', 'refs', join('snapshots', commit)])
      mkdirSync(join(repo, each), { recursive: true })
    writeFileSync(join(repo, 'refs', 'main'), commit)
    for (const [name, bytes] of Object.entries(files)) {
      const etag = etagOf(name, bytes)
      writeFileSync(hasLinks ? join(repo, 'blobs', etag) : join(snapshot, name), bytes)
      if (hasLinks) symlinkSync(join('..', '..', 'blobs', etag), join(snapshot, name))
    }
    const { path } = await pullModel('owner/plain')
    delete process.env.HF_HUB_OFFLINE
    hub.reset()
    const again = await pullModel('owner/plain')
    const fetched = hub.requests
      .filter(({ kind }) => kind === 'file' || kind === 'storage')
      .map(({ name }) => name)
    t.same([...new Set(fetched)], ['special_tokens_map.json'], 'only what it lacks')
    t.ok(existsSync(again.path) && existsSync(path))
  }
})

t.test('copies where there may be no links', async (t) => {
  const { cache } = setUp({ HF_HUB_DISABLE_SYMLINKS: '1' })
  const { snapshot } = await pullModel('owner/plain')
  for (const name of wanted) t.ok(lstatSync(join(snapshot, name)).isFile(), name)
  checkCache(t, cache, 'owner/plain', hub.repos['owner/plain'].commits, 'copies')
  hub.reset()
  await pullModel('owner/plain')
  t.same(kinds(), ['api'])
})

t.test('a cache that cannot be', async (t) => {
  const { home } = setUp()
  writeFileSync(join(dir, 'file'), '')
  process.env.HF_HUB_CACHE = join(dir, 'file', 'hub')
  await t.rejects(pullModel('owner/plain'), io(/could not be written/))
  t.notOk(existsSync(home))
})

t.test('clvp pull', async (t) => {
  const { cache } = setUp()
  const main = fileURLToPath(new URL('../../dist/lib/cli/main.js', import.meta.url))

  const clvp = async (...args) => {
    const child = spawn(process.execPath, [main, ...args])
    const ended = { stdout: '', stderr: '' }
    for (const name of ['stdout', 'stderr']) {
      child[name].on('data', (data) => {
        ended[name] += data
      })
    }
    ended.status = await new Promise((resolve) => child.on('close', resolve))
    return ended
  }
  const { status, stdout, stderr } = await clvp(
    'pull',
    'owner/plain',
    '--revision',
    'v1.0',
    '--type',
    'q8_0',
    '--json',
  )
  t.match({ status, stderr }, { status: 0, stderr: '' })
  const json = JSON.parse(stdout)
  t.match(json, {
    id: 'owner/plain',
    revision: 'v1.0',
    commit,
    type: 'q8_0',
    snapshotBytes: Number,
    bytes: Number,
  })
  const text = (await clvp('pull', 'owner/plain', '--type', 'q8_0')).stdout
  t.match(
    text,
    /^owner\/plain at [0-9a-f]{40}\nsnapshot {2}.+: \d+\.\d MB\nmodel {5}.+\.gguf: q8_0, \d+\.\d MB\n$/,
  )
  t.ok(text.includes(json.snapshot) && text.includes(json.path))
  t.match(await clvp('explain', 'owner/plain', 'Hello.', '--revision', 'v1.0', '--json'), { status: 0 })
  t.match(await clvp('pull'), { status: 2, stderr: /OWNER\/NAME is missing/ })
  t.match(await clvp('pull', 'nothing'), { status: 2, stderr: /owner\/name/ })
  t.match(await clvp('pull', 'owner/none'), { status: 1, stderr: /^clvp: .*owner\/none.*\(CLVP_IO\)\n$/ })
  t.same(blobsOf(cache, 'owner/plain').parts, [])
})
