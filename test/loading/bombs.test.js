// Files that ask for much more time or memory than they are worth are refused within a second and 64 MiB; texts settle within a second.
import { closeSync, ftruncateSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { Clvp, convertFolder } from '../../dist/lib/index.js'
import { loadTinyModel, tinyFile } from '../helpers/model.js'
import { beginPeak, peak } from '../helpers/peak.js'
import { op, pickle } from '../helpers/pickle.js'
import { freshCheckpoint } from '../helpers/safetensors.js'
import { torchEntries } from '../helpers/torch.js'
import { packZip } from '../helpers/zip.js'
import { text, types, u32, u64 } from '../hostile/gguf.js'

const folder = freshCheckpoint(t)
const weights = join(folder, 'model.safetensors')
const torch = join(folder, 'pytorch_model.bin')
const model = join(folder, '..', 'bomb.gguf')
const MB = 1e6

const repeat = (count, bytes) => Buffer.alloc(count * bytes.length, bytes)

/** A file of so many bytes that begins thus; the rest is a hole. */
function sparse(path, head, size = 100 * MB) {
  const file = openSync(path, 'w')
  writeSync(file, head)
  ftruncateSync(file, size)
  closeSync(file)
}

const gguf = (tensors, keys, ...rest) =>
  Buffer.concat([Buffer.from('GGUF'), u32(3), u64(tensors), u64(keys), ...rest])
const key = (name, type, ...rest) => Buffer.concat([text(name), u32(type), ...rest])
const array = (type, count) => key('a', types.array, u32(type), u64(count))
const many = (count, make) => Buffer.concat(Array.from({ length: count }, (_, i) => make(i)))

/** Heads of model files of 100 MB. */
const models = {
  'a string of 90 MB': gguf(0, 1, key('a', types.string, u64(90 * MB))),
  'an array of 90 MB of bytes': gguf(0, 1, array(types.u8, 90 * MB)),
  'an array of 22 million numbers': gguf(0, 1, array(types.i32, 22 * MB)),
  'an array of 12 million empty strings': gguf(0, 1, array(types.string, 12 * MB)),
  'an array of 2^61 strings': gguf(0, 1, array(types.string, 2n ** 61n)),
  '4,096 keys with 20 KB each': gguf(
    0,
    4096,
    many(4096, (i) => key(`k${i}`, types.string, text('x'.repeat(20_000)))),
  ),
  '4,096 keys with an array each': gguf(
    0,
    4096,
    many(4096, (i) => key(`k${i}`, types.array, u32(types.string), u64(1000), repeat(8000, Buffer.of(0)))),
  ),
  '8,192 tensors': gguf(
    8192,
    0,
    many(8192, (i) => Buffer.concat([text(`t${i}`), u32(1), u64(1), u32(0), u64(32 * i)])),
  ),
  '8,192 tensors of one name': gguf(
    8192,
    0,
    many(8192, (i) => Buffer.concat([text('same'), u32(1), u64(1), u32(0), u64(32 * i)])),
  ),
  '2^63 tensors': gguf(2n ** 63n, 0),
}

/** The memory is the peak during the call, beyond what the process had before it. */
async function limited(t, name, call, expected) {
  const before = beginPeak()
  const started = performance.now()
  await t.rejects(call(), expected, name)
  const seconds = (performance.now() - started) / 1000
  const mebibytes = (peak() - before) / 2 ** 20
  if (seconds > 1) t.fail(`${name}: it took ${seconds.toFixed(2)} s`)
  if (mebibytes > 64) t.fail(`${name}: it took ${mebibytes.toFixed(0)} MiB`)
}

const format = { name: 'ClvpError', code: /^CLVP_(MODEL_FORMAT|UNSUPPORTED)$/ }

t.before(async () => {
  const clvp = await Clvp.load(await tinyFile(), { threads: 1 }) // what is loaded once is not the bombs'
  await clvp.dispose()
})

t.test('model files', async (t) => {
  for (const [name, head] of Object.entries(models)) {
    sparse(model, head)
    await limited(t, name, () => Clvp.load(model), format)
  }
  rmSync(model)
})

const convert = () => convertFolder(folder, `${folder}.gguf`)

t.test('safetensors', async (t) => {
  const heads = {
    'a header of 2^40 bytes': u64(2n ** 40n),
    'a header of 100 MB of nothing': u64(100 * MB - 8),
    'brackets, 32 MB deep': Buffer.concat([u64(32 * MB), repeat(32 * MB, Buffer.from('['))]),
    'objects, 30 MB deep': Buffer.concat([u64(30 * MB), repeat(5 * MB, Buffer.from('{"a":{'))]),
    'a million tensors': million(),
  }
  for (const [name, head] of Object.entries(heads)) {
    sparse(weights, head)
    await limited(t, name, convert, format)
  }
  rmSync(weights)
})

function million() {
  const text = `{${Array.from({ length: 500_000 }, (_, i) => `"${i}":{"dtype":"U8","shape":[]}`).join()}}`
  return Buffer.concat([u64(text.length), Buffer.from(text)])
}

t.test('torch files', async (t) => {
  const file = (...ops) => packZip(torchEntries(pickle(...ops), [Buffer.alloc(8)]))
  const long = op.text('x'.repeat(MB))
  const files = {
    '8 MB of marks': file(repeat(8 * MB, op.mark)),
    '8 MB of lists': file(repeat(8 * MB, Buffer.from(']'))),
    'a text of a megabyte, remembered again and again': file(long, op.put(0), repeat(2 * MB, op.get(0))),
    'a number of 2^31 bytes': file(Buffer.from([0x8b, 0xff, 0xff, 0xff, 0x7f])),
    'a text of 4 GB': file(Buffer.from([0x58, 0xff, 0xff, 0xff, 0xff])),
    'a storage of 100 MB that is a hole': Buffer.from('PK\x03\x04'),
  }
  for (const [name, bytes] of Object.entries(files)) {
    sparse(torch, bytes, name.includes('hole') ? 100 * MB : bytes.length)
    await limited(t, name, convert, format)
  }
  rmSync(torch)
})

t.test('settings', async (t) => {
  const files = {
    'config.json': '['.repeat(MB - 1),
    'vocab.json': `{${'"a":{'.repeat(1.5 * MB)}`,
    'merges.txt': 'a b\n'.repeat(2 * MB),
  }
  for (const [name, text] of Object.entries(files)) {
    const whole = freshCheckpoint(t)
    writeFileSync(join(whole, name), text)
    await limited(t, name, () => convertFolder(whole, `${whole}.gguf`), {
      ...format,
      message: new RegExp(name.replace('.', '\\.')),
    })
  }
})

t.test('texts', async (t) => {
  const { clvp } = await loadTinyModel(t)
  const texts = { spaces: ' ', digits: '9', quotes: '"', dollars: '$1,', accents: 'e\u0301', words: 'word ' }
  for (const [name, piece] of Object.entries(texts)) {
    const text = piece.repeat(MB / piece.length)
    const started = performance.now()
    const outcome = await clvp.embedText(text).then(
      () => 'read', // spaces are one, and a number without end is read as such
      (error) => error.code,
    )
    t.match(outcome, /^(read|CLVP_INVALID_ARGUMENT)$/, `a megabyte of ${name}`)
    const seconds = (performance.now() - started) / 1000
    if (seconds > 1) t.fail(`${name}: it took ${seconds.toFixed(2)} s`)
  }
})
