import type { ByteSource } from '../../lib/base/files.js'

const EXTRA_64 = 0x0001

/** Reads the little-endian fields of a zip file's records in order. Reading past the end is a bug of the caller. */
export class Fields {
  /** Position of the next field. */
  at = 0
  readonly #bytes: Uint8Array
  readonly #view: DataView

  private constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  }

  static async read(file: ByteSource, offset: number, length: number): Promise<Fields> {
    const bytes = new Uint8Array(length)
    await file.read(offset, bytes)
    return new Fields(bytes)
  }

  get left(): number {
    return this.#bytes.length - this.at
  }

  u16(): number {
    this.at += 2
    return this.#view.getUint16(this.at - 2, true)
  }

  u32(): number {
    this.at += 4
    return this.#view.getUint32(this.at - 4, true)
  }

  /** Inexact beyond 2^53, but then it also exceeds every file. */
  u64(): number {
    this.at += 8
    return Number(this.#view.getBigUint64(this.at - 8, true))
  }

  slice(length: number): Fields {
    const part = new Fields(this.#bytes.subarray(this.at, this.at + length))
    this.at += length
    return part
  }

  text(): string {
    return String.fromCharCode(...this.#bytes)
  }

  /**
   * Reads an entry's extra fields: replaces each value that is 2^32 - 1 by the next one of the 64-bit field, or by
   * undefined if that is missing.
   */
  enlarge(values: readonly number[]): (number | undefined)[] {
    let large: Fields | undefined
    while (this.left >= 4) {
      const kind = this.u16()
      const length = this.u16()
      if (length > this.left) break
      const field = this.slice(length)
      if (kind === EXTRA_64) large ??= field
    }
    return values.map((value) => {
      if (value !== 0xffffffff) return value
      return large && large.left >= 8 ? large.u64() : undefined
    })
  }
}
