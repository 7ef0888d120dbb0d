/** The tags of FLAC files: Vorbis comments, "NAME=text" each. */
import { uint32 } from './little_endian.js'
import { damagedTags, type Tag, tagText } from './tags.js'

/** @param vendor the program that wrote the file */
export function vorbisComment(vendor: string, tags: readonly Tag[]): Buffer {
  const texts = tags.map(([name, text]) => counted(`${name.toUpperCase()}=${text}`))
  return Buffer.concat([counted(vendor), uint32(tags.length), ...texts])
}

/**
 * Reads Vorbis comments, without the vendor.
 *
 * @throws ClvpError CLVP_AUDIO
 */
export function parseVorbisComment(bytes: Buffer, file: string): Tag[] {
  let at = 0
  const number = () => {
    if (bytes.length - at < 4) throw damagedTags(file, 'its comments end early')
    at += 4
    return bytes.readUInt32LE(at - 4)
  }
  const text = () => {
    const length = number()
    if (length > bytes.length - at) throw damagedTags(file, 'its comments end early')
    at += length
    return bytes.subarray(at - length, at)
  }
  text() // the vendor
  const tags: Tag[] = []
  // Each comment takes four bytes or more, so the count cannot make this long.
  for (let left = number(); left > 0; left--) {
    const comment = tagText(text())
    const sign = comment.indexOf('=')
    if (sign > 0) tags.push([comment.slice(0, sign), comment.slice(sign + 1)])
  }
  return tags
}

function counted(text: string): Buffer {
  const bytes = Buffer.from(text)
  return Buffer.concat([uint32(bytes.length), bytes])
}
