// Whatever a file holds, Clvp.load() refuses it with a typed error or loads it: the process never dies of it.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { Clvp, convertFolder, inspectModel } from '../../dist/lib/index.js'
import { readRecipe, writeCheckpoint } from '../helpers/checkpoint.js'
import { headerLength, replaceOnce } from '../helpers/gguf.js'
import { tinyFile, tone } from '../helpers/model.js'
import { setWeight } from '../helpers/safetensors.js'
import { times } from '../helpers/torture.js'

const dir = t.testdir({
  empty: '',
  'text.gguf': 'Call me Ishmael. Some years ago, never mind how long precisely,\n'.repeat(10),
  'folder-without-config': { 'model.safetensors': '' },
  'empty-folder': {},
})
const file = join(dir, 'model.gguf')
const whole = readFileSync(await tinyFile('small'))
const header = headerLength(whole)
const format = (message = /./) => ({ name: 'ClvpError', code: 'CLVP_MODEL_FORMAT', message })

/** Loads bytes as a model file. */
async function loadBytes(bytes) {
  writeFileSync(file, bytes)
  const clvp = await Clvp.load(file, { threads: 1 })
  try {
    return await clvp.embedText('Hello.')
  } finally {
    await clvp.dispose()
  }
}

t.test('the whole file loads', async (t) => {
  t.ok(await loadBytes(whole))
})

t.test('what is no model', async (t) => {
  const io = { code: 'CLVP_IO', message: /There is no model at .*nowhere/ }
  await t.rejects(Clvp.load(join(dir, 'nowhere')), io)
  await t.rejects(Clvp.load(join(dir, 'nowhere.gguf')), io)
  await t.rejects(Clvp.load(join(dir, 'text.gguf', 'nowhere')), io)
  await t.rejects(Clvp.load(join(dir, 'empty-folder')), format(/config\.json is missing/))
  await t.rejects(Clvp.load(join(dir, 'folder-without-config')), format(/config\.json is missing/))
  await t.rejects(Clvp.load(join(dir, 'empty')), format(/empty/))
  await t.rejects(Clvp.load(join(dir, 'text.gguf')), format(/text\.gguf/))
  await t.rejects(Clvp.load('/dev/null'), { name: 'ClvpError' })
  await t.rejects(loadBytes(Buffer.alloc(1000)), format(/model\.gguf/))
  await t.rejects(loadBytes(Buffer.alloc(1000, 0xff)), format())
  await t.rejects(loadBytes(Buffer.from('GGUF')), format())
  for (const source of ['', 5, null, undefined, {}, ['a'], 'a\0b']) {
    await t.rejects(Clvp.load(source), { code: 'CLVP_INVALID_ARGUMENT', message: /for source/ })
  }
})

t.test('a model of another kind or time', async (t) => {
  const changed = (from, to) => loadBytes(replaceOnce(whole, from, to))
  await t.rejects(changed(text('clvp'), text('bert')), format(/bert/))
  const version = (n) => Buffer.concat([Buffer.from('clvp.format_version'), u32(4), u32(n)])
  for (const n of [0, 2, 2 ** 32 - 1]) await t.rejects(changed(version(1), version(n)), format(/version/))
  await t.rejects(changed(Buffer.from('GGUF\x03'), Buffer.from('GGUF\x01')), format(/version 1/))
  await t.rejects(changed(Buffer.from('GGUF\x03'), Buffer.from('GGUF\x04')), format(/version 4/))
  await t.rejects(
    changed(Buffer.from('clvp.decoder.head_count'), Buffer.from('clvp.decoder.head_coun!')),
    format(),
  )
  await t.rejects(changed(text('logit_scale'), text('logit_scala')), format(/logit_scal/))
})

t.test('without a tokenizer', async (t) => {
  const key = 'clvp.tokenizer.merges'
  const error = await loadBytes(
    replaceOnce(whole, Buffer.from(key), Buffer.from('clvp.tokenizer.merged')),
  ).catch((error) => error)
  t.match(error, format(/clvp\.tokenizer/))
  // What is kept of tokenizer_config.json must be JSON, and name no empty token.
  const changed = (from, to) => loadBytes(replaceOnce(whole, Buffer.from(from), Buffer.from(to)))
  await t.rejects(changed('"bos_token"', '"bos_token '), format(/tokenizer_config/))
  await t.rejects(
    changed('"unk_token": "[UNK]"', '"unk_token": ""     '),
    format(/tokenizer_config.*unk_token/),
  )
  t.ok(await changed('"unk_token"', '"xnk_token"'), 'a token that is not named has its default')
  const folder = join(dir, 'checkpoint')
  writeCheckpoint(readRecipe('small'), folder)
  writeFileSync(join(folder, 'merges.txt'), '#version: 0.2\na b c\n')
  await t.rejects(convertFolder(folder, `${folder}.gguf`), format(/merges\.txt/))
})

t.test('weights so large that the results are NaN or infinite', async (t) => {
  const folder = join(dir, 'overflowing')
  writeCheckpoint(readRecipe('small'), folder)
  for (let i = 0; i < 64; i++) setWeight(folder, 'speech_encoder_model.projection.weight', i, 3e38)
  await convertFolder(folder, `${folder}.gguf`, { type: 'f32' })
  const clvp = await Clvp.load(`${folder}.gguf`, { threads: 1 })
  const voice = await clvp.voice(tone())
  const notFinite = format(/NaN or infinit/)
  await t.rejects(clvp.embedSpeech(Int32Array.of(1, 2)), notFinite)
  await t.rejects(clvp.rank('Hi.', [Int32Array.of(1, 2)]), notFinite)
  await t.rejects(clvp.generate('Hi.', { voice, candidates: 1, maxTokens: 2 }), notFinite)
  t.ok(await clvp.embedText('Hi.'), 'what does not need them works')
  await clvp.dispose()
})

t.test('cut anywhere in the header', async (t) => {
  const cuts = times(200, Math.min(header, 20_000))
  for (let i = 0; i < cuts; i++) {
    const at = i < 30 ? i : Math.floor((i * header) / cuts)
    await t.rejects(loadBytes(whole.subarray(0, at)), format(), `at byte ${at}`)
  }
})

t.test('cut at the edges of every tensor', async (t) => {
  writeFileSync(file, whole)
  const { tensors } = await inspectModel(file)
  let end = header
  for (const [i, { name, bytes }] of tensors.entries()) {
    const start = end
    end = start + bytes
    const isLast = i === tensors.length - 1
    for (const at of isLast ? [start - 1, start, end - 1] : [start - 1, start, end - 1, end]) {
      await t.rejects(loadBytes(whole.subarray(0, at)), format(/model\.gguf/), `${name} cut at ${at}`)
    }
    end = Math.ceil(end / 32) * 32
  }
  t.equal(end, whole.length, 'all of the file')
})

t.test('flips of a bit', async (t) => {
  let state = 12345
  const random = (n) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * n)
  }
  const outcomes = {}
  for (let i = 0; i < times(300, 10_000); i++) {
    const bytes = Buffer.from(whole)
    const at = random(i % 3 === 2 ? whole.length : header)
    const bit = random(8)
    bytes[at] ^= 1 << bit
    const outcome = await loadBytes(bytes).then(
      (embedding) => (embedding.every(Number.isFinite) ? 'loaded' : 'not finite'),
      (error) => error.code ?? error.stack,
    )
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
    const isFine = ['loaded', 'CLVP_MODEL_FORMAT', 'CLVP_UNSUPPORTED'].includes(outcome)
    if (!isFine) t.fail(`bit ${bit} of byte ${at}: ${outcome}`)
  }
  t.comment(JSON.stringify(outcomes))
  t.pass(`${times(300, 10_000)} flips`)
  t.ok(outcomes.CLVP_MODEL_FORMAT > 50)
})

/** A GGUF string. */
function text(value) {
  return Buffer.concat([u64(value.length), Buffer.from(value)])
}

function u32(value) {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}

function u64(value) {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(BigInt(value))
  return bytes
}
