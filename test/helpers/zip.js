/** Zip files put together by hand, as torch.save writes them, or broken. */

const ALIGNMENT = 64

function u16(value) {
  return Buffer.of(value & 0xff, (value >>> 8) & 0xff)
}

function u32(value) {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value >>> 0)
  return bytes
}

function u64(value) {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(BigInt.asUintN(64, BigInt(value)))
  return bytes
}

/** The extra field that holds 64-bit sizes and offsets. */
export function largeFields(...values) {
  const content = Buffer.concat(values.map(u64))
  return Buffer.concat([u16(1), u16(content.length), content])
}

/** Pads to the alignment that torch gives its storages. */
function padding(offset) {
  const length = (ALIGNMENT - ((offset + 4) % ALIGNMENT)) % ALIGNMENT
  return Buffer.concat([Buffer.from('FB'), u16(length), Buffer.alloc(length, 'Z')])
}

/**
 * An entry's parts. `local` and `central` change fields of one header: flags, method, size (in file), bytes, name,
 * offset, extra, signature, disk.
 */
function packEntry({ name, bytes, local = {}, central = {} }, offset) {
  const isOpen = (local.flags ?? 8) & 8
  const own = {
    flags: 0x808,
    method: 0,
    name,
    signature: 0x04034b50,
    size: isOpen ? 0 : bytes.length,
    ...local,
  }
  const ownName = Buffer.from(own.name)
  const extra = own.extra ?? padding(offset + 30 + ownName.length)
  const header = Buffer.concat([
    ...[u32(own.signature), u16(0), u16(own.flags), u16(own.method), u32(0), u32(0)],
    ...[u32(own.size), u32(own.bytes ?? own.size), u16(ownName.length), u16(extra.length), ownName, extra],
  ])
  const descriptor = isOpen
    ? Buffer.concat([u32(0x08074b50), u32(0), u32(bytes.length), u32(bytes.length)])
    : Buffer.alloc(0)
  const c = {
    flags: own.flags,
    method: 0,
    name,
    signature: 0x02014b50,
    size: bytes.length,
    offset,
    ...central,
  }
  const listedName = Buffer.from(c.name)
  const listedExtra = c.extra ?? Buffer.alloc(0)
  const listed = Buffer.concat([
    ...[u32(c.signature), u16(0), u16(0), u16(c.flags), u16(c.method), u32(0), u32(0), u32(c.size)],
    ...[u32(c.bytes ?? c.size), u16(listedName.length), u16(listedExtra.length), u16(0), u16(c.disk ?? 0)],
    ...[u16(0), u32(0), u32(c.offset), listedName, listedExtra],
  ])
  return { data: Buffer.concat([header, bytes, descriptor]), listed }
}

/**
 * A zip file's bytes, with the end record of the 64-bit form as torch writes it. `end` and `end64` change their fields:
 * count, bytes, offset; `end64: null` leaves that one out, `comment` goes behind all.
 */
export function packZip(entries, { end = {}, end64 = {}, comment = '', behindDirectory = '' } = {}) {
  const parts = []
  const listed = []
  let offset = 0
  for (const entry of entries) {
    const packed = packEntry(entry, offset)
    parts.push(packed.data)
    listed.push(packed.listed)
    offset += packed.data.length
  }
  const directory = Buffer.concat([...listed, Buffer.from(behindDirectory)])
  const facts = { count: entries.length, bytes: directory.length, offset }
  const large = { ...facts, at: offset + directory.length, size: 44, ...end64 }
  const records = []
  if (end64) {
    records.push(
      ...[u32(0x06064b50), u64(large.size), u16(0x31e), u16(45), u32(0), u32(0), u64(large.count)],
      ...[u64(large.count), u64(large.bytes), u64(large.offset)],
      ...[u32(0x07064b50), u32(0), u64(large.at), u32(1)],
    )
  }
  const last = { ...facts, ...end }
  const disk = u16(last.disk ?? 0)
  records.push(
    u32(0x06054b50),
    disk,
    disk,
    u16(last.count),
    u16(last.count),
    u32(last.bytes),
    u32(last.offset),
  )
  records.push(u16(last.commentLength ?? comment.length), Buffer.from(comment))
  return Buffer.concat([...parts, directory, ...records])
}
