/** Writes tensors as numpy's .npz: a zip file of .npy files, which are stored as they are. */
import { types } from 'node:util'
import { crc32 } from 'node:zlib'
import type { Tensor } from '../base/tensor.js'
import { bytesOf, type NamedTensors } from './named_tensors.js'

/** numpy aligns the numbers of an .npy file to this. */
const alignment = 64
/** A date that every reader accepts, so that equal tensors give equal bytes: 1 January 1980. */
const date = 0x21
const zipVersion = 20

/** The bytes of an .npz file. */
export function packNpz(tensors: NamedTensors): Buffer {
  const files: Buffer[] = []
  const directory: Buffer[] = []
  let offset = 0
  for (const [name, tensor] of Object.entries(tensors)) {
    const entry = { name: Buffer.from(`${name}.npy`), bytes: packNpy(tensor) }
    const file = Buffer.concat([localHeader(entry), entry.name, entry.bytes])
    directory.push(Buffer.concat([directoryHeader(entry, offset), entry.name]))
    files.push(file)
    offset += file.length
  }
  const listed = Buffer.concat(directory)
  return Buffer.concat([...files, listed, endRecord(directory.length, listed.length, offset)])
}

/** An .npy file, version 1.0: magic, version, length of the header, header, numbers. */
function packNpy(tensor: Tensor): Buffer {
  const type = types.isFloat32Array(tensor.data) ? '<f4' : '<i4'
  const shape = tensor.dims.map((dim) => `${dim},`).join(' ')
  const facts = `{'descr': '${type}', 'fortran_order': False, 'shape': (${shape}), }`
  const start = 10
  const end = Math.ceil((start + facts.length + 1) / alignment) * alignment
  const front = Buffer.from(`\x93NUMPY\x01\0\0\0${facts.padEnd(end - start - 1)}\n`, 'latin1')
  front.writeUInt16LE(end - start, 8)
  return Buffer.concat([front, bytesOf(tensor)])
}

interface Entry {
  name: Buffer
  bytes: Buffer
}

function localHeader(entry: Entry): Buffer {
  const header = Buffer.alloc(30)
  header.writeUInt32LE(0x04034b50)
  header.writeUInt16LE(zipVersion, 4)
  writeFacts(header, 10, entry)
  return header
}

function directoryHeader(entry: Entry, offset: number): Buffer {
  const header = Buffer.alloc(46)
  header.writeUInt32LE(0x02014b50)
  header.writeUInt16LE(zipVersion, 4)
  header.writeUInt16LE(zipVersion, 6)
  writeFacts(header, 12, entry)
  header.writeUInt32LE(offset, 42)
  return header
}

/** Time, date, checksum, both sizes and the name's length, which both headers have in this order. */
function writeFacts(header: Buffer, at: number, { name, bytes }: Entry): void {
  header.writeUInt16LE(date, at + 2)
  header.writeUInt32LE(crc32(bytes), at + 4)
  header.writeUInt32LE(bytes.length, at + 8)
  header.writeUInt32LE(bytes.length, at + 12)
  header.writeUInt16LE(name.length, at + 16)
}

function endRecord(count: number, length: number, offset: number): Buffer {
  const record = Buffer.alloc(22)
  record.writeUInt32LE(0x06054b50)
  record.writeUInt16LE(count, 8)
  record.writeUInt16LE(count, 10)
  record.writeUInt32LE(length, 12)
  record.writeUInt32LE(offset, 16)
  return record
}
