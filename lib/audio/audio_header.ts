/** Reads what an audio file says about itself, as far as a decoded clip no longer tells it. */
import { tagBytes } from './id3.js'

export interface AudioHeader {
  format: 'WAV' | 'MP3' | 'FLAC' | 'Ogg Vorbis'
  /** Hz. */
  sampleRate: number
  channels: number
}

/** The header of a file's bytes, or undefined if it is none of these formats or too damaged to tell. */
export function audioHeader(bytes: Uint8Array): AudioHeader | undefined {
  const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const found = wav(data) ?? vorbis(data) ?? flac(data) ?? mp3(data)
  return found && found.sampleRate > 0 && found.channels > 0 ? found : undefined
}

const startsWith = (data: Buffer, at: number, text: string) =>
  data.toString('latin1', at, at + text.length) === text

function wav(data: Buffer): AudioHeader | undefined {
  const isBig = startsWith(data, 0, 'RIFX')
  if (!(isBig || startsWith(data, 0, 'RIFF') || startsWith(data, 0, 'RF64')) || !startsWith(data, 8, 'WAVE'))
    return undefined
  const u16 = (at: number) => (isBig ? data.readUInt16BE(at) : data.readUInt16LE(at))
  const u32 = (at: number) => (isBig ? data.readUInt32BE(at) : data.readUInt32LE(at))
  for (let at = 12; at + 24 <= data.length; at += 8 + u32(at + 4) + (u32(at + 4) % 2)) {
    if (startsWith(data, at, 'fmt '))
      return { format: 'WAV', channels: u16(at + 10), sampleRate: u32(at + 12) }
  }
  return undefined
}

function vorbis(data: Buffer): AudioHeader | undefined {
  if (!startsWith(data, 0, 'OggS') || !startsWith(data, 28, '\x01vorbis') || data.length < 44)
    return undefined
  return { format: 'Ogg Vorbis', channels: data[39]!, sampleRate: data.readUInt32LE(40) }
}

/** STREAMINFO is the first block: 20 bits of rate from byte 10 on, then 3 of channels less one. */
function flac(data: Buffer): AudioHeader | undefined {
  const at = tagBytes(data) + 8
  if (!startsWith(data, at - 8, 'fLaC') || data.length < at + 14) return undefined
  const packed = data.readUInt32BE(at + 10)
  return { format: 'FLAC', sampleRate: packed >>> 12, channels: ((packed >>> 9) & 7) + 1 }
}

/** Rates of MPEG 1; MPEG 2 has half, and MPEG 2.5 a quarter of each. */
const mpegRates = [44_100, 48_000, 32_000]

function mp3(data: Buffer): AudioHeader | undefined {
  const at = tagBytes(data)
  if (data.length < at + 4) return undefined
  const frame = data.readUInt32BE(at)
  const [version, layer, rate] = [(frame >>> 19) & 3, (frame >>> 17) & 3, (frame >>> 10) & 3]
  if (frame >>> 21 !== 0x7ff || version === 1 || layer === 0 || rate === 3) return undefined
  const divisor = { 3: 1, 2: 2, 0: 4 }[version as 0 | 2 | 3]
  return {
    format: 'MP3',
    sampleRate: mpegRates[rate]! / divisor,
    channels: ((frame >>> 6) & 3) === 3 ? 1 : 2,
  }
}
