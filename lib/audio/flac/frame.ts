/** Frames of a mono FLAC file (RFC 9639, section 9). */
import { BitWriter } from './bits.js'
import { crc8, crc16 } from './checksums.js'
import { type Prediction, planRice, predict, type RicePlan, writeRice } from './residual.js'

/** Samples of each frame but the last, which may be shorter. */
export const blockSize = 4096

export interface FrameFormat {
  /** Hz. */
  sampleRate: number
  bits: 16 | 24
}

const blockCode = 0b1100 // 4,096
const blockBehind = 0b0111 // the length less one, in 16 bits at the end of the header

/** @param number of the frame, from 0 */
export function encodeFrame(block: Int32Array, number: number, format: FrameFormat): Uint8Array {
  const out = new BitWriter(16 + (block.length * format.bits) / 8)
  writeHeader(out, block.length, number, format)
  out.write(crc8(out.bytes()), 8)
  writeSamples(out, block, format.bits)
  out.write(crc16(out.bytes()), 16)
  return out.bytes()
}

function writeHeader(
  out: BitWriter,
  length: number,
  number: number,
  { sampleRate, bits }: FrameFormat,
): void {
  const isWhole = length === blockSize
  const rate = rateField(sampleRate)
  out.write(0b11111111111110, 14) // what frames are found by
  out.write(0, 2) // all frames have one length
  out.write(isWhole ? blockCode : blockBehind, 4)
  out.write(rate.code, 4)
  out.write(0, 4) // mono
  out.write(bits === 16 ? 0b100 : 0b110, 3)
  out.write(0, 1)
  out.writeBytes(codedNumber(number))
  if (!isWhole) out.write(length - 1, 16)
  if (rate.value !== undefined) out.write(rate.value, 16)
}

/** In Hz, or in tens of Hz; other rates stand in the file's header alone. */
function rateField(rate: number): { code: number; value?: number } {
  if (rate < 2 ** 16) return { code: 0b1101, value: rate }
  return rate % 10 === 0 && rate / 10 < 2 ** 16 ? { code: 0b1110, value: rate / 10 } : { code: 0 }
}

/** A number below 2^31 in up to six bytes, as UTF-8 has the numbers of characters. */
function codedNumber(number: number): number[] {
  if (number < 0x80) return [number]
  const count = Math.ceil((31 - Math.clz32(number)) / 5)
  const bytes = [((0xff00 >> count) & 0xff) | (number >>> (6 * (count - 1)))]
  for (let shift = 6 * (count - 2); shift >= 0; shift -= 6) bytes.push(0x80 | ((number >>> shift) & 0x3f))
  return bytes
}

/**
 * A constant, a prediction with the codes of what it leaves, or the samples as they are: whichever is
 * shortest.
 */
function writeSamples(out: BitWriter, block: Int32Array, bits: number): void {
  if (block.every((sample) => sample === block[0])) {
    writeKind(out, 0)
    out.write(block[0]!, bits)
    return
  }
  const prediction = predict(block)
  const plan = planRice(prediction)
  if (prediction.order * bits + plan.bits < block.length * bits)
    writePredicted(out, block, bits, prediction, plan)
  else {
    writeKind(out, 1)
    for (const sample of block) out.write(sample, bits)
  }
}

function writePredicted(
  out: BitWriter,
  block: Int32Array,
  bits: number,
  prediction: Prediction,
  plan: RicePlan,
): void {
  writeKind(out, 0b001000 | prediction.order)
  for (const sample of block.subarray(0, prediction.order)) out.write(sample, bits)
  writeRice(out, prediction, plan)
}

function writeKind(out: BitWriter, kind: number): void {
  out.write(kind << 1, 8) // a zero before it; a zero behind it: no bits are left out
}
