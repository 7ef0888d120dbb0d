// A codebook beside a checkpoint goes into the model file, whatever its type; what is no codebook is refused by name.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { Clvp, convertFolder, inspectModel } from '../../dist/lib/index.js'
import { makeCodebook, readRecipe, writeCheckpoint } from '../helpers/checkpoint.js'
import { readTensor } from '../helpers/model_tensor.js'
import { freshCheckpoint, packSafetensors, writeCodebook } from '../helpers/safetensors.js'

const recipe = { ...readRecipe('plain'), codebook: 7 }
const shape = [7, 4, 80]

/** Halves with all of their bits written out as numbers. */
const halves = (bytes) =>
  Array.from({ length: bytes.length / 2 }, (_, i) => {
    const bits = bytes.readUInt16LE(2 * i)
    const [exponent, fraction] = [(bits >> 10) & 31, bits & 1023]
    const size = exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25)
    return bits & 0x8000 ? -size : size
  })

t.test('as it is in F32, in half precision with every other type', async (t) => {
  const folder = writeCheckpoint(recipe, join(t.testdir(), 'model'))
  const values = makeCodebook(recipe)
  for (const type of ['f32', 'f16', 'bf16', 'q8_0', 'q4_k']) {
    const { fallbacks } = await convertFolder(folder, `${folder}.gguf`, { type })
    const written = await readTensor(`${folder}.gguf`, 'codebook.weight')
    t.match(written, { type: type === 'f32' ? 'f32' : 'f16', dims: [320, 7] }, type)
    t.notOk(fallbacks.some((line) => line.includes('codebook')))
    const { data } = written
    if (type === 'f32') t.same(new Float32Array(Uint8Array.from(data).buffer), values)
    else t.ok(halves(data).every((x, i) => Math.abs(x - values[i]) <= 2 ** -8))
  }
})

t.test('equal numbers of any type give equal bytes', async (t) => {
  const folder = freshCheckpoint(t)
  const bits = Uint16Array.from({ length: 7 * 320 }, (_, i) => 0xc000 + (i % 0x120)) // BF16 from -2 on
  const single = new Float32Array(Uint32Array.from(bits, (x) => x << 16).buffer)
  writeCodebook(folder, single, shape)
  await convertFolder(folder, `${folder}-single.gguf`)
  const header = { codebook: { dtype: 'BF16', shape, data_offsets: [0, 2 * bits.length] } }
  writeFileSync(
    join(folder, 'codebook.safetensors'),
    packSafetensors(header, Buffer.from(new Uint8Array(bits.buffer))),
  )
  await convertFolder(folder, `${folder}-half.gguf`)
  t.ok(readFileSync(`${folder}-single.gguf`).equals(readFileSync(`${folder}-half.gguf`)))
})

t.test('the rest of the file is as without it', async (t) => {
  const folder = freshCheckpoint(t)
  await convertFolder(folder, `${folder}-plain.gguf`)
  const plain = await inspectModel(`${folder}-plain.gguf`)
  writeCodebook(folder, makeCodebook(recipe), shape)
  await convertFolder(folder, `${folder}-more.gguf`)
  const more = await inspectModel(`${folder}-more.gguf`)
  t.same(more.values, plain.values)
  t.same(more.tensors.slice(0, -1), plain.tensors)
})

t.test('a new codebook makes a folder new', async (t) => {
  const dir = t.testdir()
  process.env.CLVP_CACHE = join(dir, 'cache')
  const folder = writeCheckpoint({ ...recipe, codebook: 0 }, join(dir, 'model'))
  const codebook = async () => {
    const clvp = await Clvp.load(folder, { threads: 1 })
    await clvp.dispose()
    return clvp.info.codebook
  }
  t.equal(await codebook(), undefined)
  writeCodebook(folder, makeCodebook(recipe), shape)
  t.same(await codebook(), { codes: 7, framesPerCode: 4 })
})

t.test('what is no codebook', async (t) => {
  const folder = freshCheckpoint(t)
  const file = join(folder, 'codebook.safetensors')
  const refused = (code, message, name) =>
    t.rejects(convertFolder(folder, `${folder}.gguf`), { code, message }, name)
  const format = 'CLVP_MODEL_FORMAT'
  const count = (dims) => dims.reduce((a, b) => a * b, 1)
  for (const wrong of [
    [7, 320],
    [320, 7],
    [7, 3, 80],
    [7, 8, 80],
    [7, 4, 79],
    [299, 4, 80],
    [1, 7, 4, 80],
    [0, 4, 80],
  ]) {
    writeCodebook(folder, new Float32Array(count(wrong)), wrong)
    await refused(
      format,
      /tensor codebook has the shape .*1 to 298 codes, 4 frames, 80 mel channels/,
      `${wrong}`,
    )
  }
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, 70000]) {
    writeCodebook(folder, new Float32Array(7 * 320).fill(value, -1), shape)
    await refused(format, /codebook\.weight/, String(value))
  }
  const tensor = (dtype, from, bytes) => ({ dtype, shape, data_offsets: [from, from + bytes] })
  const data = Buffer.alloc(7 * 320 * 8)
  const write = (header, bytes) => writeFileSync(file, packSafetensors(header, data.subarray(0, bytes)))
  write({ codebook: tensor('I64', 0, 8 * 2240) }, 8 * 2240)
  await refused('CLVP_UNSUPPORTED', /codebook is I64/)
  write({ codes: tensor('F32', 0, 4 * 2240) }, 4 * 2240)
  await refused(format, /codebook\.safetensors: expected one tensor, codebook, but found "codes"/)
  write({ codebook: tensor('F16', 0, 2 * 2240), more: tensor('F16', 2 * 2240, 2 * 2240) }, 4 * 2240)
  await refused(format, /codebook\.safetensors: expected one tensor/)
  write({}, 0)
  await refused(format, /but found nothing/)
  writeFileSync(file, 'no safetensors at all')
  await refused(format, /codebook\.safetensors is not a valid safetensors file/)
})

t.test('a file of the source is not written over, and its name is no shard', async (t) => {
  const folder = writeCheckpoint(recipe, join(t.testdir(), 'model'), { shards: 2 })
  const target = join(folder, 'codebook.safetensors')
  await t.rejects(convertFolder(folder, target), { code: 'CLVP_INVALID_ARGUMENT', message: /source/ })
  const index = join(folder, 'model.safetensors.index.json')
  const { weight_map, ...rest } = JSON.parse(readFileSync(index, 'utf8'))
  writeFileSync(
    index,
    JSON.stringify({ ...rest, weight_map: { ...weight_map, codebook: 'codebook.safetensors' } }),
  )
  await t.rejects(convertFolder(folder, `${folder}.gguf`), { code: 'CLVP_MODEL_FORMAT', message: /codebook/ })
})
