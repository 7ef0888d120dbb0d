/** Just enough of GGUF to know where a model file's header ends, and to change a few bytes of it. */

const widths = { 0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8 }

/** Bytes before the tensors' data. */
export function headerLength(bytes) {
  let at = 8
  const u32 = () => bytes.readUInt32LE((at += 4) - 4)
  const u64 = () => Number(bytes.readBigUInt64LE((at += 8) - 8))
  const skipText = () => {
    const length = u64()
    at += length
  }
  const skipValue = (type) => {
    if (type === 8) return skipText()
    if (type !== 9) return void (at += widths[type])
    const inner = u32()
    for (let count = u64(); count > 0; count--) skipValue(inner)
  }
  const tensors = u64()
  for (let keys = u64(); keys > 0; keys--) {
    skipText()
    skipValue(u32())
  }
  for (let i = 0; i < tensors; i++) {
    skipText()
    const dims = u32()
    at += 8 * dims + 12
  }
  return Math.ceil(at / 32) * 32
}

/** A copy with the first place that holds `from` holding `to`. */
export function replaceOnce(bytes, from, to) {
  const at = bytes.indexOf(from)
  if (at < 0) throw new Error(`the file does not hold ${from}`)
  const copy = Buffer.from(bytes)
  to.copy(copy, at)
  return copy
}
