// tortoise's two checkpoints under other names: found by the names of their tensors, or named by options.
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { Clvp, convertFolder } from '../../dist/lib/index.js'
import { tone } from '../helpers/model.js'
import { freshCheckpoint } from '../helpers/safetensors.js'
import { packTorch } from '../helpers/torch.js'
import { packNorms, pairOf, saveAsPair } from '../helpers/tortoise.js'

async function converted(folder, options = {}) {
  const target = `${folder}.gguf`
  await convertFolder(folder, target, { type: 'f32', ...options })
  return readFileSync(target)
}

async function freshPair(t) {
  const folder = freshCheckpoint(t)
  const expected = await converted(folder)
  const pair = pairOf(folder)
  saveAsPair(folder)
  return { folder, expected, pair, at: (name) => join(folder, name) }
}

/** Another decoder of the same shapes. */
function finetuned(autoregressive) {
  const bias = autoregressive['mel_head.bias']
  const data = Buffer.from(bias.data)
  data.writeFloatLE(1, 0)
  return packTorch({ ...autoregressive, 'mel_head.bias': { ...bias, data } })
}

t.test('found by their tensors', async (t) => {
  const { folder, expected, at } = await freshPair(t)
  for (const [from, to] of [
    ['autoregressive.pth', '1480_gpt.pth'],
    ['1480_gpt.pth', 'autoregressive_finetuned.pth'],
    ['autoregressive_finetuned.pth', 'emma.pt'],
    ['clvp2.pth', 'ranker.pth'],
  ]) {
    renameSync(at(from), at(to))
    t.ok(expected.equals(await converted(folder)), to)
  }
  writeFileSync(at('norms.pth'), packNorms([1]))
  writeFileSync(at('other.pth'), packTorch({ codebook: { dtype: 'F32', shape: [1], data: Buffer.alloc(4) } }))
  writeFileSync(at('old.pth'), Buffer.from('\x80\x02not a zip', 'latin1'))
  t.ok(expected.equals(await converted(folder)), 'among others')
})

t.test('in the folder where the hub has them', async (t) => {
  const { folder, expected, at } = await freshPair(t)
  mkdirSync(at('.models'))
  for (const name of ['autoregressive.pth', 'clvp2.pth']) renameSync(at(name), at(join('.models', name)))
  t.ok(expected.equals(await converted(folder)))
})

t.test('named', async (t) => {
  const { folder, expected, pair, at } = await freshPair(t)
  const outside = join(folder, '..', '900_gpt.pth')
  writeFileSync(outside, finetuned(pair.autoregressive))
  writeFileSync(at('1480_gpt.pth'), finetuned(pair.autoregressive))
  t.ok(expected.equals(await converted(folder)), "tortoise's own name comes first")
  const other = await converted(folder, { autoregressive: '1480_gpt.pth' })
  t.notOk(expected.equals(other), 'a name in the folder')
  t.ok(other.equals(await converted(folder, { autoregressive: outside })), 'a path')
  t.ok(other.equals(await converted(folder, { autoregressive: outside, clvp: at('clvp2.pth') })), 'two paths')
  await t.rejects(
    convertFolder(folder, outside, { autoregressive: outside }),
    { code: 'CLVP_INVALID_ARGUMENT', message: /of the source/ },
    'the target is a named file',
  )
  rmSync(at('autoregressive.pth'))
  writeFileSync(at('1500_gpt.pth'), finetuned(pair.autoregressive))
  await t.rejects(converted(folder), {
    code: 'CLVP_INVALID_ARGUMENT',
    message: /one file for autoregressive .*1480_gpt\.pth, .*1500_gpt\.pth: name one with 'autoregressive'/,
  })
})

t.test('refused', async (t) => {
  const { folder, at } = await freshPair(t)
  await t.rejects(converted(folder, { autoregressive: 'no.pth' }), {
    code: 'CLVP_IO',
    message: /no file no\.pth/,
  })
  await t.rejects(converted(folder, { autoregressive: 'clvp2.pth' }), {
    code: 'CLVP_MODEL_FORMAT',
    message: /clvp2\.pth.*text_embedding\.weight is missing/,
  })
  await t.rejects(converted(folder, { clvp: '' }), { code: 'CLVP_INVALID_ARGUMENT' })
  await t.rejects(converted(folder, { clvp: 'clvp2.pth', variant: 'fp16' }), { message: /no variant with/ })
  renameSync(at('autoregressive.pth'), at('cut.pth'))
  writeFileSync(at('cut.pth'), readFileSync(at('cut.pth')).subarray(0, 5000))
  await t.rejects(converted(folder), {
    code: 'CLVP_MODEL_FORMAT',
    message: /autoregressive\.pth is missing.*could not be read: .*cut\.pth/,
  })
})

t.test('a load converts anew when a named file changes', async (t) => {
  const { folder, pair } = await freshPair(t)
  process.env.CLVP_CACHE = join(folder, '..', 'cache')
  const file = join(folder, '..', '1480_gpt.pth')
  const draw = async () => {
    const clvp = await Clvp.load(folder, { threads: 1, type: 'f32', autoregressive: file })
    const voice = await clvp.voice(tone(0.5))
    const { best } = await clvp.generate('Hi.', { voice, candidates: 1, maxTokens: 4, seed: 1 })
    await clvp.dispose()
    return [...best.drawnCodes]
  }
  writeFileSync(file, finetuned(pair.autoregressive))
  const first = await draw()
  const bias = pair.autoregressive['mel_head.bias']
  const data = Buffer.from(bias.data)
  data.writeFloatLE(1e4, 4 * 7)
  writeFileSync(file, packTorch({ ...pair.autoregressive, 'mel_head.bias': { ...bias, data } }))
  t.same(await draw(), [7, 7, 7, 7])
  t.not(first.join(), '7,7,7,7')
})
