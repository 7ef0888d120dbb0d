/**
 * Fuzzes the reader of torch files: zips whose bytes are changed, and sound zips around a pickle that is
 * changed.
 */
import { TorchFile } from '../../../dist/quantize/formats/torch_file.js'
import { op, orderedDict, pickle, stateDict, storage, tensor, tupleOf } from '../../helpers/pickle.js'
import { torchEntries } from '../../helpers/torch.js'
import { largeFields, packZip } from '../../helpers/zip.js'
import { readingFrom } from './memory.js'

/** The first byte of an input says what the rest is. */
const ZIP = 0
const PICKLE = 1

const storages = [Buffer.alloc(24, 1), Buffer.alloc(8, 2), Buffer.alloc(4, 3)]
const place = { count: 6 }

const values = {
  whole: tensor({ storage: place, shape: [2, 3] }),
  scattered: tensor({ storage: place, shape: [3, 2], strides: [1, 3] }),
  part: tensor({ storage: place, offset: 2, shape: [2, 2], strides: [2, 1] }),
  half: tensor({ storage: { type: 'HalfStorage', key: '1', count: 4 }, shape: [2, 2], strides: [1, 2] }),
  parameter: tensor({
    storage: { type: 'BFloat16Storage', key: '2', count: 2 },
    shape: [2],
    isParameter: true,
  }),
  number: tensor({ storage: { type: 'LongStorage', key: '1', count: 1 }, shape: [] }),
  empty: tensor({ storage: { type: 'BoolStorage', key: '2', count: 4 }, shape: [0, 4] }),
}

/** A pickle that remembers and recalls, as torch's own do. */
const recalling = pickle(
  ...[orderedDict, op.put(0), op.mark, op.text('a'), op.put(1), values.whole, op.put(300)],
  ...[op.text('b'), op.get(300), op.setItems],
)
const pickles = [
  pickle(stateDict(Object.entries(values))),
  pickle(stateDict([['weight', values.whole]])),
  pickle(values.scattered),
  recalling,
]

function torchFile(pickled, options) {
  return packZip(torchEntries(pickled, storages, options))
}

/** The same with 64-bit sizes in the directory, and sizes in the local headers. */
function largeFile() {
  const entries = torchEntries(pickles[1], storages).map((entry) => ({
    ...entry,
    local: { flags: 0x800, extra: Buffer.alloc(0) },
    central: { size: 0xffffffff, extra: largeFields(entry.bytes.length, entry.bytes.length) },
  }))
  return packZip(entries)
}

const zips = [
  ...pickles.map((pickled) => torchFile(pickled)),
  torchFile(pickles[1], { byteorder: null, root: 'model' }),
  packZip(torchEntries(pickles[1], storages), { end64: null, comment: 'a comment' }),
  largeFile(),
]

const tagged = (kind, bytes) => Buffer.concat([Buffer.of(kind), bytes])

/** Whole pieces of pickles, so that changes make new programs and not only broken ones. */
const words = [
  ...[
    'mark',
    'none',
    'true',
    'reduce',
    'build',
    'persistent',
    'dict',
    'noArgs',
    'tuple',
    'setItem',
    'setItems',
  ],
].map((name) => op[name])
words.push(
  ...[orderedDict, storage(place), values.whole, op.stop, op.text('a'), op.text(''), op.text('__proto__')],
  ...[op.put(0), op.get(0), op.put(2 ** 31), op.get(2 ** 31), op.int(0), op.int(-1), op.int(2 ** 31)],
  ...[
    op.int(2 ** 53 - 1),
    op.int(-(2 ** 53) + 1),
    Buffer.of(0x8a, 0),
    Buffer.from('G\x7f\xf8\0\0\0\0\0\0', 'latin1'),
  ],
  ...[
    Buffer.of(0x85),
    Buffer.of(0x86),
    Buffer.of(0x87),
    op.global('os', 'system'),
    op.global('torch', 'toString'),
  ],
  ...[
    tupleOf(),
    tupleOf(op.int(2), op.int(3)),
    largeFields(2 ** 40, -1),
    Buffer.from('PK\x01\x02'),
    Buffer.from('PK\x05\x06'),
  ],
)

/** Reads what there is of a file: some of each tensor whole. */
async function readAll() {
  const file = await TorchFile.open('pytorch_model.bin')
  try {
    for (const each of file.tensors.values()) {
      const isReadable = !each.isScattered || ['F32', 'F16', 'BF16', 'I32', 'I16'].includes(each.dtype)
      if (isReadable && each.bytes <= 4096) await each.read(0, new Uint8Array(each.bytes))
    }
  } finally {
    await file.close()
  }
}

export const torch = {
  name: 'torch',
  seeds: [...pickles.map((each) => tagged(PICKLE, each)), ...zips.map((each) => tagged(ZIP, each))],
  words,
  run(bytes) {
    const rest = bytes.subarray(1)
    return readingFrom((bytes[0] ?? ZIP) % 2 === PICKLE ? torchFile(rest) : rest, readAll)
  },
}
