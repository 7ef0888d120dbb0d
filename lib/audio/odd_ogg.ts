/** Ogg files that were cut: they become files that end with their last complete page. */
import type { OddFile } from './odd_files.js'

/** The flag of the last page. */
const LAST_PAGE = 4

/** A file without a last page, up to the last page that is whole. Undefined for a file that is not cut, or no Ogg file. */
export function cutOgg(data: Buffer): OddFile | undefined {
  let [last, end] = [-1, 0]
  for (let size = pageBytes(data, 0); size > 0; size = pageBytes(data, end)) [last, end] = [end, end + size]
  if (last < 0 || data[last + 5]! & LAST_PAGE) return undefined
  const bytes = Buffer.from(data.subarray(0, end))
  bytes[last + 5]! |= LAST_PAGE
  bytes.writeUInt32LE(0, last + 22)
  bytes.writeUInt32LE(checksum(bytes.subarray(last)), last + 22)
  return {
    bytes,
    odd: `it ends early: its last page is missing, and ${data.length - end} bytes were skipped`,
  }
}

/** The length of the page at `at`; 0 if no whole page is there. */
function pageBytes(data: Buffer, at: number): number {
  if (at + 27 > data.length || data.toString('latin1', at, at + 4) !== 'OggS') return 0
  const segments = data.subarray(at + 27, at + 27 + data[at + 26]!)
  if (segments.length < data[at + 26]!) return 0
  const size = segments.reduce((sum, each) => sum + each, 27 + segments.length)
  return at + size <= data.length ? size : 0
}

/** Ogg's CRC-32: polynomial 0x04C11DB7, not reflected, from 0. */
function checksum(page: Uint8Array): number {
  let crc = 0
  for (const byte of page) {
    crc ^= byte << 24
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x80000000 ? (crc << 1) ^ 0x04c11db7 : crc << 1
  }
  return crc >>> 0
}
