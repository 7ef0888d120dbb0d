// Every damage to a model file is found, and a sound one has no faults.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { convertFolder, inspectModel, verifyModel } from '../../dist/lib/index.js'
import { broadCheckpoint } from '../helpers/broad.js'
import { headerLength, replaceOnce } from '../helpers/gguf.js'
import { freshCheckpoint } from '../helpers/safetensors.js'

const damaged = /does not match its checksum/

async function freshModel(t, type = 'q8_0', folder = freshCheckpoint(t)) {
  const file = join(folder, '..', 'model.gguf')
  await convertFolder(folder, file, { type, threads: 1 })
  return { file, bytes: readFileSync(file) }
}

/** The faults of some bytes in place of the file's. */
async function faultsOf(file, bytes) {
  writeFileSync(file, bytes)
  const { isSound, faults } = await verifyModel(file, { threads: 1 })
  return isSound ? [] : faults
}

/** The file without the checksums' keys, as earlier versions wrote it: renamed, unknown keys are ignored. */
function withoutChecksums(bytes) {
  const once = replaceOnce(bytes, Buffer.from('clvp.checksum.header'), Buffer.from('xlvp.checksum.header'))
  return replaceOnce(once, Buffer.from('clvp.checksum.tensors'), Buffer.from('xlvp.checksum.tensors'))
}

t.test('a sound file', async (t) => {
  const { file, bytes } = await freshModel(t)
  const { tensors, checksum } = await inspectModel(file)
  const expected = {
    path: file,
    isSound: true,
    faults: [],
    checksum,
    bytes: bytes.length,
    tensors: tensors.length,
  }
  t.same(await verifyModel(file), expected)
  t.match(checksum, /^[0-9a-f]{16}$/)
  t.equal(new Set(tensors.map((each) => each.checksum)).size > tensors.length / 2, true)
  await freshModel(t, 'q8_0')
  t.equal((await inspectModel(file)).checksum, checksum, 'the same for the same input')
})

t.test('any bit', async (t) => {
  const { file, bytes } = await freshModel(t)
  const end = headerLength(bytes)
  // Every 97th byte of the header, every 4001st of the data, and around the edges; each with another bit.
  const places = new Set([0, 8, 16, end - 1, end, end + 1, bytes.length - 33, bytes.length - 1])
  for (let i = 0; i < end; i += 97) places.add(i)
  for (let i = end; i < bytes.length; i += 4001) places.add(i)
  const missed = []
  for (const place of places) {
    const copy = Buffer.from(bytes)
    copy[place] ^= 1 << (place % 8)
    if ((await faultsOf(file, copy)).length === 0) missed.push(place)
  }
  t.same(missed, [], `${places.size} damages`)
})

t.test('the damaged tensor is named', async (t) => {
  const { file, bytes } = await freshModel(t, 'f32')
  const copy = Buffer.from(bytes)
  copy[headerLength(bytes)] ^= 1 // of the first tensor
  const faults = await faultsOf(file, copy)
  t.match(faults, [{ tensor: 'logit_scale', what: damaged }])
  t.equal(faults.length, 1)
})

t.test('length', async (t) => {
  const { file, bytes } = await freshModel(t)
  for (const length of [0, 1, 4, 24, 1000, headerLength(bytes), bytes.length - 32, bytes.length - 1000]) {
    t.ok((await faultsOf(file, bytes.subarray(0, length))).length > 0, `${length} bytes`)
  }
  for (const more of [Buffer.alloc(1), Buffer.alloc(32), Buffer.from('x'), bytes]) {
    const faults = await faultsOf(file, Buffer.concat([bytes, more]))
    t.match(faults, [{ what: `${more.length} bytes follow the last tensor` }])
  }
})

t.test('numbers that are none, in every type', async (t) => {
  const folder = broadCheckpoint(t)
  const name = 'dec.blk.0.ffn_down.weight'
  // Where a block keeps its scale in half precision, and NaN as such.
  const places = {
    f32: 0,
    f16: 0,
    bf16: 0,
    q8_0: 0,
    q6_k: 208,
    q5_k: 0,
    q5_0: 0,
    q4_k: 2,
    q4_0: 0,
    iq4_nl: 0,
  }
  for (const [type, place] of Object.entries(places)) {
    const { file, bytes } = await freshModel(t, type, folder)
    const start = offsetOf(bytes, name)
    const copy = withoutChecksums(bytes)
    if (type === 'f32') copy.writeFloatLE(Number.NaN, start)
    else copy.writeUInt16LE(type === 'bf16' ? 0x7fc0 : 0x7e00, start + place)
    t.match(
      await faultsOf(file, copy),
      [{ tensor: name, what: /NaN or infinite.*NaN.*row 0, column 0/ }],
      type,
    )
  }
})

t.test('a file without checksums', async (t) => {
  const { file, bytes } = await freshModel(t)
  writeFileSync(file, withoutChecksums(bytes))
  const { isSound, checksum } = await verifyModel(file)
  t.ok(isSound)
  t.equal(checksum, undefined)
  const half = replaceOnce(bytes, Buffer.from('clvp.checksum.header'), Buffer.from('xlvp.checksum.header'))
  t.match(await faultsOf(file, half), [{ what: /only one of/ }])
})

t.test('settings that nothing can be made of', async (t) => {
  const { file, bytes } = await freshModel(t)
  const plain = withoutChecksums(bytes)
  for (const [from, to, what] of [
    ['clvp.decoder.head_count', 'clvp.decoder.head_kount', /head_count/],
    ['dec.norm.weight', 'dec.norm.wEight', /dec\.norm\.w/],
    ['clvp.tokenizer.tokens', 'clvp.tokenizer.tokenz', /vocabulary/],
    ['"architectures": [', '"architectures": {', /configuration/],
  ]) {
    const faults = await faultsOf(file, replaceOnce(plain, Buffer.from(from), Buffer.from(to)))
    t.ok(
      faults.some((fault) => what.test(fault.what)),
      `${to}: ${JSON.stringify(faults).slice(0, 200)}`,
    )
  }
})

t.test('options and files', async (t) => {
  const { file } = await freshModel(t)
  for (const options of [{ threads: 0 }, { unknown: 1 }, { signal: 1 }, { onProgress: 'x' }, 5]) {
    await t.rejects(verifyModel(file, options), { code: 'CLVP_INVALID_ARGUMENT' })
  }
  await t.rejects(verifyModel(`${file}.none`), { code: 'CLVP_IO' })
  await t.rejects(verifyModel(file, { signal: AbortSignal.abort() }), { code: 'CLVP_ABORTED' })
  const fractions = []
  await verifyModel(file, { onProgress: (fraction) => fractions.push(fraction) })
  t.equal(fractions.at(-1), 1)
  const thrown = () => {
    throw new RangeError('mine')
  }
  await t.rejects(verifyModel(file, { onProgress: thrown }), new RangeError('mine'))
})

/** Where a tensor's data starts. */
function offsetOf(bytes, name) {
  const at = bytes.indexOf(Buffer.from(name)) + name.length
  const dims = bytes.readUInt32LE(at)
  return headerLength(bytes) + Number(bytes.readBigUInt64LE(at + 4 + 8 * dims + 4))
}
