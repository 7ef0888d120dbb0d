import { type ClvpError, describe, malformed } from '../../lib/base/errors.js'
import type { ByteSource } from '../../lib/base/files.js'
import { Fields } from './zip_fields.js'

/** A checkpoint has at most 8192 tensors, with an entry each, and a few other entries. */
const MAX_ENTRIES = 2 ** 14
const MAX_DIRECTORY_BYTES = 16 * 2 ** 20
const MAX_NAME_BYTES = 512
const MAX_COMMENT_BYTES = 0xffff

const LOCAL = 0x04034b50
const CENTRAL = 0x02014b50
const END = 0x06054b50
const END_64 = 0x06064b50
const LOCATOR_64 = 0x07064b50
const LOCAL_BYTES = 30
const CENTRAL_BYTES = 46
const END_BYTES = 22
const END_64_BYTES = 56
const LOCATOR_BYTES = 20

/** General purpose flags: encryption of any kind; and sizes that follow the data. */
const ENCRYPTED = 0x2041
const SIZES_FOLLOW = 0x0008

/** The location of one stored entry. */
export interface ZipEntry {
  readonly name: string
  /** From the start of the file. */
  readonly offset: number
  readonly bytes: number
}

interface CentralEntry {
  readonly name: string
  readonly localOffset: number
  readonly bytes: number
}

interface Directory {
  readonly offset: number
  readonly bytes: number
  readonly count: number
}

/**
 * Lists the entries of a zip file in torch.save's form: one disk, nothing compressed or encrypted. Each entry's local
 * header is compared with the directory, and entries must not overlap. Checksums are not verified.
 *
 * @throws ClvpError `CLVP_IO`, `CLVP_MODEL_FORMAT`
 */
export async function readZip(file: ByteSource): Promise<Map<string, ZipEntry>> {
  const directory = await findDirectory(file)
  const { offset, bytes, count } = directory
  if (count > MAX_ENTRIES)
    throw malformed(file.path, `it has ${count} entries, more than ${MAX_ENTRIES}`, 'zip')
  if (bytes > MAX_DIRECTORY_BYTES || bytes < count * CENTRAL_BYTES) {
    throw malformed(file.path, `its directory of ${count} entries has ${bytes} bytes`, 'zip')
  }
  const fields = await Fields.read(file, offset, bytes)
  const listed = new Map<string, CentralEntry>()
  for (let i = 0; i < count; i++) {
    const entry = readCentral(file, fields)
    if (listed.has(entry.name))
      throw malformed(file.path, `the entry ${describe(entry.name)} occurs twice`, 'zip')
    listed.set(entry.name, entry)
  }
  if (fields.left > 0)
    throw malformed(file.path, `there are ${fields.left} bytes after the directory's entries`, 'zip')
  return locate(file, [...listed.values()], offset)
}

// --- the directory ---------------------------------------------------------------------------------------------

async function findDirectory(file: ByteSource): Promise<Directory> {
  const length = Math.min(file.size, END_BYTES + MAX_COMMENT_BYTES)
  const tail = await Fields.read(file, file.size - length, length)
  // Take the last record whose comment ends exactly at the file's end.
  for (let at = length - END_BYTES; at >= 0; at--) {
    tail.at = at
    if (tail.u32() !== END) continue
    tail.at = at + END_BYTES - 2
    if (tail.u16() === length - at - END_BYTES) return readEnd(file, tail, at, file.size - length + at)
  }
  throw malformed(file.path, 'it ends without a directory: the file may be truncated', 'zip')
}

/** Reads the record at `at` in the tail, which is at `end` in the file. */
async function readEnd(file: ByteSource, tail: Fields, at: number, end: number): Promise<Directory> {
  tail.at = at + 4
  const disks = [tail.u16(), tail.u16()]
  const counts = [tail.u16(), tail.u16()]
  const bytes = tail.u32()
  const offset = tail.u32()
  if (disks.some((disk) => disk !== 0) || counts[0] !== counts[1])
    throw malformed(file.path, 'it spans several disks', 'zip')
  const count = counts[0]!
  const large = await readEnd64(file, end)
  const directory = large?.directory ?? { offset, bytes, count }
  const agrees =
    (count === 0xffff || count === directory.count) &&
    (bytes === 0xffffffff || bytes === directory.bytes) &&
    (offset === 0xffffffff || offset === directory.offset)
  if (!agrees) throw malformed(file.path, 'its two end records disagree', 'zip')
  if (directory.offset + directory.bytes !== (large?.start ?? end)) {
    throw malformed(
      file.path,
      `its directory of ${directory.bytes} bytes at ${directory.offset} is not at its end`,
      'zip',
    )
  }
  return directory
}

/** The 64-bit end record before the 32-bit one at `end`, if there is one. */
async function readEnd64(
  file: ByteSource,
  end: number,
): Promise<{ directory: Directory; start: number } | undefined> {
  const start = end - LOCATOR_BYTES - END_64_BYTES
  if (end < LOCATOR_BYTES) return undefined
  const locator = await Fields.read(file, end - LOCATOR_BYTES, LOCATOR_BYTES)
  if (locator.u32() !== LOCATOR_64) return undefined
  const disk = locator.u32()
  const offset = locator.u64()
  const disks = locator.u32()
  if (disk !== 0 || disks > 1 || offset !== start) {
    throw malformed(file.path, `its 64-bit end record is not at ${offset}`, 'zip')
  }
  const record = await Fields.read(file, start, END_64_BYTES)
  if (record.u32() !== END_64 || record.u64() !== END_64_BYTES - 12) {
    throw malformed(file.path, 'its 64-bit end record is malformed', 'zip')
  }
  record.at += 4 // versions
  const numbers = [record.u32(), record.u32()]
  const counts = [record.u64(), record.u64()]
  const bytes = record.u64()
  if (numbers.some((number) => number !== 0) || counts[0] !== counts[1]) {
    throw malformed(file.path, 'it spans several disks', 'zip')
  }
  return { directory: { count: counts[0]!, bytes, offset: record.u64() }, start }
}

// --- entries -----------------------------------------------------------------------------------------------------

function readCentral(file: ByteSource, fields: Fields): CentralEntry {
  const tooShort = () => malformed(file.path, 'its directory ends within an entry', 'zip')
  if (fields.left < CENTRAL_BYTES) throw tooShort()
  if (fields.u32() !== CENTRAL)
    throw malformed(file.path, 'its directory contains something other than entries', 'zip')
  fields.at += 4 // versions
  const flags = fields.u16()
  const method = fields.u16()
  fields.at += 8 // time, date, checksum
  const sizes = [fields.u32(), fields.u32()]
  const [nameBytes, extraBytes, commentBytes] = [fields.u16(), fields.u16(), fields.u16()]
  const disk = fields.u16()
  fields.at += 6 // attributes
  const offset = fields.u32()
  if (fields.left < nameBytes + extraBytes + commentBytes) throw tooShort()
  const name = readName(file, fields, nameBytes)
  const extra = fields.slice(extraBytes)
  fields.at += commentBytes
  const fail = (reason: string) => malformed(file.path, `the entry ${describe(name)} ${reason}`, 'zip')
  if (method !== 0) throw fail(`is compressed (method ${method}); torch.save stores entries uncompressed`)
  if (flags & ENCRYPTED) throw fail('is encrypted')
  if (disk !== 0) throw fail('is on another disk')
  const [packed, bytes, localOffset] = extra.enlarge([sizes[0]!, sizes[1]!, offset])
  if (packed === undefined || bytes === undefined || localOffset === undefined) {
    throw fail('lacks its 64-bit sizes')
  }
  if (packed !== bytes) throw fail(`is stored in ${packed} bytes, but has ${bytes}`)
  return { name, localOffset, bytes }
}

function readName(file: ByteSource, fields: Fields, length: number): string {
  const name = length > MAX_NAME_BYTES ? '' : fields.slice(length).text()
  if (/^[\x20-\x5b\x5d-\x7e]+$/.test(name) && !name.split('/').includes('..') && name[0] !== '/') return name
  throw malformed(
    file.path,
    `an entry has the name ${describe(name)}: expected a short relative path in ASCII`,
    'zip',
  )
}

/** Locates each entry's bytes by its local header, and rejects overlapping entries. */
async function locate(
  file: ByteSource,
  listed: CentralEntry[],
  directoryOffset: number,
): Promise<Map<string, ZipEntry>> {
  const found = new Map<string, ZipEntry>()
  let end = 0
  for (const entry of listed.sort((a, b) => a.localOffset - b.localOffset)) {
    const fail = (reason: string) =>
      malformed(file.path, `the entry ${describe(entry.name)} ${reason}`, 'zip')
    if (entry.localOffset < end) throw fail('overlaps the one before it')
    const offset = entry.localOffset + (await checkLocal(file, entry, directoryOffset, fail))
    end = offset + entry.bytes
    if (end > directoryOffset) throw fail(`ends at ${end}, within the directory at ${directoryOffset}`)
    found.set(entry.name, { name: entry.name, offset, bytes: entry.bytes })
  }
  return found
}

/** The length of an entry's local header, which must agree with the directory. */
async function checkLocal(
  file: ByteSource,
  entry: CentralEntry,
  limit: number,
  fail: (reason: string) => ClvpError,
): Promise<number> {
  const fixed = LOCAL_BYTES + entry.name.length
  if (entry.localOffset + fixed > limit) throw fail('begins within the directory')
  const header = await Fields.read(file, entry.localOffset, fixed)
  if (header.u32() !== LOCAL) throw fail('has no local header')
  header.at += 2 // version
  const flags = header.u16()
  const method = header.u16()
  header.at += 8 // time, date, checksum
  const sizes = [header.u32(), header.u32()]
  const [nameBytes, extraBytes] = [header.u16(), header.u16()]
  if (method !== 0 || flags & ENCRYPTED)
    throw fail('is compressed or encrypted according to its local header')
  if (nameBytes !== entry.name.length || header.slice(nameBytes).text() !== entry.name) {
    throw fail('has another name in its local header')
  }
  if (entry.localOffset + fixed + extraBytes > limit) throw fail('begins within the directory')
  const isOpen = (flags & SIZES_FOLLOW) !== 0 && sizes.every((size) => size === 0)
  if (!isOpen) {
    const extra = await Fields.read(file, entry.localOffset + fixed, extraBytes)
    const own = extra.enlarge(sizes)
    if (own.some((size) => size !== entry.bytes)) throw fail(`has other sizes in its local header: ${own}`)
  }
  return fixed + extraBytes
}
