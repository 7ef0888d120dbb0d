// Coarser types are further away, and the figures of one tensor are those worked out by hand from the files' bytes.
import { closeSync, openSync, readFileSync, readSync } from 'node:fs'
import t from 'tap'
import { compareModels, inspectModel } from '../../dist/lib/index.js'
import { headerLength } from '../helpers/gguf.js'
import { tinyFile, tone } from '../helpers/model.js'

const few = {
  texts: ['Hello there.', 'What now?', 'No.'],
  voices: [tone(), tone(0.4)],
  maxTokens: 16,
  threads: 1,
}

/** A tensor's bytes: they follow each other, each padded to 32. */
async function bytesOf(file, name) {
  const { tensors } = await inspectModel(file)
  let at = headerLength(readFileSync(file))
  for (const each of tensors) {
    if (each.name === name) {
      const bytes = Buffer.alloc(each.bytes)
      const handle = openSync(file)
      readSync(handle, bytes, 0, bytes.length, at)
      closeSync(handle)
      return bytes
    }
    at += Math.ceil(each.bytes / 32) * 32
  }
  throw new Error(name)
}

function half(bits) {
  const [sign, exponent, fraction] = [bits >> 15 ? -1 : 1, (bits >> 10) & 31, bits & 1023]
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15))
}

/** Blocks of 32: a scale in half precision, then the numbers. */
const decoders = {
  f32: (bytes) => Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readFloatLE(4 * i)),
  q8_0: (bytes) =>
    Array.from({ length: (bytes.length / 34) * 32 }, (_, i) => {
      const block = Math.floor(i / 32) * 34
      return half(bytes.readUInt16LE(block)) * bytes.readInt8(block + 2 + (i % 32))
    }),
  q4_0: (bytes) =>
    Array.from({ length: (bytes.length / 18) * 32 }, (_, i) => {
      const block = Math.floor(i / 32) * 18
      const byte = bytes[block + 2 + (i % 16)]
      return half(bytes.readUInt16LE(block)) * ((i % 32 < 16 ? byte & 15 : byte >> 4) - 8)
    }),
}

t.test('f32 against q8_0 and q4_0', async (t) => {
  const reference = await tinyFile('deep', 'f32')
  const found = {}
  for (const type of ['q8_0', 'q4_0']) {
    const file = await tinyFile('deep', type)
    found[type] = await compareModels(reference, file, few)
    const name = 'dec.blk.0.attn_qkv.weight'
    const tensor = found[type].tensors.find((each) => each.name === name)
    t.same(tensor.types, { a: 'f32', b: type })
    const a = decoders.f32(await bytesOf(reference, name))
    const b = decoders[type](await bytesOf(file, name))
    t.equal(a.length, b.length)
    let [error, squareA, squareB, dot, most] = [0, 0, 0, 0, 0]
    for (let i = 0; i < a.length; i++) {
      error += (a[i] - b[i]) ** 2
      squareA += a[i] ** 2
      squareB += b[i] ** 2
      dot += a[i] * b[i]
      most = Math.max(most, Math.abs(a[i] - b[i]))
    }
    t.ok(error > 0)
    const near = (value, expected, what) =>
      t.ok(Math.abs(value / expected - 1) < 1e-6, `${type}: ${what} is ${value}`)
    near(tensor.relativeError, Math.sqrt(error / squareA), 'relative error')
    near(tensor.maxError, most, 'largest error')
    near(tensor.cosine, dot / Math.sqrt(squareA * squareB), 'cosine')
    const norm = found[type].tensors.find((each) => each.name === 'dec.norm.weight')
    t.match(norm, { relativeError: 0, types: { a: 'f32', b: 'f32' } }, 'norms stay as they are')
  }
  const [fine, coarse] = [found.q8_0, found.q4_0]
  for (const { behaviour } of [fine, coarse]) {
    const { kl, sameLikeliest, positions } = behaviour.decoder
    t.ok(
      0 < kl.mean && kl.mean <= kl.p99 && kl.p99 <= kl.max && kl.max < 5,
      `KL ${kl.mean}, ${kl.p99}, ${kl.max}`,
    )
    t.ok(sameLikeliest > 0.3 && sameLikeliest <= 1)
    t.equal(
      kl.histogram.counts.reduce((sum, count) => sum + count, 0),
      positions,
    )
    t.equal(behaviour.embeddings.conditioning.count, 2)
  }
  t.ok(4 * fine.behaviour.decoder.kl.mean < coarse.behaviour.decoder.kl.mean, 'KL grows')
  for (const part of ['text', 'speech', 'conditioning']) {
    const [near, far] = [fine, coarse].map(({ behaviour }) => behaviour.embeddings[part])
    t.ok(
      near.mean > far.mean && far.mean > 0.9 && near.min > 0.999,
      `${part}: ${near.mean} above ${far.mean}`,
    )
  }
  t.ok(fine.behaviour.ranking.kendallTau >= coarse.behaviour.ranking.kendallTau, 'rankings agree less')
  t.same(await compareModels(reference, await tinyFile('deep', 'q4_0'), few), coarse, 'the same again')
})
