/** The tags of a sound file: short texts with a name. */
import { ClvpError, invalid } from '../../base/errors.js'
import { isObject } from '../../base/json.js'
import { converted } from '../../base/kinds.js'

/** Tags by their names: what a sound file says about itself. */
export type SoundMetadata = Readonly<Record<string, string>>

export type Tag = readonly [name: string, value: string]

const mostTags = 64
/** All tags must fit into the command line of a program, which is 32 KiB on Windows. */
const mostBytes = 16 * 2 ** 10
const nameForm = /^[a-z][a-z0-9_]{0,63}$/

/**
 * Checks and copies tags that will be written.
 *
 * @throws ClvpError CLVP_INVALID_ARGUMENT
 */
export function readTags(value: unknown, name: string): Tag[] {
  if (!isObject(value)) throw invalid('an object of strings', name, value)
  const tags = Object.entries(value).map(([key, text]): Tag => {
    if (!nameForm.test(key)) {
      throw invalid('letters a to z, digits and _, at most 64, a letter first,', `a name in ${name}`, key)
    }
    if (typeof text !== 'string' || text === '' || text.includes('\0') || !text.isWellFormed()) {
      throw invalid('a text that is not empty and has no NUL', `${name}.${key}`, text)
    }
    return [key, text]
  })
  const bytes = tags.reduce((sum, [key, text]) => sum + key.length + Buffer.byteLength(text), 0)
  if (tags.length > mostTags || bytes > mostBytes) {
    throw new ClvpError(
      'CLVP_INVALID_ARGUMENT',
      `Expected at most ${mostTags} tags of ${mostBytes} bytes in all for ${name} but received ${tags.length} of ${bytes}`,
    )
  }
  return tags
}

/** The kind of an option that takes tags. */
export const tagsKind = converted<SoundMetadata, Tag[]>(readTags)

/** Most bytes of tags that are read from a file. */
export const mostTagBytes = 2 ** 20

/**
 * Tags from a file as a plain object: names in lower case, with `_` for what is no letter or digit. Of tags
 * with one name the first counts.
 */
export function foundTags(tags: readonly Tag[]): Record<string, string> {
  const found = new Map<string, string>()
  for (const [name, text] of tags) {
    const plain = name.toLowerCase().replace(/[^a-z0-9_]/g, '_')
    if (plain !== '' && text !== '' && !found.has(plain)) found.set(plain, text)
  }
  return Object.fromEntries(found)
}

/** A text of a file: UTF-8, or Latin-1 as older programs wrote it. */
export function tagText(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
  }
}

/** The error of damaged tags. */
export function damagedTags(name: string, reason: string): ClvpError {
  return new ClvpError('CLVP_AUDIO', `${name} is damaged: ${reason}`)
}
