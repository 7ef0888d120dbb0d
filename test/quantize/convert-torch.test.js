// The same weights as safetensors and as torch files, whole or in shards, become the same model file, byte for byte.
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { Clvp, convertFolder } from '../../dist/lib/index.js'
import { readRecipe, writeCheckpoint } from '../helpers/checkpoint.js'
import { op, pickle, stateDict, tensor } from '../helpers/pickle.js'
import { packTorch, saveAsTorch, tensorsOf, torchEntries } from '../helpers/torch.js'
import { saveAsPair } from '../helpers/tortoise.js'
import { packZip } from '../helpers/zip.js'

/** The model's name is its folder's, so all folders here have the same. */
function freshFolder(t, recipe = 'plain', options = {}) {
  const folder = join(t.testdir({}), 'model')
  writeCheckpoint(readRecipe(recipe), folder, options)
  return folder
}

async function converted(folder, type = 'f32') {
  const target = `${folder}.gguf`
  await convertFolder(folder, target, { type })
  return readFileSync(target)
}

/** A folder, what it becomes, its tensors, and a way to write other weights into it. */
async function freshTensors(t, recipe) {
  const folder = freshFolder(t, recipe)
  const expected = await converted(folder)
  const tensors = tensorsOf(join(folder, 'model.safetensors'))
  rmSync(join(folder, 'model.safetensors'))
  const write = (bytes) => writeFileSync(join(folder, 'pytorch_model.bin'), bytes)
  return { folder, expected, tensors, write }
}

for (const recipe of ['plain', 'wide', 'deep', 'bare']) {
  t.test(`${recipe}: one file and shards`, async (t) => {
    const folder = freshFolder(t, recipe)
    const whole = await converted(folder)
    saveAsTorch(folder)
    t.ok(readdirSync(folder).includes('pytorch_model.bin'))
    t.ok(whole.equals(await converted(folder)), 'one file')
    for (const shards of [2, 5]) {
      const folder = freshFolder(t, recipe, { shards })
      saveAsTorch(folder)
      t.ok(readdirSync(folder).includes('pytorch_model.bin.index.json'))
      t.ok(whole.equals(await converted(folder)), `${shards} shards`)
    }
  })
}

t.test('other ways to write the same file', async (t) => {
  const { folder, expected, tensors, write } = await freshTensors(t)
  const check = async (name, bytes) => {
    write(bytes)
    t.ok(expected.equals(await converted(folder)), name)
  }
  await check('parameters', packTorch(tensors, { isParameter: true }))
  await check('another root', packTorch(tensors, { root: 'pytorch_model' }))
  await check('no byte order, as before torch 2.1', packTorch(tensors, { byteorder: null }))
  const storages = Object.values(tensors).map(({ data }) => data)
  const items = Object.entries(tensors).map(([name, { shape, data }], i) => {
    return [name, tensor({ storage: { key: String(i), count: data.length / 4 }, shape })]
  })
  const entries = torchEntries(pickle(stateDict(items)), storages)
  await check('no 64-bit record', packZip(entries, { end64: null }))
  await check('a comment', packZip(entries, { comment: 'made by hand' }))
  const closed = entries.map((entry) => ({ ...entry, local: { flags: 0, extra: Buffer.alloc(0) } }))
  await check('sizes in the local headers', packZip(closed))
  const plainly = pickle(
    op.dict,
    op.mark,
    ...items.flatMap(([name, value]) => [op.text(name), value]),
    op.setItems,
  )
  await check('a plain dictionary', packZip(torchEntries(plainly, storages)))
  const buffers = { dtype: 'BOOL', shape: [4, 4], data: Buffer.alloc(16) }
  await check(
    'a mask of booleans, which is left out',
    packTorch({ ...tensors, 'speech_decoder_model.model.decoder.layers.0.attn.bias': buffers }),
  )
})

t.test('views: one storage for all, transposed matrices, rows with gaps', async (t) => {
  const { folder, expected, tensors, write } = await freshTensors(t)
  const count = Object.values(tensors).reduce((sum, { data }) => sum + data.length / 4, 0)
  let offset = 0
  const shared = Object.entries(tensors).map(([name, { shape, data }]) => {
    const value = tensor({ storage: { count }, offset, shape })
    offset += data.length / 4
    return [name, value]
  })
  const all = Buffer.concat(Object.values(tensors).map(({ data }) => data))
  write(packZip(torchEntries(pickle(stateDict(shared)), [all])))
  t.ok(expected.equals(await converted(folder)), 'one storage')

  const turned = Object.entries(tensors).map(([name, given]) => [name, transposed(given) ?? given])
  write(packTorch(Object.fromEntries(turned)))
  t.ok(expected.equals(await converted(folder)), 'transposed')

  const spaced = Object.entries(tensors).map(([name, given]) => [name, withGaps(given)])
  write(packTorch(Object.fromEntries(spaced)))
  t.ok(expected.equals(await converted(folder)), 'with gaps')
})

/** A matrix that lies column by column. */
function transposed({ dtype, shape, data }) {
  if (shape.length !== 2) return undefined
  const [rows, columns] = shape
  const turned = Buffer.alloc(data.length)
  for (let i = 0; i < rows * columns; i++) {
    const to = (i % columns) * rows + Math.floor(i / columns)
    data.copy(turned, 4 * to, 4 * i, 4 * i + 4)
  }
  return { dtype, shape, data: turned, strides: [1, rows] }
}

/** Behind three elements, with two elements after each row. */
function withGaps({ dtype, shape, data }) {
  const row = shape.at(-1) ?? 1
  const rows = data.length / 4 / row
  const spaced = Buffer.alloc(4 * (3 + rows * (row + 2)), 0xff)
  for (let i = 0; i < rows; i++) data.copy(spaced, 4 * (3 + i * (row + 2)), 4 * i * row, 4 * (i + 1) * row)
  const strides = shape.map((_, i) => {
    const inner = shape.slice(i + 1, -1).reduce((product, size) => product * size, 1)
    return i === shape.length - 1 ? 1 : inner * (row + 2)
  })
  return { dtype, shape, data: spaced, offset: 3, strides }
}

t.test('half precision, also in views', async (t) => {
  for (const dtype of ['F16', 'BF16']) {
    const { folder, tensors, write } = await freshTensors(t)
    // The same bits as halves; which numbers they are does not matter, as long as they are finite.
    const halves = Object.fromEntries(
      Object.entries(tensors).map(([name, { shape, data }]) => {
        const bits = Buffer.alloc(data.length / 2)
        for (let i = 0; i < bits.length; i += 2) bits.writeUInt16LE(data.readUInt16LE(2 * i + 2) & 0xbbff, i)
        return [name, { dtype, shape, data: bits }]
      }),
    )
    write(packTorch(halves))
    const expected = await converted(folder)
    const turned = Object.entries(halves).map(([name, given]) => [name, transposedHalves(given) ?? given])
    write(packTorch(Object.fromEntries(turned)))
    t.ok(expected.equals(await converted(folder)), dtype)
  }
})

function transposedHalves({ dtype, shape, data }) {
  if (shape.length !== 2) return undefined
  const [rows, columns] = shape
  const turned = Buffer.alloc(data.length)
  for (let i = 0; i < rows * columns; i++) {
    turned.writeUInt16LE(data.readUInt16LE(2 * i), 2 * ((i % columns) * rows + Math.floor(i / columns)))
  }
  return { dtype, shape, data: turned, strides: [1, rows] }
}

t.test('types that weights do not have', async (t) => {
  const { folder, tensors, write } = await freshTensors(t)
  const { shape, data } = tensors.logit_scale
  write(packTorch({ ...tensors, logit_scale: { dtype: 'I64', shape, data: Buffer.alloc(2 * data.length) } }))
  await t.rejects(convertFolder(folder, `${folder}.gguf`), {
    code: 'CLVP_UNSUPPORTED',
    message: /logit_scale is I64; only F64, F32, F16 and BF16/,
  })
})

t.test('an index that lies', async (t) => {
  const folder = freshFolder(t, 'plain', { shards: 2 })
  saveAsTorch(folder)
  const path = join(folder, 'pytorch_model.bin.index.json')
  const index = JSON.parse(readFileSync(path, 'utf8'))
  for (const name of ['../model.bin', 'model.safetensors', 'a/b.bin', '', 7]) {
    const map = { ...index.weight_map, logit_scale: name }
    writeFileSync(path, JSON.stringify({ ...index, weight_map: map }))
    await t.rejects(
      convertFolder(folder, `${folder}.gguf`),
      { code: 'CLVP_MODEL_FORMAT', message: /not a valid shard name/ },
      String(name),
    )
  }
  const [first, second] = [...new Set(Object.values(index.weight_map))]
  const other = { [first]: second, [second]: first }
  const map = { ...index.weight_map, logit_scale: other[index.weight_map.logit_scale] }
  writeFileSync(path, JSON.stringify({ ...index, weight_map: map }))
  await t.rejects(convertFolder(folder, `${folder}.gguf`), { message: /tensor logit_scale is in/ })
})

t.test('safetensors go before torch files, and these before the pair', async (t) => {
  const folder = freshFolder(t)
  const whole = await converted(folder)
  writeFileSync(join(folder, 'pytorch_model.bin'), 'never read')
  writeFileSync(join(folder, 'clvp2.pth'), 'never read')
  t.ok(whole.equals(await converted(folder)))
  saveAsTorch(folder)
  t.ok(whole.equals(await converted(folder)))
  rmSync(join(folder, 'pytorch_model.bin'))
  await t.rejects(convertFolder(folder, `${folder}.gguf`), { message: /autoregressive\.pth is missing/ })
})

t.test('a target that is the source', async (t) => {
  const folder = freshFolder(t)
  const copy = `${folder}-pair`
  cpSync(folder, copy, { recursive: true })
  saveAsTorch(folder)
  saveAsPair(copy)
  for (const target of [join(folder, 'pytorch_model.bin'), join(copy, 'clvp2.pth')]) {
    const before = readFileSync(target)
    const source = target.startsWith(copy) ? copy : folder
    await t.rejects(convertFolder(source, target), {
      code: 'CLVP_INVALID_ARGUMENT',
      message: /of the source/,
    })
    t.ok(before.equals(readFileSync(target)))
  }
})

t.test('Clvp.load takes each of them', async (t) => {
  process.env.CLVP_CACHE = join(t.testdir({}), 'cache')
  const embeddings = []
  for (const save of [() => {}, saveAsTorch, saveAsPair]) {
    const folder = freshFolder(t)
    save(folder)
    const clvp = await Clvp.load(folder, { threads: 1, type: 'f32' })
    embeddings.push([...(await clvp.embedText('Hello.'))])
    await clvp.dispose()
  }
  t.same(embeddings[1], embeddings[0])
  t.same(embeddings[2], embeddings[0])
})
