// What transformers computed (test/golden/*.json, made by scripts/parity/reference.py), and how ours is held against it.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { hash, nameKey, readRecipe, writeCheckpoint } from './checkpoint.js'

/** A test sound from integers alone: a gliding triangle wave, noise, and stretches of silence. */
export function makeClip({ seed, samples }) {
  const key = nameKey(seed, 'clip')
  const step = 20_000_000 + seed * 7_000_001
  return Float32Array.from({ length: samples }, (_, i) => {
    if (((i >>> 12) & 3) === 3) return 0
    const phase = (Math.imul(i, step) + Math.imul(Math.imul(i, i), 353)) >>> 16
    const triangle = Math.abs(phase - 32768) - 16384
    return (triangle + (hash(key, i) >>> 19) - 4096) / 32768
  })
}

/** The two ways to count positions that the reference was run with: see Positions in clvp/model.h. */
export const positionsKinds = ['transformers', 'cached']

/** The reference's facts with one of its two decodings in the plain places. See Decoding in scripts/parity/reference.py. */
export function chooseDecoding(facts, prefix) {
  if (prefix === 'transformers') return facts
  const steps = { ...facts.steps, ...facts.steps.cancelled }
  const greedy = facts.greedy.map((found) => ({ ...found, ...found.cancelled }))
  const floats = { ...facts.floats, logits: facts.floats['logits.cancelled'] }
  return { ...facts, steps, greedy, floats }
}

/** The reference's facts about a recipe: inputs, ids and `floats`, samples of its arrays for differences(). */
export function readGolden(name) {
  return JSON.parse(readFileSync(new URL(`../golden/${name}.json`, import.meta.url), 'utf8'))
}

/** base64 of little-endian float32 values. */
export function decodeFloats(base64) {
  const bytes = Buffer.from(base64, 'base64')
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length))
}

/** The elements of a whole array that a golden sample holds: its first `head`, then every stride-th. */
export function sampleLike(array, { head, stride }) {
  return array.filter((_, i) => i < head || (i - head) % stride === 0)
}

/** How far `actual` is from `expected`: max|a-b| / max|b|, the relative L2 distance, and the cosine. */
export function differences(actual, expected) {
  let [most, scale, distance, left, right, dot] = [0, 0, 0, 0, 0, 0]
  for (let i = 0; i < expected.length; i++) {
    const gap = Math.abs(actual[i] - expected[i])
    // Not Math.max alone: it must not lose a NaN, which fails every comparison.
    most = gap > most || Number.isNaN(gap) ? gap : most
    scale = Math.max(scale, Math.abs(expected[i]))
    distance += gap * gap
    left += actual[i] * actual[i]
    right += expected[i] * expected[i]
    dot += actual[i] * expected[i]
  }
  return { max: most / scale, l2: Math.sqrt(distance / right), cosine: dot / Math.sqrt(left * right) }
}

/** Asserts on a tap test that an array is the golden one, within `limit` of the largest expected value. */
export function matchGolden(t, actual, packed, what, limit = 1e-4) {
  const count = packed.shape.reduce((a, b) => a * b, 1)
  t.equal(actual.length, count, `${what}: has the shape [${packed.shape}]`)
  const expected = decodeFloats(packed.data)
  const { max } = differences(sampleLike(actual, packed), expected)
  t.ok(max <= limit, `${what}: max|a-b|/max|b| is ${max.toExponential(2)}, at most ${limit}`)
}

/** A recipe's checkpoint, written, converted and loaded on the CPU: { core, model, session, golden, recipe }. */
export async function loadTiny(t, name, { type = 'f32', threads = 2 } = {}) {
  const [session, jobs, { convertFolder }] = await Promise.all([
    import('../../dist/lib/session/session.js'),
    import('../../dist/lib/addon/jobs.js'),
    import('../../dist/quantize/convert.js'),
  ])
  const dir = t.testdir({})
  const recipe = readRecipe(name)
  writeCheckpoint(recipe, join(dir, 'hf'))
  const path = join(dir, `${name}.gguf`)
  await convertFolder(join(dir, 'hf'), path, { type })
  const core = { ...session, ...jobs }
  const model = await core.loadModel(path, { device: process.env.CLVP_TEST_DEVICE ?? 'cpu' })
  return { core, model, session: core.createSession(model, { threads }), golden: readGolden(name), recipe }
}

/** The conditioning vector of a golden file's clip. */
export async function conditionClip(session, golden, index) {
  return session.condition(await session.mel(makeClip(golden.clips[index])))
}

/** One row of ids through an encoder. */
export function encodeRow(session, tower, ids) {
  const rows = { rows: 1, tokens: ids.length, ids: Int32Array.from(ids) }
  return session.encode(tower, { ...rows, hiddenStates: false, attentions: false })
}

/** A text behind a voice, as the conditioning encoder gives both to the decoder. */
export function conditionText(session, voice, ids) {
  return session.conditioning(voice, { rows: 1, tokens: ids.length, ids: Int32Array.from(ids) })
}
