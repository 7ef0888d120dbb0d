// The Nth call to the file system fails, for N = 1, 2, 3, ... until the work is done without: an error that says so, or the same
// result as ever; nothing half is left, and the next try works.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { readRecipe, writeCheckpoint } from '../helpers/checkpoint.js'
import { faults, withFault } from '../helpers/file_faults.js' // before what it stands in for
import { checkCache } from '../helpers/hub_cache.js'
import { commitOf, filesOf, sha256, startHub } from '../helpers/hub_server.js'
import { tone } from '../helpers/model.js'
import { times } from '../helpers/torture.js'

const { Clvp, ClvpProcessor, convertFolder, pullModel, Sound, Voice, writeWav } = await import(
  '../../dist/lib/index.js'
)

t.setTimeout(300_000)
const dir = t.testdir({})
const folder = writeCheckpoint({ ...readRecipe('plain'), codebook: 298 }, join(dir, 'plain'), { shards: 2 })
const gguf = join(dir, 'plain.gguf')
await convertFolder(folder, gguf, { type: 'q8_0' })
const voices = join(dir, 'voices')
mkdirSync(voices)
const clvp = await Clvp.load(gguf, { threads: 1 })
const voice = await clvp.voice(tone())
const clip = join(voices, 'clip.wav')
await writeWav(clip, tone().samples, 22050)
await voice.save(join(voices, 'voice.bin'))
t.teardown(() => clvp.dispose())

const commits = { [commitOf('first')]: filesOf(folder) }
const hub = await startHub(t, { 'owner/plain': { revisions: { main: commitOf('first') }, commits } })

const hashOf = (path) => sha256(readFileSync(path))
const filesIn = (path) =>
  existsSync(path)
    ? readdirSync(path, { recursive: true, withFileTypes: true }).filter((each) => !each.isDirectory())
    : []

/** Work in a folder that is empty at first: what it gives is the same each time. */
const jobs = {
  async 'converting a folder'(home) {
    await convertFolder(folder, join(home, 'model.gguf'), { type: 'q8_0', threads: 1 })
    return hashOf(join(home, 'model.gguf'))
  },
  async 'loading a folder'() {
    const loaded = await Clvp.load(folder, { type: 'q8_0', threads: 1 })
    await loaded.dispose()
    return loaded.info.bytes
  },
  async 'pulling a model'() {
    const { path, commit } = await pullModel('owner/plain', { type: 'q8_0' })
    return `${commit} ${hashOf(path)}`
  },
  async 'a voice and a clip'(home) {
    const path = join(home, 'voice.bin')
    await (await Voice.load(join(voices, 'voice.bin'))).save(path)
    const heard = await clvp.voice(clip)
    return `${hashOf(path)} ${heard.embedding}`
  },
  async 'a sound'(home) {
    const sound = new Sound(tone().samples, 22050, { title: 'a' })
    for (const name of ['a.wav', 'a.flac']) await sound.save(join(home, name))
    return hashOf(join(home, 'a.wav')) + hashOf(join(home, 'a.flac'))
  },
  async 'a processor'(home) {
    const processor = await ClvpProcessor.fromPretrained(folder)
    await processor.savePretrained(join(home, 'processor'))
    return filesIn(home)
      .map(({ name, parentPath, path }) => `${name} ${hashOf(join(parentPath ?? path, name))}`)
      .sort()
      .join()
  },
}

/** Usually one call in four is tried, others for each kind of fault. */
const stride = times(4, 1)

let homes = 0
function freshHome() {
  const home = join(dir, `home-${homes++}`)
  mkdirSync(home)
  for (const name of Object.keys(process.env)) if (/^(HF_|CLVP_CACHE)/.test(name)) delete process.env[name]
  Object.assign(process.env, {
    HF_HOME: home,
    HF_ENDPOINT: hub.endpoint,
    CLVP_CACHE: join(home, 'converted'),
  })
  return home
}

/** A file that nobody will go on with, or that is damaged. */
function checkLeft(t, home, what, mayStay) {
  const left = filesIn(home)
    .map(({ name }) => name)
    .filter((name) => name.includes('.tmp'))
  if (!mayStay) t.same(left, [], `${what}: nothing is left lying about`)
  checkCache(t, join(home, 'hub'), 'owner/plain', commits, what)
}

for (const [name, job] of Object.entries(jobs)) {
  t.test(name, async (t) => {
    const expected = await job(freshHome())
    let tried = 0
    for (const [i, fault] of faults.entries()) {
      const kind = `${fault.name} ${fault.code ?? 'half'}`
      for (let n = 1 + (i % stride); ; n += stride) {
        const home = freshHome()
        const what = `${kind}, call ${n}`
        const { result, error, struck } = await withFault(fault, n, () => job(home))
        if (struck) {
          tried++
          if (error) t.match(error, { name: 'ClvpError', code: 'CLVP_IO' }, what)
          else t.equal(result, expected, what)
          checkLeft(t, home, what, fault.name === 'rm')
          if (error) t.equal(await job(home), expected, `${what}: the next try`)
        }
        rmSync(home, { recursive: true, force: true })
        if (!struck) break
      }
    }
    t.comment(`${tried} faults`)
    t.ok(tried > 2)
  })
}
