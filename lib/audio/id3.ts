/** ID3v2 tags, which stand before the sound of MP3 files, and of some others. */

/** Length of the ID3v2 tags at the start of a file. */
export function tagBytes(data: Buffer): number {
  let at = 0
  while (data.toString('latin1', at, at + 3) === 'ID3' && data.length >= at + 10) {
    const size = [6, 7, 8, 9].reduce((sum, i) => sum * 128 + (data[at + i]! & 0x7f), 0)
    at += 10 + size + (data[at + 5]! & 0x10 ? 10 : 0)
  }
  return at
}
