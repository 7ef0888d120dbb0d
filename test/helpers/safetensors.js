/** Safetensors files taken apart and put together by hand, sound or broken. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readRecipe, writeCheckpoint } from './checkpoint.js'

/** A fresh folder with the checkpoint of a recipe, and its weights taken apart. */
export function freshCheckpoint(t, name = 'plain', options) {
  const folder = join(t.testdir({}), 'model')
  writeCheckpoint(readRecipe(name), folder, options)
  return folder
}

/** { header, data } of a sound file. */
export function readSafetensors(file) {
  const bytes = readFileSync(file)
  const end = 8 + Number(bytes.readBigUInt64LE(0))
  return { header: JSON.parse(bytes.subarray(8, end)), data: bytes.subarray(end) }
}

/** A file's bytes. `header` may be an object, or text that no object would give; `length` may be a lie. */
export function packSafetensors(header, data = Buffer.alloc(0), length = undefined) {
  const isRaw = typeof header === 'string' || Buffer.isBuffer(header)
  const text = Buffer.from(isRaw ? header : JSON.stringify(header))
  const prefix = Buffer.alloc(8)
  prefix.writeBigUInt64LE(length ?? BigInt(text.length))
  return Buffer.concat([prefix, text, data])
}

/** Names of the tensors in a header. */
export function tensorNames(header) {
  return Object.keys(header).filter((name) => name !== '__metadata__')
}

/** Writes a header anew in front of the same data. */
export function writeHeader(folder, header, data) {
  writeFileSync(join(folder, 'model.safetensors'), packSafetensors(header, data))
}

/** Writes a codebook of numbers [codes, frames, mels] as F32 beside a checkpoint. */
export function writeCodebook(folder, values, shape) {
  const header = { codebook: { dtype: 'F32', shape, data_offsets: [0, 4 * values.length] } }
  const data = Buffer.from(new Uint8Array(Float32Array.from(values).buffer))
  writeFileSync(join(folder, 'codebook.safetensors'), packSafetensors(header, data))
}

/** Changes one weight of a tensor in the file; `index` counts elements. */
export function setWeight(folder, tensor, index, value) {
  const file = join(folder, 'model.safetensors')
  const { header, data } = readSafetensors(file)
  data.writeFloatLE(value, header[tensor].data_offsets[0] + 4 * index)
  writeFileSync(file, packSafetensors(header, data))
}
