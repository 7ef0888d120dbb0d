// Half-precision checkpoints (F16, BF16) give the file that the same numbers in F32 give.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { convertFolder } from '../../dist/lib/index.js'
import { cutToBf16, cutToF16 } from '../helpers/half.js'
import { freshCheckpoint, packSafetensors, readSafetensors, tensorNames } from '../helpers/safetensors.js'

/** The same weights as `dtype` and, cut in the same way, as F32. */
function cutWeights({ header, data }, dtype) {
  const cut = dtype === 'F16' ? cutToF16 : cutToBf16
  const count = data.length / 4
  const halves = Buffer.alloc(2 * count)
  const singles = Buffer.alloc(4 * count)
  for (let i = 0; i < count; i++) {
    const { half, single } = cut(data.readUInt32LE(4 * i))
    halves.writeUInt16LE(half, 2 * i)
    singles.writeUInt32LE(single, 4 * i)
  }
  const halved = structuredClone(header)
  for (const name of tensorNames(halved)) {
    const { shape, data_offsets } = halved[name]
    halved[name] = { dtype, shape, data_offsets: data_offsets.map((at) => at / 2) }
  }
  return { half: packSafetensors(halved, halves), single: packSafetensors(header, singles) }
}

for (const dtype of ['F16', 'BF16']) {
  t.test(dtype, async (t) => {
    const folder = freshCheckpoint(t)
    const weights = join(folder, 'model.safetensors')
    const { half, single } = cutWeights(readSafetensors(weights), dtype)
    for (const type of ['f32', 'f16', 'q8_0']) {
      writeFileSync(weights, half)
      await convertFolder(folder, `${folder}-half.gguf`, { type })
      writeFileSync(weights, single)
      await convertFolder(folder, `${folder}-single.gguf`, { type })
      t.ok(readFileSync(`${folder}-half.gguf`).equals(readFileSync(`${folder}-single.gguf`)), `to ${type}`)
    }
  })
}

t.test('tensors of different types in one file', async (t) => {
  const folder = freshCheckpoint(t)
  const weights = join(folder, 'model.safetensors')
  const original = readSafetensors(weights)
  const { single } = cutWeights(original, 'BF16')
  writeFileSync(weights, single)
  const cut = readSafetensors(weights)
  const parts = []
  const header = {}
  let end = 0
  for (const [i, name] of tensorNames(cut.header).entries()) {
    const { shape, data_offsets } = cut.header[name]
    let bytes = cut.data.subarray(...data_offsets)
    if (i % 2 === 1) {
      const upper = Array.from({ length: bytes.length / 4 }, (_, k) => bytes.subarray(4 * k + 2, 4 * k + 4))
      bytes = Buffer.concat(upper)
    }
    header[name] = { dtype: i % 2 === 1 ? 'BF16' : 'F32', shape, data_offsets: [end, end + bytes.length] }
    end += bytes.length
    parts.push(bytes)
  }
  await convertFolder(folder, `${folder}-single.gguf`, { type: 'f16' })
  writeFileSync(weights, packSafetensors(header, Buffer.concat(parts)))
  await convertFolder(folder, `${folder}-mixed.gguf`, { type: 'f16' })
  t.ok(readFileSync(`${folder}-mixed.gguf`).equals(readFileSync(`${folder}-single.gguf`)))
})
