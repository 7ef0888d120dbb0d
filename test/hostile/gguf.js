/** GGUF files taken apart and put together again, so that a test can make one that is wrong in exactly one way. */

/** The formats' codes for the types of values; `array` holds a type, a count and so many items. */
export const types = Object.freeze({
  u8: 0,
  i8: 1,
  u16: 2,
  i16: 3,
  u32: 4,
  i32: 5,
  f32: 6,
  bool: 7,
  string: 8,
  array: 9,
  u64: 10,
  i64: 11,
  f64: 12,
})

/** Bytes of each number, and how Buffer's methods for it are called. A bool is its byte, so that 2 can be written. */
const numbers = {
  [types.u8]: [1, 'UInt8'],
  [types.i8]: [1, 'Int8'],
  [types.u16]: [2, 'UInt16LE'],
  [types.i16]: [2, 'Int16LE'],
  [types.u32]: [4, 'UInt32LE'],
  [types.i32]: [4, 'Int32LE'],
  [types.f32]: [4, 'FloatLE'],
  [types.bool]: [1, 'UInt8'],
  [types.u64]: [8, 'BigUInt64LE'],
  [types.i64]: [8, 'BigInt64LE'],
  [types.f64]: [8, 'DoubleLE'],
}

/** GGUF's alignment where a file says none. */
const defaultAlignment = 32

function packNumber(type, value) {
  const [width, method] = numbers[type]
  const bytes = Buffer.alloc(width)
  bytes[`write${method}`](value)
  return bytes
}

export const u32 = (value) => packNumber(types.u32, value)
export const u64 = (value) => packNumber(types.u64, BigInt(value))

/** A string as it lies in a file. A character is a byte (latin1): all that a file holds comes back as it was. */
export function text(value) {
  const bytes = Buffer.from(value, 'latin1')
  return Buffer.concat([u64(bytes.length), bytes])
}

// --- reading -------------------------------------------------------------------------------------------------

/** Walks over the header of a sound file: what is not there throws a RangeError. */
class Cursor {
  constructor(bytes) {
    this.bytes = bytes
    this.at = 0
  }

  number(type) {
    const [width, method] = numbers[type]
    const value = this.bytes[`read${method}`](this.at)
    this.at += width
    return value
  }

  u32() {
    return this.number(types.u32)
  }

  u64() {
    return this.number(types.u64)
  }

  text() {
    const length = Number(this.u64())
    this.at += length
    return this.bytes.toString('latin1', this.at - length, this.at)
  }

  list(count, read) {
    return Array.from({ length: Number(count) }, read)
  }

  value(type) {
    if (type === types.string) return this.text()
    if (type !== types.array) return this.number(type)
    const inner = this.u32()
    return { type: inner, items: this.list(this.u64(), () => this.value(inner)) }
  }

  key() {
    const name = this.text()
    const type = this.u32()
    return { name, type, value: this.value(type) }
  }

  tensor() {
    const name = this.text()
    const dims = this.list(this.u32(), () => this.u64())
    return { name, dims, type: this.u32(), offset: this.u64() }
  }
}

/**
 * Takes a sound file apart. Numbers of 64 bits are BigInts; an array is `{ type, items }`; offsets count from where
 * the data starts, as in the file. `data` is a view of the bytes.
 */
export function readGguf(bytes) {
  const cursor = new Cursor(bytes)
  cursor.at = 4 // the magic
  const version = cursor.u32()
  const tensorCount = cursor.u64()
  const keys = cursor.list(cursor.u64(), () => cursor.key())
  const tensors = cursor.list(tensorCount, () => cursor.tensor())
  const alignment = keys.find(({ name }) => name === 'general.alignment')?.value ?? defaultAlignment
  return { version, keys, tensors, alignment, data: bytes.subarray(padded(cursor.at, alignment)) }
}

function padded(length, alignment) {
  return Math.ceil(length / alignment) * alignment
}

// --- writing -------------------------------------------------------------------------------------------------

/** A Buffer stands for its own bytes, whatever the format wants there. */
function pack(value, write) {
  return Buffer.isBuffer(value) ? value : write(value)
}

export function packValue(type, value) {
  return pack(value, () => {
    if (type === types.string) return text(value)
    if (type !== types.array) return packNumber(type, value)
    const items = value.items.map((item) => packValue(value.type, item))
    return Buffer.concat([u32(value.type), u64(value.count ?? items.length), ...items])
  })
}

function packKey({ name, type, value }) {
  return Buffer.concat([pack(name, text), u32(type), packValue(type, value)])
}

function packTensor({ name, dims, rank = dims.length, type, offset }) {
  return Buffer.concat([pack(name, text), u32(rank), ...dims.map(wrapped), u32(type), wrapped(offset)])
}

/** Of any whole number what 64 bits hold of it. */
function wrapped(value) {
  return u64(BigInt.asUintN(64, BigInt(value)))
}

/**
 * Puts a file together. For files that lie: a Buffer as a name or value is written as it is, and a tensor or key may be
 * one as a whole; `tensorCount`, `keyCount`, a tensor's `rank` and an array's `count` stand in for the true ones.
 * `alignment` is what the header is padded to, whatever the key of that name says.
 */
export function writeGguf({
  magic = 'GGUF',
  version,
  keys,
  keyCount = keys.length,
  tensors,
  tensorCount = tensors.length,
  alignment,
  data,
}) {
  const header = Buffer.concat([
    Buffer.from(magic, 'latin1'),
    u32(version),
    u64(tensorCount),
    u64(keyCount),
    ...keys.map((key) => pack(key, packKey)),
    ...tensors.map((tensor) => pack(tensor, packTensor)),
  ])
  return Buffer.concat([header, Buffer.alloc(padded(header.length, alignment) - header.length), data])
}

/** Bytes of a tensor's data in a file whose tensors are all F32. */
export function bytesOf({ dims }) {
  return 4n * dims.reduce((product, dim) => product * dim, 1n)
}
