/** Just enough of GGUF to know where a model file's header ends, and to change a few bytes of it. */

/** Bytes of a value by its type's number; 8 is a string and 9 an array. */
const widths = { 0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8 }

/** Walks over a header's parts. */
class Reader {
  constructor(bytes, at) {
    this.bytes = bytes
    this.at = at
  }

  skip(count) {
    this.at += count
    return this.at - count
  }

  u32() {
    return this.bytes.readUInt32LE(this.skip(4))
  }

  u64() {
    return Number(this.bytes.readBigUInt64LE(this.skip(8)))
  }

  skipText() {
    const length = this.u64()
    this.skip(length)
  }

  skipValue(type) {
    if (type === 8) this.skipText()
    else if (type === 9) {
      const inner = this.u32()
      for (let count = this.u64(); count > 0; count--) this.skipValue(inner)
    } else this.skip(widths[type])
  }
}

/** Bytes before the tensors' data. */
export function headerLength(bytes) {
  const reader = new Reader(bytes, 8)
  const tensors = reader.u64()
  for (let keys = reader.u64(); keys > 0; keys--) {
    reader.skipText()
    reader.skipValue(reader.u32())
  }
  for (let i = 0; i < tensors; i++) {
    reader.skipText()
    const dims = reader.u32()
    reader.skip(8 * dims + 12)
  }
  return Math.ceil(reader.at / 32) * 32
}

/** A copy with the first place that holds `from` holding `to`. */
export function replaceOnce(bytes, from, to) {
  const at = bytes.indexOf(from)
  if (at < 0) throw new Error(`the file does not hold ${from}`)
  const copy = Buffer.from(bytes)
  to.copy(copy, at)
  return copy
}
