// Pulls that meet, stop or die: each file is whole or not there, and what has come is not fetched twice.
import { spawn } from 'node:child_process'
import { existsSync, readFileSync, rmSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { convertFolder, pullModel } from '../../dist/lib/index.js'
import { readRecipe, writeCheckpoint } from '../helpers/checkpoint.js'
import { checkCache, repoFolder } from '../helpers/hub_cache.js'
import { commitOf, filesOf, sha256, startHub } from '../helpers/hub_server.js'

const dir = t.testdir({})
const id = 'owner/plain'
const commit = commitOf('first')
const folder = writeCheckpoint(readRecipe('plain'), join(dir, 'plain'))
const files = filesOf(folder)
const size = files['model.safetensors'].length
const etag = sha256(files['model.safetensors'])
const total = Object.values(files).reduce((sum, { length }) => sum + length, 0)
const hub = await startHub(t, { [id]: { revisions: { main: commit }, commits: { [commit]: files } } })
const converted = join(dir, 'plain.gguf')
await convertFolder(folder, converted, { type: 'f32' })
const child = fileURLToPath(new URL('../helpers/pull_child.js', import.meta.url))

let round = 0
function setUp() {
  hub.reset()
  const home = join(dir, `home-${round++}`)
  Object.assign(process.env, {
    HF_HOME: home,
    HF_ENDPOINT: hub.endpoint,
    CLVP_CACHE: join(home, 'converted'),
  })
  return join(home, 'hub')
}

/** Sends the weights over about this many milliseconds. */
const slow = (milliseconds) => {
  const piece = 16384
  const fault = { piece, pause: milliseconds / (size / piece) }
  return ({ kind }) => (kind === 'storage' ? fault : undefined)
}

function start() {
  const process_ = spawn(process.execPath, [child, id], { stdio: ['ignore', 'pipe', 'inherit'] })
  let stdout = ''
  process_.stdout.on('data', (data) => {
    stdout += data
  })
  const end = new Promise((resolve) => {
    process_.on('close', (status, signal) => resolve({ status, signal, stdout }))
  })
  return { kill: (signal) => process_.kill(signal), end }
}

const check = (t, cache, message) => checkCache(t, cache, id, { [commit]: files }, message)
const storageStarts = () => hub.requests.filter(({ kind }) => kind === 'storage').map(({ start }) => start)

/** Until the weights are on their way. */
async function untilUnderway() {
  while (!hub.requests.some(({ kind, sent }) => kind === 'storage' && sent > 50_000)) {
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

t.test('two processes at once', async (t) => {
  const cache = setUp()
  hub.fault = slow(1000)
  const ends = await Promise.all([start().end, start().end, pullModel(id, { type: 'f32' })])
  for (const { status } of ends.slice(0, 2)) t.equal(status, 0)
  t.same(new Set(ends.slice(0, 2).map(({ stdout }) => JSON.parse(stdout).path)), new Set([ends[2].path]))
  t.same(check(t, cache, 'together').parts, [])
  t.ok(readFileSync(ends[2].path).equals(readFileSync(converted)))
})

t.test('a second pull waits for the first', async (t) => {
  const cache = setUp()
  hub.fault = slow(1500)
  const first = start()
  await untilUnderway()
  await pullModel(id, { type: 'f32' })
  t.equal((await first.end).status, 0)
  t.same(storageStarts(), [0], 'the weights come once')
  t.same(check(t, cache, 'one after the other').parts, [])
})

t.test('a second pull goes on when the first dies', async (t) => {
  const cache = setUp()
  hub.fault = slow(1500)
  const first = start()
  await untilUnderway()
  const second = pullModel(id)
  await new Promise((resolve) => setTimeout(resolve, 300))
  first.kill('SIGKILL')
  await second
  const [from, on] = storageStarts()
  t.equal(from, 0)
  t.ok(on > 50_000, `from byte ${on} on`)
  t.same(check(t, cache, 'taken over').parts, [])
})

t.test('an abort stops at once and leaves only what can be gone on with', async (t) => {
  for (const when of ['before', 'asking', 'underway', 'waiting', 'retrying']) {
    const cache = setUp()
    hub.fault =
      { asking: ({ kind }) => kind === 'head' && { stall: -1 }, retrying: () => ({ status: 503 }) }[when] ??
      slow(3000)
    const other = when === 'waiting' ? start() : undefined
    if (other) await untilUnderway()
    const abort = new AbortController()
    if (when === 'before') abort.abort()
    const pull = pullModel(id, { signal: abort.signal }).catch((error) => error)
    if (when === 'underway') await untilUnderway()
    else await new Promise((resolve) => setTimeout(resolve, 400))
    const started = performance.now()
    abort.abort(new Error('enough'))
    t.match(await pull, { code: 'CLVP_ABORTED', name: 'AbortError' }, when)
    t.ok(performance.now() - started < 200, when)
    other?.kill('SIGKILL')
    await other?.end
    const { parts } = check(t, cache, when)
    const expected = when === 'underway' || when === 'waiting' ? 1 : 0
    t.equal(parts.length, expected, `${when}: ${parts}`)
    if (when === 'before') t.same(hub.requests, [])
    if (when !== 'underway') continue
    t.same(parts, [`${etag}.clvp.incomplete`])
    const before = hub.served()
    hub.fault = undefined
    await pullModel(id)
    t.ok(hub.served() <= total + 65536, `${hub.served() - before} bytes more, after ${before}`)
  }
})

t.test('a part that is damaged, too long or forgotten does no harm', async (t) => {
  const cache = setUp()
  await pullModel(id)
  const repo = repoFolder(cache, id)
  const blob = join(repo, 'blobs', etag)
  const again = async () => {
    hub.reset()
    rmSync(join(repo, 'snapshots', commit, 'model.safetensors'))
    rmSync(blob)
    await pullModel(id)
    t.same(check(t, cache, 'again').parts, [])
    return storageStarts()
  }
  const part = (name, bytes) => writeFileSync(join(repo, 'blobs', `${etag}.${name}incomplete`), bytes)
  part('clvp.', Buffer.alloc(5000, 1))
  t.same(await again(), [5000, 0], 'resumed, found wrong, fetched as a whole')
  part('clvp.', Buffer.alloc(size + 1))
  t.same(await again(), [0])
  part('clvp.', files['model.safetensors'])
  t.same(await again(), [], 'whole, but for its name')
  part('clvp-00000000-1-00000000.', Buffer.alloc(9))
  utimesSync(join(repo, 'blobs', `${etag}.clvp-00000000-1-00000000.incomplete`), 1e9, 1e9)
  t.same(await again(), [0], "another machine's, a day old")
  truncateSync(blob, 9)
  hub.reset()
  rmSync(join(repo, 'snapshots', commit, 'model.safetensors'))
  await pullModel(id)
  t.same(storageStarts(), [0], 'a blob that is too short is none')
  check(t, cache, 'mended')
})

t.test('killed at any moment', async (t) => {
  const cache = setUp()
  hub.fault = slow(600)
  const started = performance.now()
  await start().end
  const whole = performance.now() - started
  let died = 0
  for (let i = 0; i < 60 && died < 24; i++) {
    // Now and then from nothing; else from what the last ones left.
    if (i % 3 === 0) rmSync(process.env.HF_HOME, { recursive: true, force: true })
    hub.fault = slow(600)
    const run = start()
    const timer = setTimeout(() => run.kill('SIGKILL'), (0.1 + 0.8 * Math.random()) * whole)
    const { signal } = await run.end
    clearTimeout(timer)
    died += Number(signal === 'SIGKILL')
    check(t, cache, `killed ${i}`)
    if (i % 3 !== 2) continue
    hub.fault = undefined
    const { path } = await pullModel(id, { type: 'f32' })
    t.ok(readFileSync(path).equals(readFileSync(converted)), 'the right model')
    const { whole: blobs, parts } = check(t, cache, 'afterwards')
    t.match({ blobs: blobs.length, parts }, { blobs: Object.keys(files).length, parts: [] })
  }
  t.ok(died >= 20, `${died} died`)
})

t.test('a disk that is full', { skip: process.platform !== 'linux' }, async (t) => {
  const cache = setUp()
  // Files may grow to half of the weights: to the writer that is a full disk.
  const run = spawn('sh', ['-c', `ulimit -f ${size >> 10}; exec "$0" "$@"`, process.execPath, child, id])
  let stderr = ''
  run.stderr.on('data', (data) => {
    stderr += data
  })
  const status = await new Promise((resolve) => run.on('close', resolve))
  t.not(status, 0)
  t.match(stderr, /CLVP_IO/)
  t.match(stderr, /could not be written.*Free some space/)
  check(t, cache, 'full')
  await pullModel(id)
  t.ok(storageStarts().at(-1) > 0, 'what had room is not fetched again')
  t.same(check(t, cache, 'with room').parts, [])
  t.ok(existsSync(join(repoFolder(cache, id), 'refs', 'main')))
})
