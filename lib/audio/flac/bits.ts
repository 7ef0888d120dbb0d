/** Writes numbers of any width one after the other, the highest bit first. */
export class BitWriter {
  #bytes: Uint8Array
  #length = 0
  /** Bits that do not yet fill a byte: the lowest `#count` of a number. */
  #held = 0
  #count = 0

  /** @param capacity the expected number of bytes; more are possible */
  constructor(capacity: number) {
    this.#bytes = new Uint8Array(capacity)
  }

  /** The lowest `count` bits of a whole number, in two's complement; at most 24. */
  write(value: number, count: number): void {
    this.#held = (this.#held << count) | (value & ((1 << count) - 1))
    this.#count += count
    while (this.#count >= 8) {
      this.#count -= 8
      this.#push(this.#held >>> this.#count)
    }
    this.#held &= (1 << this.#count) - 1
  }

  /** A Rice code: `value >>> parameter` zeros, a one, and the lowest `parameter` bits. */
  writeRice(value: number, parameter: number): void {
    let zeros = value >>> parameter
    if (zeros + 1 + parameter <= 24) {
      this.write((1 << parameter) | (value & ((1 << parameter) - 1)), zeros + 1 + parameter)
      return
    }
    for (; zeros >= 24; zeros -= 24) this.write(0, 24)
    this.write(1, zeros + 1)
    if (parameter > 16) this.write(value >>> 16, parameter - 16)
    this.write(value, Math.min(16, parameter))
  }

  writeBytes(bytes: Iterable<number>): void {
    for (const each of bytes) this.write(each, 8)
  }

  /** Fills the last byte with zeros, and returns all bytes so far: a view that the next write makes stale. */
  bytes(): Uint8Array {
    if (this.#count > 0) this.write(0, 8 - this.#count)
    return this.#bytes.subarray(0, this.#length)
  }

  #push(byte: number): void {
    if (this.#length === this.#bytes.length) {
      const larger = new Uint8Array(2 * this.#length + 64)
      larger.set(this.#bytes)
      this.#bytes = larger
    }
    this.#bytes[this.#length++] = byte
  }
}
