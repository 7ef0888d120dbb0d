/** Files of torch.save made without torch: `{ name: { dtype, shape, data, offset, strides } }` to bytes. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pickle, stateDict, tensor, tupleOf } from './pickle.js'
import { readSafetensors, tensorNames } from './safetensors.js'
import { packZip } from './zip.js'

const types = {
  F32: ['FloatStorage', 4],
  F16: ['HalfStorage', 2],
  BF16: ['BFloat16Storage', 2],
  F64: ['DoubleStorage', 8],
  I64: ['LongStorage', 8],
  BOOL: ['BoolStorage', 1],
}

/** The entries of a torch file besides its storages. */
export function torchEntries(pickled, storages, { root = 'archive', byteorder = 'little' } = {}) {
  const entry = (name, bytes) => ({ name: `${root}/${name}`, bytes: Buffer.from(bytes) })
  return [
    entry('data.pkl', pickled),
    entry('.format_version', '1'),
    ...(byteorder === null ? [] : [entry('byteorder', byteorder)]),
    ...storages.map((bytes, i) => entry(`data/${i}`, bytes)),
    entry('version', '3\n'),
  ]
}

/** A torch file's bytes with a tuple of tensors, or of one tensor alone. */
export function packTuple(tensors, { isAlone = false } = {}) {
  const items = tensors.map(({ dtype, shape, data }, i) => {
    const [type, size] = types[dtype]
    return tensor({ storage: { type, key: String(i), count: data.length / size }, shape })
  })
  const storages = tensors.map(({ data }) => data)
  return packZip(torchEntries(pickle(isAlone ? items[0] : tupleOf(...items)), storages))
}

/** A torch file's bytes; `wrap` puts the pickled state dict into something else. */
export function packTorch(tensors, { isParameter = false, wrap = (dict) => dict, ...options } = {}) {
  const storages = []
  const items = Object.entries(tensors).map(([name, { dtype, shape, data, offset, strides }]) => {
    const [type, size] = types[dtype]
    const key = String(storages.push(data) - 1)
    const place = { type, key, count: data.length / size }
    return [name, tensor({ storage: place, offset, shape, strides, isParameter })]
  })
  return packZip(torchEntries(pickle(wrap(stateDict(items))), storages, options))
}

/** The tensors of a safetensors file, as packTorch takes them. */
export function tensorsOf(file) {
  const { header, data } = readSafetensors(file)
  return Object.fromEntries(
    tensorNames(header).map((name) => {
      const { dtype, shape, data_offsets } = header[name]
      return [name, { dtype, shape, data: data.subarray(...data_offsets) }]
    }),
  )
}

/** Saves a folder's weights as pytorch_model.bin instead, in shards if there were shards. */
export function saveAsTorch(folder, options) {
  const write = (from, to) => {
    writeFileSync(join(folder, to), packTorch(tensorsOf(join(folder, from)), options))
    rmSync(join(folder, from))
  }
  const indexFile = join(folder, 'model.safetensors.index.json')
  let index
  try {
    index = JSON.parse(readFileSync(indexFile, 'utf8'))
  } catch {
    return write('model.safetensors', 'pytorch_model.bin')
  }
  const rename = (name) => name.replace(/^model(.*)\.safetensors$/, 'pytorch_model$1.bin')
  for (const name of new Set(Object.values(index.weight_map))) write(name, rename(name))
  const map = Object.fromEntries(Object.entries(index.weight_map).map(([name, file]) => [name, rename(file)]))
  writeFileSync(join(folder, 'pytorch_model.bin.index.json'), JSON.stringify({ ...index, weight_map: map }))
  rmSync(indexFile)
}
