// Wherever a file is read, what is no regular file is refused at once by a message that says what it is. A FIFO would never end, and a
// device would fill the memory.
import { execFileSync, spawn } from 'node:child_process'
import {
  appendFileSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { open } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { readCodes, readHeard } from '../../dist/lib/cli/codes.js'
import { readTexts, readVoices } from '../../dist/lib/cli/samples.js'
import {
  Clvp,
  ClvpConfig,
  ClvpFeatureExtractor,
  ClvpModelForConditionalGeneration,
  ClvpProcessor,
  ClvpTokenizer,
  calibrate,
  compareModels,
  convertFolder,
  Importance,
  inspectModel,
  pullModel,
  quantizeFile,
  Voice,
  verifyModel,
} from '../../dist/lib/index.js'
import { loadTinyModel, tinyFile } from '../helpers/model.js'
import { freshCheckpoint } from '../helpers/safetensors.js'
import { saveAsPair } from '../helpers/tortoise.js'

if (process.platform === 'win32') {
  t.plan(0, { skip: 'no such files' })
  process.exit()
}

const dir = mkdtempSync(join(tmpdir(), 'clvp-')) // a socket's path must be short
const fifo = join(dir, 'fifo')
execFileSync('mkfifo', [fifo])
const socket = createServer().listen(join(dir, 'socket'))
mkdirSync(join(dir, 'folder'))
symlinkSync(join(dir, 'nothing'), join(dir, 'link'))

/** Of each kind one, by what a message calls it. */
const special = {
  'a FIFO': fifo,
  'a character device': '/dev/zero',
  'a socket': join(dir, 'socket'),
  'a folder': join(dir, 'folder'),
  'a link that leads to nothing': join(dir, 'link'),
}
/** Where a folder is as good as a file. */
const { 'a folder': _, ...notFolders } = special

t.teardown(() => {
  closeSync(openSync(fifo, 'r+')) // who waits for it goes on
  socket.close()
  rmSync(dir, { recursive: true })
})

/** Far more than a refusal takes on the slowest machine. */
const patience = 20_000

async function refused(t, name, read, kinds = special) {
  for (const [kind, path] of Object.entries(kinds)) {
    const late = sleep(patience, 'it takes for ever', { ref: false })
    const outcome = await Promise.race([late, read(path).catch((error) => error)])
    t.match(outcome, { name: 'ClvpError', code: 'CLVP_IO', message: `is ${kind}: ` }, `${name}: ${kind}`)
  }
}

t.test('model files', async (t) => {
  const model = await tinyFile()
  const target = join(t.testdir({}), 'target.gguf')
  await refused(t, 'inspectModel', (path) => inspectModel(path))
  await refused(t, 'verifyModel', (path) => verifyModel(path))
  await refused(t, 'quantizeFile', (path) => quantizeFile(path, target, { type: 'q8_0' }))
  await refused(t, 'Clvp.load', (path) => Clvp.load(path), notFolders)
  await refused(t, 'Clvp.load, mapped', (path) => Clvp.load(path, { mmap: true }), notFolders)
  await refused(t, 'Clvp.load, isolated', (path) => Clvp.load(path, { isolate: true }), notFolders)
  await refused(
    t,
    'fromPretrained',
    (path) => ClvpModelForConditionalGeneration.fromPretrained(path),
    notFolders,
  )
  await refused(t, 'calibrate', (path) => calibrate(path, { texts: ['Hello.'] }), notFolders)
  await refused(t, 'compareModels, a', (path) => compareModels(path, model), notFolders)
  await refused(t, 'compareModels, b', (path) => compareModels(model, path), notFolders)
})

t.test('clips, voices and importances', async (t) => {
  const { clvp } = await loadTinyModel(t)
  await refused(t, 'voice', (path) => clvp.voice(path), notFolders)
  await refused(t, 'voice, one of several', (path) => clvp.voice([Clvp.demoVoice, path]), notFolders)
  await refused(t, 'Voice.load', (path) => Voice.load(path))
  await refused(t, 'Importance.load', (path) => Importance.load(path))
  const texts = ['Hello.']
  const model = await tinyFile()
  await refused(t, 'calibrate', (path) => calibrate(model, { texts, voices: path, threads: 1 }))
})

/** What convertFolder and Clvp.load read of a folder, with what has to be away for that. */
const files = {
  transformers: {
    'config.json': [],
    'generation_config.json': [],
    'preprocessor_config.json': [],
    'processor_config.json': ['preprocessor_config.json'],
    'tokenizer_config.json': [],
    'vocab.json': [],
    'merges.txt': [],
    'tokenizer.json': ['merges.txt'],
    'model.safetensors': [],
    'model.safetensors.index.json': ['model.safetensors'],
    'pytorch_model.bin': ['model.safetensors'],
    'pytorch_model.bin.index.json': ['model.safetensors'],
    'codebook.safetensors': [],
  },
  tortoise: { 'autoregressive.pth': [], 'clvp2.pth': [], 'mel_norms.pth': ['preprocessor_config.json'] },
}

for (const [layout, names] of Object.entries(files)) {
  t.test(`a checkpoint's files: ${layout}`, async (t) => {
    const folder = freshCheckpoint(t)
    if (layout === 'tortoise') saveAsPair(folder)
    const target = join(folder, '..', 'target.gguf')
    for (const [name, away] of Object.entries(names)) {
      const place = join(folder, name)
      const moved = [name, ...away].filter((each) => exists(join(folder, each)))
      for (const each of moved) renameSync(join(folder, each), join(dir, each))
      const read = async (path) => {
        symlinkSync(path, place)
        await convertFolder(folder, target).finally(() => rmSync(place))
      }
      await refused(t, name, read)
      for (const each of moved) renameSync(join(dir, each), join(folder, each))
    }
    await convertFolder(folder, target) // whole again
  })
}

t.test('a shard, and the folder itself', async (t) => {
  const folder = freshCheckpoint(t, 'plain', { shards: 2 })
  const target = join(folder, '..', 'target.gguf')
  const shard = join(folder, 'model-00002-of-00002.safetensors')
  const read = async (path) => {
    rmSync(shard, { force: true })
    symlinkSync(path, shard)
    await convertFolder(folder, target)
  }
  await refused(t, 'a shard', read)
  await refused(t, 'the folder', (path) => convertFolder(path, target), notFolders)
})

t.test("transformers' classes", async (t) => {
  const folder = freshCheckpoint(t)
  const [vocab, merges] = [join(folder, 'vocab.json'), join(folder, 'merges.txt')]
  await refused(t, 'a vocabulary', (path) => ClvpTokenizer.fromFiles(path, merges))
  await refused(t, 'merges', (path) => ClvpTokenizer.fromFiles(vocab, path))
  const classes = {
    'vocab.json': ClvpTokenizer,
    'merges.txt': ClvpTokenizer,
    'tokenizer_config.json': ClvpProcessor,
    'preprocessor_config.json': ClvpFeatureExtractor,
    'processor_config.json': ClvpProcessor,
    'config.json': ClvpConfig,
  }
  for (const [name, Class] of Object.entries(classes)) {
    const place = join(folder, name)
    const bytes = exists(place) ? readFileSync(place) : undefined
    const read = async (path) => {
      rmSync(place, { force: true })
      symlinkSync(path, place)
      await Class.fromPretrained(folder)
    }
    await refused(t, `${Class.name}: ${name}`, read)
    rmSync(place)
    if (bytes) writeFileSync(place, bytes)
  }
})

t.test('the command line', async (t) => {
  await refused(t, 'codes', readCodes)
  await refused(t, 'codes to be heard', (path) => readHeard(path))
  await refused(t, '--texts', readTexts)
  await refused(t, '--voices', (path) => readVoices({ texts: () => [path] }), notFolders)
  const main = fileURLToPath(new URL('../../dist/lib/cli/main.js', import.meta.url))
  const calls = [
    ['generate', 'demo', 'hello', '--voice', fifo],
    ['voice', 'demo', fifo, '-o', join(dir, 'voice.json')],
    ['rank', 'demo', 'hello', fifo],
    ['convert', fifo, join(dir, 'model.gguf')],
  ]
  const run = async (args) => {
    const child = spawn(process.execPath, [main, ...args], {
      stdio: ['ignore', 'ignore', 'pipe'],
      timeout: 120_000,
    })
    let told = ''
    child.stderr.on('data', (text) => {
      told += text
    })
    const [status] = await new Promise((resolve) => child.once('close', (...all) => resolve(all)))
    t.equal(status, 1, args[0])
    t.match(told, 'is a FIFO: ', args[0])
  }
  await Promise.all(calls.map(run))
})

t.test("the hub's token", async (t) => {
  t.intercept(process, 'env', { value: { ...process.env, HF_HOME: dir, HF_ENDPOINT: 'http://127.0.0.1:1' } })
  delete process.env.HF_TOKEN
  await refused(t, 'HF_TOKEN_PATH', (path) => {
    process.env.HF_TOKEN_PATH = path
    return pullModel('owner/name')
  })
})

t.test('a file that grows is read as long as it was', async (t) => {
  const file = join(dir, 'growing.json')
  const { codes } = { codes: [[1, 2, 3]] }
  writeFileSync(file, JSON.stringify(codes))
  const handle = await open(file)
  const handles = Object.getPrototypeOf(handle)
  await handle.close()
  const { read } = handles
  t.teardown(() => Object.assign(handles, { read }))
  handles.read = function (...args) {
    appendFileSync(file, ' '.repeat(2 ** 20))
    return read.apply(this, args)
  }
  t.same(
    (await readCodes(file)).map((row) => [...row]),
    codes,
  )
  t.ok(readFileSync(file).length < 2 ** 22, 'it has not been read to its end')
})

function exists(path) {
  try {
    readFileSync(path)
    return true
  } catch {
    return false
  }
}
