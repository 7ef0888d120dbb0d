// A model file written anew with other types is what a conversion to them gives, whatever the number of threads.
import { existsSync, linkSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import {
  Clvp,
  convertFolder,
  inspectModel,
  modelTypes,
  quantizeFile,
  verifyModel,
} from '../../dist/lib/index.js'
import { broadCheckpoint } from '../helpers/broad.js'
import { freshCheckpoint } from '../helpers/safetensors.js'

const invalid = { name: 'ClvpError', code: 'CLVP_INVALID_ARGUMENT' }

/** A folder with the F32 model of a checkpoint, and where that is. */
async function exact(t, folder = broadCheckpoint(t, { codebook: 298 })) {
  const source = join(folder, '..', 'f32.gguf')
  await convertFolder(folder, source, { type: 'f32' })
  return { folder, source, dir: join(folder, '..') }
}

t.test('every type, as a conversion gives it', async (t) => {
  const { folder, source, dir } = await exact(t)
  for (const type of modelTypes) {
    const [converted, quantized] = [join(dir, 'converted.gguf'), join(dir, 'quantized.gguf')]
    const { fallbacks } = await convertFolder(folder, converted, { type, threads: 1 })
    const result = await quantizeFile(source, quantized, { type, threads: 2 })
    const { bytes } = await inspectModel(quantized)
    t.same(result, { path: quantized, type, bytes, fallbacks, requantized: [] })
    t.ok(readFileSync(quantized).equals(readFileSync(converted)), `${type}: byte for byte`)
    t.ok((await verifyModel(quantized)).isSound, `${type} is sound`)
  }
})

t.test('any number of threads gives the same bytes', async (t) => {
  const { folder, source, dir } = await exact(t)
  for (const type of ['q8_0', 'q4_k_m']) {
    const files = []
    for (const threads of [1, 2, 5]) {
      await quantizeFile(source, join(dir, 'x.gguf'), { type, threads })
      files.push(readFileSync(join(dir, 'x.gguf')))
      await convertFolder(folder, join(dir, 'x.gguf'), { type, threads })
      files.push(readFileSync(join(dir, 'x.gguf')))
    }
    t.ok(
      files.every((file) => file.equals(files[0])),
      type,
    )
  }
})

t.test('weights that are quantized already', async (t) => {
  const { source, dir } = await exact(t)
  const [small, smaller] = [join(dir, 'q8_0.gguf'), join(dir, 'q4_0.gguf')]
  await quantizeFile(source, small, { type: 'q8_0' })
  await t.rejects(quantizeFile(small, smaller, { type: 'q4_0' }), { ...invalid, message: /requantize/ })
  t.notOk(existsSync(smaller))
  const { requantized } = await quantizeFile(small, smaller, { type: 'q4_0', requantize: true })
  t.ok(requantized.includes('dec.blk.0.attn_qkv.weight: q8_0 > q4_0'))
  const { requantized: none } = await quantizeFile(small, join(dir, 'wide.gguf'), { type: 'f32' })
  t.same(none, [], 'widening adds no errors')
  await quantizeFile(join(dir, 'wide.gguf'), smaller, { type: 'q8_0' })
  const { tensors } = await inspectModel(small)
  const again = await inspectModel(smaller)
  const differ = tensors.filter(({ checksum }, i) => checksum !== again.tensors[i].checksum)
  t.same(differ, [], 'Q8_0 comes back from its own numbers')
  const { requantized: same } = await quantizeFile(small, smaller, { type: 'q8_0' })
  t.same(same, [], 'a type that is there already is kept')
  t.ok(readFileSync(smaller).equals(readFileSync(small)))
})

t.test('the result runs, near the source', async (t) => {
  const { source, dir } = await exact(t)
  const load = (file) => Clvp.load(file, { threads: 1 })
  const embedding = async (file) => {
    const clvp = await load(file)
    const found = await clvp.embedText('Hello.')
    await clvp.dispose()
    return found
  }
  const before = await embedding(source)
  for (const [type, least] of [
    ['q8_0', 0.999],
    ['q5_k_m', 0.997],
    ['q4_k_m', 0.99],
  ]) {
    await quantizeFile(source, join(dir, `${type}.gguf`), { type })
    const after = await embedding(join(dir, `${type}.gguf`))
    const cosine = after.reduce((sum, x, i) => sum + x * before[i], 0)
    t.ok(cosine > least && cosine < 1, `${type}: cosine ${cosine.toFixed(5)}`)
  }
})

t.test('the source is kept', async (t) => {
  const { source, dir } = await exact(t, freshCheckpoint(t))
  symlinkSync('f32.gguf', join(dir, 'symlink.gguf'))
  linkSync(source, join(dir, 'hardlink.gguf'))
  const before = readFileSync(source)
  const names = readdirSync(dir).sort()
  for (const [from, to] of [
    ['f32.gguf', 'f32.gguf'],
    ['f32.gguf', './f32.gguf'],
    ['f32.gguf', 'symlink.gguf'],
    ['symlink.gguf', 'f32.gguf'],
    ['f32.gguf', 'hardlink.gguf'],
    ['hardlink.gguf', 'symlink.gguf'],
  ]) {
    await t.rejects(quantizeFile(`${dir}/${from}`, `${dir}/${to}`), {
      ...invalid,
      message: /is a file of the source/,
    })
  }
  t.ok(readFileSync(source).equals(before))
  t.same(readdirSync(dir).sort(), names)
})

t.test('a damaged or foreign source is refused', async (t) => {
  const { source, dir } = await exact(t, freshCheckpoint(t))
  const bytes = readFileSync(source)
  const damaged = Buffer.from(bytes)
  damaged[bytes.length - 100] ^= 1
  for (const [name, content] of [
    ['damaged.gguf', damaged],
    ['short.gguf', bytes.subarray(0, -64)],
    ['empty.gguf', Buffer.alloc(0)],
    ['text.gguf', 'hello'],
  ]) {
    writeFileSync(join(dir, name), content)
    const call = quantizeFile(join(dir, name), join(dir, 'x.gguf'), { type: 'q8_0' })
    await t.rejects(call, { code: 'CLVP_MODEL_FORMAT', message: /clvp verify/ }, name)
  }
  await t.rejects(quantizeFile(join(dir, 'none.gguf'), join(dir, 'x.gguf')), { code: 'CLVP_IO' })
  await t.rejects(quantizeFile(dir, join(dir, 'x.gguf')), { code: 'CLVP_IO' })
  t.notOk(existsSync(join(dir, 'x.gguf')))
})

t.test('options', async (t) => {
  const { source, dir } = await exact(t, freshCheckpoint(t))
  const target = join(dir, 'x.gguf')
  for (const options of [
    { type: 'q4' },
    { threads: 0 },
    { threads: 1.5 },
    { requantize: 1 },
    { unknown: 1 },
    { onProgress: 1 },
    { signal: {} },
    null,
  ]) {
    await t.rejects(quantizeFile(source, target, options), invalid, JSON.stringify(options))
  }
  await t.rejects(quantizeFile(1, target), invalid)
  await t.rejects(quantizeFile(source, ''), invalid)
  t.equal((await quantizeFile(source, target)).type, 'f16')
})

t.test('progress and abort', async (t) => {
  const { source, dir } = await exact(t)
  const target = join(dir, 'x.gguf')
  writeFileSync(target, 'old')
  const fractions = []
  for (const at of [0.1, 0.5, 1]) {
    const abort = new AbortController()
    const onProgress = (fraction) => fraction >= at && abort.abort(new Error('enough'))
    const call = quantizeFile(source, target, { type: 'q8_0', signal: abort.signal, onProgress })
    await t.rejects(
      call,
      { code: 'CLVP_ABORTED', name: 'AbortError', cause: { message: 'enough' } },
      `at ${at}`,
    )
  }
  await t.rejects(quantizeFile(source, target, { signal: AbortSignal.abort() }), { code: 'CLVP_ABORTED' })
  t.equal(readFileSync(target, 'utf8'), 'old')
  await quantizeFile(source, target, { type: 'q8_0', onProgress: (fraction) => fractions.push(fraction) })
  t.equal(fractions.at(-1), 1)
  t.same(
    fractions,
    [...fractions].sort((a, b) => a - b),
    'progress only grows',
  )
  t.same(
    readdirSync(dir).filter((name) => name.includes('tmp')),
    [],
  )
})
