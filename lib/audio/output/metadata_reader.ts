/** Reads the tags of WAV and FLAC files, without their samples. */
import { types } from 'node:util'
import { path } from '../../base/check.js'
import { ClvpError, invalid } from '../../base/errors.js'
import { type ByteSource, SourceFile } from '../../base/files.js'
import { parseInfo } from './info_chunk.js'
import { damagedTags, foundTags, mostTagBytes, type Tag } from './tags.js'
import { parseVorbisComment } from './vorbis_comment.js'

/** A file has fewer than ten chunks; this bounds the time that one of empty chunks takes. */
const mostChunks = 1024
const vorbisCommentBlock = 4

/**
 * The tags of a WAV or FLAC file by their names, in lower case; without any, an empty object. Of a sound
 * that this package has made they say so: see {@link soundMetadata}. Anyone can remove tags, so their
 * absence proves nothing.
 *
 * @example
 * ```js
 * const { digital_source_type, seed } = await readSoundMetadata('hello.wav')
 * ```
 *
 * @param sound a path, or the bytes of a file
 * @throws ClvpError CLVP_AUDIO for other formats, damaged tags, and more than 1 MiB of tags; CLVP_IO for a
 *   file that cannot be read; CLVP_INVALID_ARGUMENT
 */
export async function readSoundMetadata(sound: string | Uint8Array): Promise<Record<string, string>> {
  const source = await open(sound)
  try {
    return foundTags(await tagsOf(source))
  } finally {
    await source.close()
  }
}

async function open(sound: unknown): Promise<ByteSource> {
  if (typeof sound === 'string') return SourceFile.open(path(sound, 'sound'), 'the sound')
  if (types.isUint8Array(sound)) return new ByteMemory(sound)
  throw invalid('a path or the bytes of a file', 'sound', sound)
}

class ByteMemory implements ByteSource {
  readonly path = 'sound'
  readonly #bytes: Uint8Array

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes.length === 0 ? new Uint8Array() : new Uint8Array(bytes) // a detached array cannot be copied
  }

  get size(): number {
    return this.#bytes.length
  }

  async read(offset: number, target: Uint8Array): Promise<void> {
    target.set(this.#bytes.subarray(offset, offset + target.length))
  }

  async close(): Promise<void> {}
}

async function tagsOf(source: ByteSource): Promise<Tag[]> {
  const start = await piece(source, 0, Math.min(12, source.size))
  if (/^(RIFF|RF64)....WAVE$/s.test(start.toString('latin1'))) return wavTags(source)
  const flac = await afterId3(source)
  const magic = await piece(source, flac, Math.min(4, source.size - flac))
  if (magic.toString('latin1') === 'fLaC') return flacTags(source, flac + 4)
  throw new ClvpError(
    'CLVP_AUDIO',
    `Expected a WAV or FLAC file but ${source.path} is neither: read its tags with another program, e.g. ffprobe`,
  )
}

/** Those of the first chunk of tags. */
async function wavTags(source: ByteSource): Promise<Tag[]> {
  let at = 12
  for (let count = 0; at + 8 <= source.size; count++) {
    refuseMany(source, count)
    const head = await piece(source, at, 8)
    const size = head.readUInt32LE(4)
    if (head.toString('latin1', 0, 4) === 'LIST' && size >= 4 && at + 12 <= source.size) {
      const type = (await piece(source, at + 8, 4)).toString('latin1')
      if (type === 'INFO') return parseInfo(await content(source, at + 12, size - 4), source.path)
    }
    at += 8 + size + (size % 2)
  }
  return []
}

async function flacTags(source: ByteSource, first: number): Promise<Tag[]> {
  let at = first
  for (let count = 0, isLast = false; !isLast; count++) {
    refuseMany(source, count)
    if (at + 4 > source.size) throw damagedTags(source.path, 'it ends within its header')
    const head = (await piece(source, at, 4)).readUInt32BE()
    const size = head & 0xffffff
    if (((head >>> 24) & 0x7f) === vorbisCommentBlock)
      return parseVorbisComment(await content(source, at + 4, size), source.path)
    isLast = head >>> 31 === 1
    at += 4 + size
  }
  return []
}

/** Some programs put the tags of an MP3 before a FLAC file. */
async function afterId3(source: ByteSource): Promise<number> {
  let at = 0
  for (let count = 0; at + 10 <= source.size; count++) {
    refuseMany(source, count)
    const head = await piece(source, at, 10)
    if (head.toString('latin1', 0, 3) !== 'ID3') break
    const size = [6, 7, 8, 9].reduce((sum, i) => sum * 128 + (head[i]! & 0x7f), 0)
    at += 10 + size + (head[5]! & 0x10 ? 10 : 0)
  }
  return Math.min(at, source.size)
}

function refuseMany(source: ByteSource, count: number): void {
  if (count >= mostChunks) throw damagedTags(source.path, `it has more than ${mostChunks} chunks`)
}

/** The bytes of tags, which must be there. */
function content(source: ByteSource, at: number, length: number): Promise<Buffer> {
  if (length > source.size - at) throw damagedTags(source.path, 'it ends within its tags')
  if (length > mostTagBytes)
    throw damagedTags(source.path, `it has ${length} bytes of tags, more than ${mostTagBytes}`)
  return piece(source, at, length)
}

async function piece(source: ByteSource, at: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length)
  await source.read(at, bytes)
  return bytes
}
