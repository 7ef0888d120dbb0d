// Double precision: the numbers are rounded to F32, and one that F32 cannot hold is refused by its tensor's name.
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { convertFolder } from '../../dist/lib/index.js'
import { freshCheckpoint, packSafetensors } from '../helpers/safetensors.js'
import { packTorch, tensorsOf } from '../helpers/torch.js'
import { pairOf, saveAsPair } from '../helpers/tortoise.js'

async function converted(folder, type) {
  const target = `${folder}.gguf`
  await convertFolder(folder, target, { type })
  return readFileSync(target)
}

/** The same numbers as doubles, a little beside them where F32 still rounds to them. */
function doubled({ dtype, shape, data }) {
  if (dtype !== 'F32') return { dtype, shape, data }
  const doubles = Buffer.alloc(2 * data.length)
  for (let i = 0; i < data.length; i += 4) doubles.writeDoubleLE(data.readFloatLE(i) * (1 + 1e-9), 2 * i)
  return { dtype: 'F64', shape, data: doubles }
}

const all = (tensors) =>
  Object.fromEntries(Object.entries(tensors).map(([name, each]) => [name, doubled(each)]))

function asSafetensors(tensors) {
  const header = {}
  let end = 0
  for (const [name, { dtype, shape, data }] of Object.entries(tensors)) {
    header[name] = { dtype, shape, data_offsets: [end, end + data.length] }
    end += data.length
  }
  return packSafetensors(header, Buffer.concat(Object.values(tensors).map(({ data }) => data)))
}

t.test('safetensors and torch', async (t) => {
  for (const type of ['f32', 'f16', 'q8_0']) {
    const folder = freshCheckpoint(t)
    const expected = await converted(folder, type)
    const path = join(folder, 'model.safetensors')
    const tensors = all(tensorsOf(path))
    writeFileSync(path, asSafetensors(tensors))
    t.ok(expected.equals(await converted(folder, type)), `safetensors, ${type}`)
    rmSync(path)
    writeFileSync(join(folder, 'pytorch_model.bin'), packTorch(tensors))
    t.ok(expected.equals(await converted(folder, type)), `torch, ${type}`)
  }
})

t.test('the pair, whose matrices are transposed and taken apart', async (t) => {
  const folder = freshCheckpoint(t)
  const expected = await converted(folder, 'f32')
  const { autoregressive, clvp2 } = pairOf(folder)
  saveAsPair(folder)
  writeFileSync(join(folder, 'autoregressive.pth'), packTorch(all(autoregressive)))
  writeFileSync(join(folder, 'clvp2.pth'), packTorch(all(clvp2)))
  t.ok(expected.equals(await converted(folder, 'f32')))
})

t.test('beyond F32', async (t) => {
  const folder = freshCheckpoint(t)
  const path = join(folder, 'model.safetensors')
  const tensors = all(tensorsOf(path))
  const name = 'speech_encoder_model.projection.weight'
  for (const [value, message] of [
    [
      1e39,
      /within the range of F32 for the tensor speech_encoder_model\.projection\.weight but found 1e\+39/,
    ],
    [-1e300, /projection\.weight but found -1e\+300/],
    [Number.NaN, /weight of nan/],
    [Number.POSITIVE_INFINITY, /weight of inf/],
  ]) {
    const data = Buffer.from(tensors[name].data)
    data.writeDoubleLE(value, 80)
    writeFileSync(path, asSafetensors({ ...tensors, [name]: { ...tensors[name], data } }))
    await t.rejects(converted(folder, 'f32'), { code: 'CLVP_MODEL_FORMAT', message }, String(value))
  }
})
