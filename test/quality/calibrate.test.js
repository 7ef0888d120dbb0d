// What a calibration finds is what enters the matrices, worked out here from the checkpoint's own numbers.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { Clvp, calibrate, convertFolder, inspectModel } from '../../dist/lib/index.js'
import { configOf, farthest, meanSquares, weightsOf } from '../helpers/calibration.js'
import { tinyFile, tone } from '../helpers/model.js'
import { freshCheckpoint } from '../helpers/safetensors.js'

const texts = ['Hello there.', 'No.', 'What is that over there?']
const few = { texts, voices: [tone(0.4), tone(0.3)], candidates: 3, maxTokens: 10, threads: 1 }

t.test('the columns by hand', async (t) => {
  const folder = freshCheckpoint(t)
  const file = `${folder}.gguf`
  await convertFolder(folder, file, { type: 'f32' })
  const { matrices, texts: count, voices } = await calibrate(file, few)
  t.same([count, voices], [3, 2])
  const { tensors } = await inspectModel(file)
  for (const { name, dims } of tensors) {
    const isMatrix = dims.length === 2 && !/embd|pos/.test(name)
    t.equal(matrices.has(name), isMatrix, name)
    if (isMatrix) t.equal(matrices.get(name).meanSquares.length, dims[0], `${name}: its columns`)
  }

  // A token's embedding, normalised by its root mean square, enters q, k and v of the text encoder's first block.
  const clvp = await Clvp.load(file, { threads: 1 })
  const ids = []
  for (const text of texts) ids.push((await clvp.explain(text)).tokens.map(({ id }) => id))
  await clvp.dispose()
  const config = configOf(folder).text_config
  for (const row of ids) row.push(config.eos_token_id)
  const width = config.hidden_size
  const table = weightsOf(folder, 'text_encoder_model.token_embedding.weight')
  const norm = weightsOf(folder, 'text_encoder_model.layers.0.input_rmsnorm.weight')
  const normalised = ids.flat().map((id) => {
    const row = Array.from(table.subarray(id * width, (id + 1) * width))
    const rms = Math.sqrt(row.reduce((sum, x) => sum + x * x, 0) / width + config.layer_norm_eps)
    return row.map((x, i) => (x / rms) * norm[i])
  })
  const qkv = matrices.get('text.blk.0.attn_qkv.weight')
  t.equal(qkv.rows, normalised.length)
  const distance = farthest([...qkv.meanSquares], meanSquares(normalised))
  t.ok(distance < 1e-5, `within ${distance}`)

  t.equal(matrices.get('text.proj.weight').rows, 3, 'once for each text')
  t.equal(matrices.get('speech.proj.weight').rows, 9, 'once for each candidate')
  const frames = matrices.get('cond.mel_conv.weight').rows
  t.ok(frames > 100)
  t.equal(matrices.get('cond.blk.0.attn_qkv.weight').rows, frames, 'once for each frame')
  const head = matrices.get('dec.lm_head.weight').rows
  const prefixes = ids.reduce((sum, row) => sum + row.length + 4, 0) - 3 // of which the last position alone has a head
  t.equal(matrices.get('dec.blk.0.ffn_down.weight').rows, head + prefixes, 'prefill and steps')
})

t.test('equal calls, equal bytes; and nothing changes for later calls', async (t) => {
  const file = await tinyFile('plain')
  const dir = t.testdir({})
  for (const name of ['one.json', 'two.json']) await (await calibrate(file, few)).save(join(dir, name))
  t.ok(readFileSync(join(dir, 'one.json')).equals(readFileSync(join(dir, 'two.json'))))
  t.notOk(
    readFileSync(join(dir, 'one.json')).equals(
      await calibrate(file, { ...few, seed: 1 })
        .then((found) => found.save(join(dir, 'three.json')))
        .then(() => readFileSync(join(dir, 'three.json'))),
    ),
    'another seed, other candidates',
  )
  t.same(readdirSync(dir), ['one.json', 'three.json', 'two.json'])
})

t.test('refusals', async (t) => {
  const file = await tinyFile('plain')
  await t.rejects(calibrate(await tinyFile('plain', 'q8_0'), few), {
    code: 'CLVP_INVALID_ARGUMENT',
    message: /of type f32, f16, bf16 to calibrate but received one of q8_0/,
  })
  const bad = [
    ['texts', undefined],
    ['texts', []],
    ['texts', ['']],
    ['voices', []],
    ['candidates', 0],
    ['maxTokens', 65536],
    ['seed', 0.5],
    ['onProgress', 1],
    ['importance', 1],
  ]
  for (const [name, value] of bad) {
    await t.rejects(
      calibrate(file, { ...few, [name]: value }),
      { code: 'CLVP_INVALID_ARGUMENT' },
      `${name} ${value}`,
    )
  }
  await t.rejects(calibrate(file), { code: 'CLVP_INVALID_ARGUMENT' })
})

t.test('abort', async (t) => {
  const file = await tinyFile('plain')
  const aborted = { code: 'CLVP_ABORTED', name: 'AbortError' }
  await t.rejects(calibrate(file, { ...few, signal: AbortSignal.abort() }), aborted)
  const abort = new AbortController()
  const fractions = []
  const onProgress = ({ stage, fraction }) => {
    if (stage === 'generate') fractions.push(fraction)
    if (stage === 'generate') abort.abort()
  }
  await t.rejects(calibrate(file, { ...few, signal: abort.signal, onProgress }), aborted)
  t.same(fractions, [1 / 3])
})
