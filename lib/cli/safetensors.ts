/** Writes tensors in the safetensors format: a JSON header, then the numbers. */
import { types } from 'node:util'
import { bytesOf, type NamedTensors } from './named_tensors.js'

/** The header is padded to this, so that the numbers are aligned in memory. */
const alignment = 8

/** The bytes of a safetensors file. */
export function packSafetensors(tensors: NamedTensors): Buffer {
  const entries = Object.entries(tensors)
  const header: Record<string, unknown> = {}
  let end = 0
  for (const [name, { data, dims }] of entries) {
    const start = end
    end += data.byteLength
    const dtype = types.isFloat32Array(data) ? 'F32' : 'I32'
    header[name] = { dtype, shape: dims, data_offsets: [start, end] }
  }
  const json = Buffer.from(JSON.stringify(header))
  const length = Math.ceil(json.length / alignment) * alignment
  const front = Buffer.alloc(8 + length, ' ')
  front.writeBigUInt64LE(BigInt(length))
  json.copy(front, 8)
  return Buffer.concat([front, ...entries.map(([, tensor]) => bytesOf(tensor))])
}
