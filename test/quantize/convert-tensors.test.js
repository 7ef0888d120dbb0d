// A tensor that is missing, unknown, reshaped, transposed or of another type is refused by name, whichever it is.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { convertFolder } from '../../dist/lib/index.js'
import { freshCheckpoint, readSafetensors, tensorNames, writeHeader } from '../helpers/safetensors.js'

const folder = freshCheckpoint(t)
const { header, data } = readSafetensors(join(folder, 'model.safetensors'))
/** Buffers that follow from the configuration are not read. */
const used = tensorNames(header).filter((name) => !name.endsWith('inv_freq'))

/** Converts with a changed header; the error must name the tensor. */
async function refused(t, name, change, code = 'CLVP_MODEL_FORMAT') {
  const changed = structuredClone(header)
  change(changed)
  writeHeader(folder, changed, data)
  const error = await convertFolder(folder, `${folder}.gguf`).then(
    () => undefined,
    (error) => error,
  )
  if (error?.code === code && error.message.includes(`${name} `)) return
  t.fail(`${name}: ${error?.code ?? 'no error'} ${error?.message ?? ''}`)
}

t.test('missing', async (t) => {
  for (const name of used) {
    // Its bytes go to a buffer that is not read, so that the file itself stays sound.
    const buffer = 'speech_decoder_model.model.decoder.layers.0.attn.bias'
    await refused(t, name, (header) => {
      header[buffer] = header[name]
      delete header[name]
    })
  }
  t.pass(`${used.length} tensors`)
})

t.test('unknown', async (t) => {
  for (const name of used) {
    await refused(t, `${name}x`, (header) => {
      header[`${name}x`] = { dtype: 'F32', shape: [0], data_offsets: [0, 0] }
    })
  }
  for (const name of [
    'conditioning_encoder',
    'text_encoder_model.layers.2.input_rmsnorm.weight',
    '',
    '__proto__',
  ]) {
    await refused(t, name, (header) => {
      Object.defineProperty(header, name, {
        value: { dtype: 'F32', shape: [0], data_offsets: [0, 0] },
        enumerable: true,
      })
    })
  }
  t.pass(`${used.length + 4} names`)
})

t.test('reshaped', async (t) => {
  let count = 0
  // One number has no shape to speak of.
  for (const name of used.filter((name) => name !== 'logit_scale')) {
    const { shape } = header[name]
    // A convolution of width 1 is a matrix too.
    const same = [shape.join(), shape.join().replace(/,1$/, '')]
    for (const other of [[1, ...shape], [size(shape)], [size(shape) / 2, 2], [2, size(shape) / 2]]) {
      if (same.includes(other.join()) || !other.every(Number.isInteger)) continue
      count++
      await refused(t, name, (header) => {
        header[name].shape = other
      })
    }
  }
  t.ok(count > 3 * used.length, `${count} shapes`)
})

t.test('transposed', async (t) => {
  const matrices = used.filter((name) => new Set(header[name].shape).size > 1)
  for (const name of matrices) {
    await refused(t, name, (header) => {
      header[name].shape.reverse()
    })
  }
  t.ok(matrices.length > 20, `${matrices.length} matrices`)
})

t.test('of another type', async (t) => {
  for (const name of used) {
    for (const dtype of ['I32', 'U32']) {
      await refused(t, name, (header) => (header[name].dtype = dtype), 'CLVP_UNSUPPORTED')
    }
  }
  t.pass()
})

function size(shape) {
  return shape.reduce((product, n) => product * n, 1)
}

t.test('nothing is written', async (t) => {
  t.same(readdirSync(join(folder, '..')), ['model'])
})
