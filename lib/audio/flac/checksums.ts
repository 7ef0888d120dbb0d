/** The checksums of FLAC's frames: cyclic redundancy checks from the highest bit, starting at 0. */

const table8 = tableOf(8, 0x07)
const table16 = tableOf(16, 0x8005)

export function crc8(bytes: Uint8Array): number {
  let sum = 0
  for (let i = 0; i < bytes.length; i++) sum = table8[sum ^ bytes[i]!]!
  return sum
}

export function crc16(bytes: Uint8Array): number {
  let sum = 0
  for (let i = 0; i < bytes.length; i++) sum = ((sum << 8) & 0xffff) ^ table16[(sum >>> 8) ^ bytes[i]!]!
  return sum
}

/** What each byte adds to a checksum of `width` bits. */
function tableOf(width: number, polynomial: number): Uint16Array {
  const [top, mask] = [1 << (width - 1), (1 << width) - 1]
  return Uint16Array.from({ length: 256 }, (_, byte) => {
    let sum = byte << (width - 8)
    for (let bit = 0; bit < 8; bit++) sum = (sum & top ? (sum << 1) ^ polynomial : sum << 1) & mask
    return sum
  })
}
