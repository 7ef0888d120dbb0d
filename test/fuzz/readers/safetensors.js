/** Fuzzes the reader of safetensors files: whole files, and sound files around a header that is changed. */
import { SafetensorsFile } from '../../../dist/quantize/formats/safetensors.js'
import { packSafetensors } from '../../helpers/safetensors.js'
import { readingFrom } from './memory.js'

/** The first byte of an input says what the rest is. */
const FILE = 'f'
const HEADER = 'h'
/** Of the numbers behind a header that stands by itself. */
const DATA = Buffer.alloc(40, 7)

const headers = [
  {
    __metadata__: { format: 'pt' },
    a: { dtype: 'F32', shape: [2, 3], data_offsets: [0, 24] },
    b: { dtype: 'F16', shape: [4], data_offsets: [24, 32] },
    c: { dtype: 'BF16', shape: [2, 2, 1], data_offsets: [32, 40] },
  },
  {
    scalar: { dtype: 'I64', shape: [], data_offsets: [0, 8] },
    empty: { dtype: 'F32', shape: [0, 5], data_offsets: [8, 8] },
    'a.b.weight': { dtype: 'U8', shape: [32], data_offsets: [8, 40] },
  },
  { whole: { shape: [5], data_offsets: [0, 40], dtype: 'F64' } },
]
const texts = headers.map((header) => Buffer.from(JSON.stringify(header)))
const spaced = Buffer.from(JSON.stringify(headers[0], null, 1).padEnd(512))

const tagged = (kind, bytes) => Buffer.concat([Buffer.from(kind), bytes])

/** The file that an input stands for. */
export function fileOf(bytes) {
  const rest = bytes.subarray(1)
  return bytes[0] === HEADER.charCodeAt(0) ? packSafetensors(rest, DATA) : rest
}

async function readAll() {
  const file = await SafetensorsFile.open('model.safetensors')
  try {
    for (const each of file.tensors.values()) {
      if (each.bytes <= 4096) await each.read(0, new Uint8Array(each.bytes))
    }
  } finally {
    await file.close()
  }
}

export const safetensors = {
  name: 'safetensors',
  isText: true,
  seeds: [
    ...[...texts, spaced].map((text) => tagged(HEADER, text)),
    ...[...texts, spaced].map((text) => tagged(FILE, packSafetensors(text, DATA))),
  ],
  words: [
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"',
    '\\',
    '{"a":',
    '"dtype"',
    '"__metadata__":{}',
    '\ufeff',
    '\\u0061',
  ].map((word) => Buffer.from(word)),
  run: (bytes) => readingFrom(fileOf(bytes), readAll),
}
