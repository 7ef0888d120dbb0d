/** The tags of a WAV file: a chunk LIST of type INFO. */
import { isObject } from '../../base/json.js'
import { damagedTags, type Tag, tagText } from './tags.js'

/**
 * The ids of INFO that have a name of ours. Other tags are one JSON object, on the last line of the
 * comment.
 */
const ids: Readonly<Record<string, string>> = {
  title: 'INAM',
  artist: 'IART',
  album: 'IPRD',
  genre: 'IGNR',
  date: 'ICRD',
  copyright: 'ICOP',
  software: 'ISFT',
  comment: 'ICMT',
}
const names = new Map(Object.entries(ids).map(([name, id]) => [id, name]))
const commentId = ids.comment!

/** The chunk, or no bytes if there are no tags. */
export function infoChunk(tags: readonly Tag[]): Uint8Array {
  if (tags.length === 0) return new Uint8Array()
  const isKnown = ([name]: Tag) => Object.hasOwn(ids, name)
  const comment = tags.find(([name]) => name === 'comment')?.[1] ?? ''
  const others = tags.filter((tag) => !isKnown(tag))
  // A comment that looks as if it had JSON gets some, so that readers do not take its own last line for it.
  const hasJson = others.length > 0 || jsonLine(comment) !== undefined
  const json = hasJson ? `\n${JSON.stringify(Object.fromEntries(others))}` : ''
  const texts = [
    ...tags.filter((tag) => isKnown(tag) && tag[0] !== 'comment').map(([name, text]) => [ids[name]!, text]),
    ...(comment || json ? [[commentId, comment + json]] : []),
  ]
  const entries = texts.map(([id, text]) => chunk(id!, Buffer.from(`${text}\0`)))
  return chunk('LIST', Buffer.concat([Buffer.from('INFO'), ...entries]))
}

/** Id, size, content, and a byte of padding if the content's length is odd. */
function chunk(id: string, content: Uint8Array): Buffer {
  const bytes = Buffer.alloc(8 + content.length + (content.length % 2))
  bytes.write(id, 0, 'latin1')
  bytes.writeUInt32LE(content.length, 4)
  bytes.set(content, 8)
  return bytes
}

/**
 * Reads the content of a chunk LIST behind its type.
 *
 * @throws ClvpError CLVP_AUDIO
 */
export function parseInfo(bytes: Buffer, file: string): Tag[] {
  const tags: Tag[] = []
  for (let at = 0; at + 8 <= bytes.length; ) {
    const size = bytes.readUInt32LE(at + 4)
    if (size > bytes.length - at - 8)
      throw damagedTags(file, 'a text of its chunk INFO ends behind the chunk')
    const id = bytes.toString('latin1', at, at + 4)
    const content = bytes.subarray(at + 8, at + 8 + size)
    const end = content.indexOf(0)
    const text = tagText(end < 0 ? content : content.subarray(0, end))
    tags.push(...(id === commentId ? commentTags(text) : [[names.get(id) ?? id, text] as const]))
    at += 8 + size + (size % 2)
  }
  return tags
}

function commentTags(text: string): Tag[] {
  const json = jsonLine(text)
  if (!json) return [['comment', text]]
  return [['comment', text.slice(0, text.lastIndexOf('\n'))], ...json]
}

/** The tags in the last line of a comment, if it is a JSON object of texts. */
function jsonLine(comment: string): Tag[] | undefined {
  const at = comment.lastIndexOf('\n')
  if (at < 0 || comment[at + 1] !== '{') return undefined
  try {
    const value: unknown = JSON.parse(comment.slice(at + 1))
    const entries = isObject(value) ? Object.entries(value) : []
    return entries.every((entry): entry is [string, string] => typeof entry[1] === 'string')
      ? entries
      : undefined
  } catch {
    return undefined
  }
}
