// Torch files whose zip is broken or lies, and those of kinds that are not read: refused, and nothing is written.
import { mkdirSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import t from 'tap'
import { convertFolder } from '../../dist/lib/index.js'
import { hash } from '../helpers/checkpoint.js'
import { pickle, stateDict, tensor } from '../helpers/pickle.js'
import { Refusals } from '../helpers/refusals.js'
import { torchEntries } from '../helpers/torch.js'
import { largeFields, packZip } from '../helpers/zip.js'

const refusals = new Refusals(t)
const { folder, weights } = refusals

const eight = Buffer.alloc(8)
const sound = pickle(stateDict([['a', tensor({ storage: { count: 2 }, shape: [2] })]]))
const entries = torchEntries(sound, [eight])
/** The sound file with one entry changed; `data` is the storage. */
const changed = (change, name = 'archive/data/0') =>
  packZip(entries.map((entry) => (entry.name === name ? { ...entry, ...change } : entry)))
const whole = packZip(entries)

const extra = (...values) => ({ extra: largeFields(...values) })
const large = 0xffffffff

/** Zip files that are broken, or lie. */
const zips = [
  ['empty', Buffer.alloc(0), /start like a zip/],
  ['text', Buffer.from('hello, these are weights'), /start like a zip/],
  ['zeros', Buffer.alloc(1000), /start like a zip/],
  ['a beginning alone', whole.subarray(0, 100), /without a directory/],
  ['cut by one byte', whole.subarray(0, -1), /without a directory/],
  ['one byte too many', Buffer.concat([whole, Buffer.alloc(1)]), /without a directory/],
  ['the first byte lost', Buffer.concat([whole.subarray(0, 4), whole.subarray(5)]), /zip file/],
  ['a hole in the middle', Buffer.concat([whole.subarray(0, 300), whole.subarray(301)]), /zip file/],
  ['a million bytes before', Buffer.concat([Buffer.alloc(1e6), whole]), /start like a zip/],
  ['a compressed entry', changed({ central: { method: 8 } }), /compressed \(method 8\)/],
  ['compressed by its own header', changed({ local: { method: 8 } }), /compressed or encrypted/],
  ['encrypted', changed({ central: { flags: 1 } }), /encrypted/],
  ['encrypted by its own header', changed({ local: { flags: 9 } }), /encrypted/],
  ['on another disk', changed({ central: { disk: 1 } }), /another disk/],
  ['an entry twice', packZip([...entries, entries[1]]), /twice/],
  ['two storages of one name', packZip([...entries, { ...entries[3], bytes: Buffer.alloc(8, 1) }]), /twice/],
  ['another name in its own header', changed({ local: { name: 'archive/data/1' } }), /another name/],
  ['a longer name in its own header', changed({ local: { name: 'archive/data/00' } }), /another name/],
  ['a size of its own', changed({ local: { flags: 0, size: 4 } }), /other sizes/],
  ['packed and unpacked sizes', changed({ central: { bytes: 16 } }), /stored in 8 bytes, but has 16/],
  ['a size past the directory', changed({ central: { size: 5000 } }), /within the directory|overlaps/],
  ['a size over the next entry', changed({ central: { size: 60 } }), /overlaps/],
  ['two entries in one place', changed({ central: { offset: 0 } }), /another name|overlaps/],
  ['an offset into an entry', changed({ central: { offset: 20 } }), /overlaps|no local header/],
  ['an offset past the end', changed({ central: { offset: 1e6 } }), /within the directory/],
  ['64-bit sizes that are not there', changed({ central: { size: large } }), /lacks its 64-bit sizes/],
  [
    'a 64-bit size of 2^60',
    changed({ central: { size: large, ...extra(2n ** 60n, 2n ** 60n) } }),
    /ends at|overlaps/,
  ],
  [
    'a 64-bit size of 2^64 - 1',
    changed({ central: { size: large, ...extra(-1n, -1n) } }),
    /ends at|overlaps/,
  ],
  ['a 64-bit offset of 2^63', changed({ central: { offset: large, ...extra(2n ** 63n) } }), /begins within/],
  ['one of two 64-bit sizes', changed({ central: { size: large, ...extra(8) } }), /lacks its 64-bit sizes/],
  ['a 64-bit size of its own', changed({ local: { flags: 0, size: large, ...extra(9, 9) } }), /other sizes/],
  ['no 64-bit size of its own', changed({ local: { flags: 0, size: large } }), /other sizes/],
  ['no header of its own', changed({ local: { signature: 0x04034b51 } }), /no local header/],
  ['no entry in the directory', changed({ central: { signature: 0x02014b51 } }), /something other/],
  ['a name with ..', changed({ name: 'archive/../data/0' }), /name/],
  ['an absolute name', changed({ name: '/archive/data/0' }), /name/],
  ['a name with a backslash', changed({ name: 'archive\\data\\0' }), /name/],
  ['a name with a NUL', changed({ name: 'archive/data/0\0' }), /name/],
  ['a name of 60,000 bytes', changed({ name: `archive/${'x'.repeat(6e4)}` }), /name/],
  ['an empty name', changed({ name: '' }), /name/],
  ['another folder', changed({ name: 'other/data/0' }), /not in archive/],
  [
    'fewer entries than there are',
    packZip(entries, { end: { count: 4 }, end64: null }),
    /after the directory/,
  ],
  ['more entries than there are', packZip(entries, { end: { count: 6 }, end64: null }), /ends within/],
  ['65,000 entries', packZip(entries, { end: { count: 65000 }, end64: null }), /65000 entries/],
  ['10^9 entries', packZip(entries, { end: { count: 0xffff }, end64: { count: 1e9 } }), /1000000000 entries/],
  ['records that disagree', packZip(entries, { end64: { count: 4 } }), /disagree/],
  ['a directory elsewhere', packZip(entries, { end: { offset: 10 }, end64: null }), /not at its end/],
  [
    'a directory of 2^62 bytes',
    packZip(entries, { end: { bytes: large }, end64: { bytes: 2n ** 62n } }),
    /not at its end/,
  ],
  [
    'a directory at 2^62',
    packZip(entries, { end: { offset: large }, end64: { offset: 2n ** 62n } }),
    /not at its end/,
  ],
  ['no 64-bit record', packZip(entries, { end: { offset: large }, end64: null }), /not at its end/],
  ['a 64-bit record elsewhere', packZip(entries, { end64: { at: 2n ** 40n } }), /not at/],
  ['a 64-bit record of another size', packZip(entries, { end64: { size: 2n ** 40n } }), /is malformed/],
  ['several disks', packZip(entries, { end: { disk: 1 } }), /several disks/],
  ['bytes behind the directory', packZip(entries, { behindDirectory: 'xx' }), /after the directory/],
  ['a comment that is longer', packZip(entries, { end: { commentLength: 9 } }), /without a directory/],
  ['no entries', packZip([]), /start like a zip|data\.pkl/],
  ['no pickle', packZip(entries.slice(1)), /0 entries data\.pkl/],
  ['two pickles', packZip([...entries, { ...entries[0], name: 'b/data.pkl' }]), /2 entries data\.pkl/],
  ['a pickle deeper in', changed({ name: 'archive/x/data.pkl' }, 'archive/data.pkl'), /0 entries data\.pkl/],
]

/** What torch could read, and we do not. */
const unsupported = [
  [
    'the format before torch 1.6',
    Buffer.from('80028a0a6cfc9c46f9206aa850192e80024de9032e', 'hex'),
    /before 1\.6.*torch\.save/,
  ],
  ['a bare pickle', sound, /before 1\.6/],
  ['big-endian', packZip(torchEntries(sound, [eight], { byteorder: 'big' })), /"big".*endian/],
  ['an order of no kind', packZip(torchEntries(sound, [eight], { byteorder: '' })), /endian/],
  [
    'TorchScript',
    packZip([...entries, { name: 'archive/constants.pkl', bytes: Buffer.from('x') }]),
    /TorchScript/,
  ],
  ['elements that lie far apart', farApart(), /contiguous/],
]

function farApart() {
  const storages = [Buffer.alloc(2 ** 22)]
  const value = tensor({ storage: { count: 2 ** 20 }, shape: [2], strides: [2 ** 20 - 1] })
  return packZip(torchEntries(pickle(stateDict([['a', value]])), storages))
}

t.test('zips', async (t) => {
  for (const each of zips) await refusals.refuse(t, each)
})

t.test('what torch could read', async (t) => {
  for (const each of unsupported) await refusals.refuse(t, each, 'CLVP_UNSUPPORTED')
})

t.test('cut anywhere', async (t) => {
  for (let length = 0; length < whole.length; length += 7) {
    writeFileSync(weights, whole.subarray(0, length))
    await t.rejects(convertFolder(folder, `${folder}.gguf`), { code: 'CLVP_MODEL_FORMAT' }, `${length} bytes`)
  }
})

t.test('what is no file', async (t) => {
  rmSync(weights, { force: true })
  mkdirSync(weights)
  await t.rejects(convertFolder(folder, `${folder}.gguf`), { code: 'CLVP_IO', message: /regular file/ })
  rmdirSync(weights)
})

t.test('damaged anywhere', async (t) => {
  let codes = 0
  for (let i = 0; i < 1000; i++) {
    const damaged = Buffer.from(whole)
    for (let k = 0; k <= i % 3; k++) {
      const random = hash(i, k)
      damaged[random % damaged.length] = [0, 0xff, random >>> 24, damaged[random % damaged.length] ^ 1][
        (random >>> 16) % 4
      ]
    }
    writeFileSync(weights, damaged)
    const error = await convertFolder(folder, `${folder}.gguf`).catch((error) => error)
    if (['CLVP_MODEL_FORMAT', 'CLVP_UNSUPPORTED'].includes(error.code)) codes++
    else t.fail(`damage ${i}: ${error.stack}`)
  }
  t.equal(codes, 1000)
})

t.test('the sound file is read as far as its tensor, which CLVP does not have', async (t) => {
  writeFileSync(weights, whole)
  await t.rejects(convertFolder(folder, `${folder}.gguf`), { message: /tensor logit_scale is missing/ })
})

t.test('nothing was written', (t) => {
  refusals.checkTraces(t)
  t.end()
})
