// Latents: the decoder's states that predict a row's codes, as an array, from generate(), and in files.
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { crc32 } from 'node:zlib'
import t from 'tap'
import { loadModel } from '../../dist/lib/addon/jobs.js'
import { createSession } from '../../dist/lib/session/session.js'
import { loadTinyModel, tinyFile, tone } from '../helpers/model.js'
import { readSafetensors } from '../helpers/safetensors.js'
import { wavOf } from '../helpers/wav.js'

const { clvp, voice } = await loadTinyModel(t)
const { width } = clvp.info.decoder
const text = 'Hello world.'
const few = { voice, candidates: 3, maxTokens: 12, seed: 6 }
const refused = { code: 'CLVP_INVALID_ARGUMENT' }
const through = (value) => JSON.parse(JSON.stringify(value))

/** The largest difference over the largest magnitude. */
function error(actual, expected) {
  if (actual.length !== expected.length) return Infinity
  const scale = Math.max(...expected.map(Math.abs))
  return Math.max(...expected.map((value, i) => Math.abs(value - actual[i]))) / scale
}

t.test('those of the session, with the positions that were asked for', async (t) => {
  const session = createSession(await loadModel(await tinyFile(), {}), { threads: 1 })
  t.teardown(() => session.dispose())
  const { tokens } = await clvp.explain(text)
  const prompt = { textIds: Int32Array.from(tokens, ({ id }) => id), voice: voice.embedding }
  const codes = [5, 9, 250, 9, 83]
  const seen = []
  for (const positions of ['trained', 'cached', 'transformers']) {
    const found = await clvp.latents(text, codes, { voice, positions })
    t.same(found.dims, [codes.length, width], positions)
    t.same(found.data, await session.latents(prompt, Int32Array.from(codes), positions), positions)
    seen.push(found.data)
  }
  t.same((await clvp.latents(text, codes, { voice })).data, seen[0], "'trained' by default")
  t.notSame(seen[1], seen[0])
  t.notSame(seen[2], seen[1])
})

t.test('a row depends on the text, the voice and the codes before it', async (t) => {
  const of = async (codes, more = {}) =>
    (await clvp.latents(more.text ?? text, codes, { voice, ...more.options })).data
  const whole = await of([5, 9, 250, 9])
  const changed = await of([5, 9, 17, 9])
  const before = 3 * width
  t.ok(error(changed.subarray(0, before), whole.subarray(0, before)) < 1e-5, 'up to the changed code')
  t.ok(error(changed.subarray(before), whole.subarray(before)) > 1e-3, 'behind it')
  t.ok(error((await of([5])).subarray(0, width), whole.subarray(0, width)) < 1e-5, 'the first alone')
  t.ok(error(await of([5, 9, 250, 9], { text: 'Bye.' }), whole) > 1e-3, 'another text')
  const other = await clvp.voice({ ...tone(), sampleRate: 16000 })
  t.ok(error(await of([5, 9, 250, 9], { options: { voice: other } }), whole) > 1e-3, 'another voice')
})

t.test('of each candidate that is returned', async (t) => {
  const stages = []
  const onProgress = ({ stage, fraction }) => stages.push([stage, fraction])
  // Drawn with other positions: latents are those of training all the same.
  const options = { ...few, keep: 2, padTo: 20, positions: 'cached', normalizer: 'tortoise' }
  const result = await clvp.generate(text, { ...options, latents: true, onProgress })
  t.equal(result.candidates.length, 2)
  for (const candidate of result.candidates) {
    t.same(candidate.latents.dims, [candidate.codes.length, width])
    t.equal(candidate.codes.length, 20)
    const again = await clvp.latents(text, through(candidate), { voice, normalizer: 'tortoise' })
    t.same(again.data, candidate.latents.data)
  }
  t.equal(result.best, result.candidates[0])
  const { data, dims } = result.best.latents
  t.same(through(result).best.latents, { data: [...data], dims }, 'JSON')
  t.same(stages.at(-1), ['latents', 1])
  t.ok(result.timings.latentsMs > 0)
  const plain = await clvp.generate(text, options)
  t.notOk('latents' in plain.best)
  t.same([...plain.best.codes], [...result.best.codes])
  t.notOk('latents' in result.settings)
})

t.test('memory is planned for', async (t) => {
  const request = { candidates: 4, tokens: 50, padTo: 100 }
  const { estimateBytes } = clvp.info
  const all = estimateBytes({ ...request, latents: true })
  t.ok(all >= estimateBytes(request) + 4 * 4 * 100 * width)
  t.ok(estimateBytes({ ...request, latents: true, keep: 1 }) < all)
})

t.test('what is refused', async (t) => {
  const most = clvp.info.maxTokens
  const bad = [
    [[], { voice }, new RegExp(`1 to ${most} codes`)],
    [new Int32Array(most + 1), { voice }, new RegExp(`1 to ${most} codes`)],
    [new Int32Array(most), { voice, positions: 'cached' }, new RegExp(`1 to ${most - 1} codes`)],
    [[1, 300], { voice }, /0 to 299/],
    ['codes', { voice }, /an Int32Array/],
    [[1], {}, /a voice/],
    [[1], { voice, positions: 'cancelled' }, /'trained'/],
    [[1], { voice, windows: 'first' }, /known names/],
  ]
  for (const [codes, options, message] of bad) {
    await t.rejects(clvp.latents(text, codes, options), { ...refused, message })
  }
  await t.rejects(clvp.latents('', [1], { voice }), refused)
  await t.rejects(clvp.latents(text, [1], { voice, signal: AbortSignal.abort() }), { code: 'CLVP_ABORTED' })
  const long = { ...few, padTo: most + 1 }
  await t.resolves(clvp.generate(text, long))
  await t.rejects(clvp.generate(text, { ...long, latents: true }), {
    ...refused,
    message: /padTo with latents/,
  })
})

// --- files -------------------------------------------------------------------------------------------------------------

/** The arrays of an .npz file, found by its directory and checked against its checksums. */
function readNpz(file) {
  const bytes = readFileSync(file)
  const end = bytes.length - 22
  const arrays = {}
  for (let at = bytes.readUInt32LE(end + 16), n = bytes.readUInt16LE(end + 8); n > 0; n--) {
    const [checksum, size, length, local] = [16, 24, 28, 42].map((field) =>
      field === 28 ? bytes.readUInt16LE(at + field) : bytes.readUInt32LE(at + field),
    )
    const name = bytes.toString('latin1', at + 46, at + 46 + length)
    t.equal(bytes.toString('latin1', local + 30, local + 30 + length), name)
    const npy = Buffer.from(bytes.subarray(local + 30 + length, local + 30 + length + size))
    t.equal(crc32(npy), checksum, `${name}: checksum`)
    arrays[name] = readNpy(npy)
    at += 46 + length
  }
  return arrays
}

function readNpy(npy) {
  t.equal(npy.toString('latin1', 0, 8), '\x93NUMPY\x01\0')
  const start = 10 + npy.readUInt16LE(8)
  t.equal(start % 64, 0, 'aligned')
  const [, type, shape] = npy
    .toString('latin1', 10, start)
    .match(/^\{'descr': '<(.4)', 'fortran_order': False, 'shape': \((.*)\), \} *\n$/)
  return {
    dims: shape.split(',').filter(Boolean).map(Number),
    ...numbers(type === 'f4', npy.subarray(start)),
  }
}

const numbers = (isFloat, bytes) => ({
  data: new (isFloat ? Float32Array : Int32Array)(new Uint8Array(bytes).buffer),
})

t.test('clvp generate --latents', async (t) => {
  const dir = t.testdir({ 'voice.wav': wavOf(tone(0.5)) })
  const main = fileURLToPath(new URL('../../dist/lib/cli/main.js', import.meta.url))
  const model = await tinyFile()
  const at = (name) => join(dir, name)
  const run = (...args) => {
    const all = [
      main,
      'generate',
      model,
      text,
      '--voice',
      at('voice.wav'),
      '--seed',
      '4',
      '--threads',
      '1',
      ...args,
    ]
    return spawnSync(process.execPath, all, { encoding: 'utf8' })
  }
  const draw = ['-n', '3', '--max-tokens', '9', '--compat', 'tortoise', '--json']
  const names = ['a.npz', 'a.safetensors']
  for (const name of names) {
    const { status, stdout, stderr } = run(...draw, '--latents', at(name))
    t.match({ status, stderr }, { status: 0, stderr: '' })
    const [best] = JSON.parse(stdout).candidates
    t.notOk('latents' in best)
    const windows = { windows: 'random', seed: JSON.parse(stdout).voice.origin.seed }
    const same = await clvp.voice(at('voice.wav'), windows)
    const expected = await clvp.latents(text, best, { voice: same, compat: 'tortoise' })
    if (name.endsWith('npz')) {
      const found = readNpz(at(name))
      t.same(Object.keys(found), ['latents.npy', 'codes.npy'])
      t.same(found['latents.npy'], { dims: expected.dims, data: expected.data })
      t.same(found['codes.npy'], { dims: [best.codes.length], data: Int32Array.from(best.codes) })
    } else {
      const { header, data } = readSafetensors(at(name))
      const of = ({ data_offsets: [from, to] }) => data.subarray(from, to)
      t.same(header.latents.shape, expected.dims)
      t.same(numbers(true, of(header.latents)).data, expected.data)
      t.match(header, { latents: { dtype: 'F32' }, codes: { dtype: 'I32', shape: [best.codes.length] } })
      t.same([...numbers(false, of(header.codes)).data], best.codes)
      t.equal(readFileSync(at(name)).readBigUInt64LE() % 8n, 0n, 'aligned')
    }
  }
  const before = readdirSync(dir)
  // So many candidates would take hours: the refusal comes first.
  const never = run('-n', '65536', '--latents', at('a.npy'))
  t.match(never, { status: 2, stdout: '', stderr: /--latents takes .*\.npz or \.safetensors/ })
  t.match(run(...draw, '--latents', at('no/a.npz')), { status: 1, stderr: /CLVP_IO/ })
  t.same(readdirSync(dir), before)
})
