/**
 * Files that the decoder refuses although other programs play them: programs stop half-way through a file, cut it anywhere, or leave
 * its header as it was at the start. Each becomes a file that the decoder takes, and a sentence that tells what was odd.
 */
import { tagBytes } from './id3.js'
import { cutOgg } from './odd_ogg.js'

export interface OddFile {
  bytes: Uint8Array
  /** What was odd: "it ends early: ...". */
  odd: string
}

/** What a file says of itself may be wrong, so the result is to be decoded before it counts. Undefined for any other fault. */
export function repairOddFile(bytes: Uint8Array): OddFile | undefined {
  const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return wav(data) ?? cutOgg(data) ?? flac(data) ?? mp3(data)
}

const isAt = (data: Buffer, at: number, text: string) =>
  data.toString('latin1', at, at + text.length) === text

// --- WAV ---------------------------------------------------------------------------------------------------------------

function wav(data: Buffer): OddFile | undefined {
  if (!isAt(data, 0, 'RIFF') || !isAt(data, 8, 'WAVE')) return undefined
  let block = 0
  for (let at = 12; at + 8 <= data.length; ) {
    const size = data.readUInt32LE(at + 4)
    if (isAt(data, at, 'data')) return block > 0 ? wavOf(data, at + 8, size, block) : undefined
    if (isAt(data, at, 'fmt ') && at + 24 <= data.length) block = data.readUInt16LE(at + 20)
    at += 8 + size + (size % 2)
  }
  return undefined
}

/** @param start of the samples */
function wavOf(data: Buffer, start: number, size: number, block: number): OddFile | undefined {
  const there = data.length - start
  const usable = there - (there % block)
  if (usable === 0 || (size > 0 && size <= there) || (size === 0 && isChunk(data, start))) return undefined
  const fixed = Buffer.from(data.subarray(0, start + usable))
  fixed.writeUInt32LE(start + usable - 8, 4)
  fixed.writeUInt32LE(usable, start - 4)
  const odd =
    size === 0
      ? 'its header says that it has no samples: what follows the header was read'
      : `it ends early: ${there} of the ${size} bytes that its header promises were read`
  return { bytes: fixed, odd }
}

/** Whether a file without samples goes on with another chunk, which are no samples. */
function isChunk(data: Buffer, at: number): boolean {
  return at + 8 <= data.length && /^[\x20-\x7e]{4}$/.test(data.toString('latin1', at, at + 4))
    ? at + 8 + data.readUInt32LE(at + 4) <= data.length + 1
    : false
}

// --- FLAC --------------------------------------------------------------------------------------------------------------

/** The number of samples is the last 36 bits before the checksum in the first block; 0 stands for unknown. */
function flac(data: Buffer): OddFile | undefined {
  const tag = tagBytes(data)
  const at = tag + 8 + 13
  if (!isAt(data, tag, 'fLaC') || data.length < at + 5) return undefined
  const samples = (data[at]! & 15) * 2 ** 32 + data.readUInt32BE(at + 1)
  if (samples === 0) return undefined
  const fixed = Buffer.from(data)
  fixed[at]! &= 0xf0
  fixed.writeUInt32BE(0, at + 1)
  return {
    bytes: fixed,
    odd: `it ends early or is damaged: not all of the ${samples} samples that its header promises were read`,
  }
}

// --- MP3 ---------------------------------------------------------------------------------------------------------------

/** Bytes before the first frame: zeros, then half a frame or something else that is short. */
const MOST_ZEROS = 2 ** 24
const MOST_JUNK = 4096
/** Frames in a row that show that the first of them is one. */
const RUN = 3
/** kbit/s of layer III by index, of MPEG 1 and of the later ones. */
const RATES = [
  [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
  [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
] as const
/** Files of other kinds, which may hold MP3 frames somewhere. */
const CONTAINER = /^(RIFF|RIFX|RF64|OggS|fLaC|FORM|caff|\.snd|wvpk|MThd|#!AMR|.E\xdf\xa3|0&\xb2u|.{4}ftyp)/s

interface Frame {
  /** The length in bytes. */
  bytes: number
  /** What all frames of a stream have in common. */
  kind: number
  isMpeg1: boolean
  isMono: boolean
}

function mp3(data: Buffer): OddFile | undefined {
  const tag = tagBytes(data)
  if (CONTAINER.test(data.toString('latin1', tag, tag + 8))) return undefined
  let from = tag
  while (from < data.length && from - tag < MOST_ZEROS && data[from] === 0) from++
  const last = Math.min(data.length, from + MOST_JUNK)
  let first = from
  while (first < last && !startsRun(data, first)) first++
  if (first >= last) return undefined
  const cut = fewerFrames(data.subarray(first))
  const skipped = first === tag ? undefined : `${first - tag} bytes before its first frame were skipped`
  const odd = [skipped, cut?.odd].filter(Boolean).join('; ')
  return odd ? { bytes: cut?.bytes ?? data.subarray(first), odd } : undefined
}

function startsRun(data: Buffer, at: number): boolean {
  const first = frameAt(data, at)
  for (let i = 1, next = first; next; i++) {
    at += next.bytes
    if (i === RUN) return true
    next = frameAt(data, at)
    if (next?.kind !== first!.kind) return false
  }
  return false
}

function frameAt(data: Buffer, at: number): Frame | undefined {
  if (at + 4 > data.length) return undefined
  const word = data.readUInt32BE(at)
  const [version, layer, rate, index] = [
    (word >>> 19) & 3,
    (word >>> 17) & 3,
    (word >>> 10) & 3,
    (word >>> 12) & 15,
  ]
  if (word >>> 21 !== 0x7ff || version === 1 || layer !== 1 || rate === 3 || index === 0 || index === 15) {
    return undefined
  }
  const isMpeg1 = version === 3
  const hertz = [44_100, 48_000, 32_000][rate]! / (isMpeg1 ? 1 : version === 2 ? 2 : 4)
  const bitrate = RATES[isMpeg1 ? 0 : 1][index]! * 1000
  return {
    bytes: Math.floor(((isMpeg1 ? 144 : 72) * bitrate) / hertz) + ((word >>> 9) & 1),
    kind: (version << 2) | rate,
    isMpeg1,
    isMono: ((word >>> 6) & 3) === 3,
  }
}

/** A stream whose first frame tells of more frames than there are. The copy tells the real number, and of no padding at the end. */
function fewerFrames(data: Buffer): OddFile | undefined {
  const first = frameAt(data, 0)!
  const at = 4 + (first.isMpeg1 ? (first.isMono ? 17 : 32) : first.isMono ? 9 : 17)
  if (!/^(Xing|Info)$/.test(data.toString('latin1', at, at + 4)) || !(data[at + 7]! & 1)) return undefined
  const told = data.readUInt32BE(at + 8)
  let count = 0
  for (let next = first.bytes, frame = frameAt(data, next); frame; frame = frameAt(data, next)) {
    next += frame.bytes
    if (next > data.length) break
    count++
  }
  if (count >= told) return undefined
  const fixed = Buffer.from(data)
  fixed.writeUInt32BE(count, at + 8)
  const flags = data[at + 7]!
  const encoder =
    at + 8 + (flags & 1 ? 4 : 0) + (flags & 2 ? 4 : 0) + (flags & 4 ? 100 : 0) + (flags & 8 ? 4 : 0)
  if (encoder + 24 <= fixed.length) fixed.set([fixed[encoder + 22]! & 0xf0, 0], encoder + 22)
  return {
    bytes: fixed,
    odd: `it ends early: ${count} of the ${told} frames that its header promises were read`,
  }
}
