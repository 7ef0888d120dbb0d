// tortoise's dvae.pth becomes a part of the model file: its layout there, where it is found, and what is refused.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { convertFolder, inspectModel, quantizeFile } from '../../dist/lib/index.js'
import { makeDvae, torchDvae, writeDvae } from '../helpers/dvae.js'
import { readTensor } from '../helpers/model_tensor.js'
import { freshCheckpoint } from '../helpers/safetensors.js'
import { packTorch } from '../helpers/torch.js'
import { saveAsPair } from '../helpers/tortoise.js'

const sizes = { mels: 80, hidden: 8, blocks: 2, embd: 6, codes: 298 }
const weights = makeDvae(sizes, 1)

function freshFolder(t) {
  const folder = freshCheckpoint(t)
  writeDvae(join(folder, 'dvae.pth'), weights)
  return folder
}

async function converted(folder, options = {}) {
  await convertFolder(folder, `${folder}.gguf`, { type: 'f32', ...options })
  return readFileSync(`${folder}.gguf`)
}

const singles = ({ data }) => new Float32Array(Uint8Array.from(data).buffer)

t.test('keys and tensors', async (t) => {
  const folder = freshFolder(t)
  await converted(folder)
  const { values, tensors } = await inspectModel(`${folder}.gguf`)
  t.same([...values['clvp.dvae.channels']], [8, 16])
  t.equal(values['clvp.dvae.block_count'], 2)
  t.equal(values['clvp.dvae.embedding_length'], 6)
  t.equal(values['clvp.dvae.code_count'], 298)
  const found = tensors.filter(({ name }) => name.startsWith('dvae.')).map(({ name, dims }) => [name, dims])
  const layer = (name, n, m) => [
    [`${name}.weight`, [n, m]],
    [`${name}.bias`, [m]],
  ]
  const block = (i) => [
    ...layer(`dvae.blk.${i}.first`, 48, 16),
    ...layer(`dvae.blk.${i}.second`, 48, 16),
    ...layer(`dvae.blk.${i}.third`, 16, 16),
  ]
  t.same(found, [
    ...layer('dvae.halve.0', 240, 8),
    ...layer('dvae.halve.1', 24, 16),
    ...block(0),
    ...block(1),
    ...layer('dvae.out', 16, 6),
    ['dvae.codebook.weight', [6, 298]],
  ])
})

t.test('a row holds three frames one behind the other, and a codebook entry', async (t) => {
  const folder = freshFolder(t)
  await converted(folder)
  const { values } = weights['encoder.1.0.weight'] // [16, 8, 3]
  const expected = Array.from({ length: 16 * 24 }, (_, i) => {
    const [row, frame, channel] = [Math.floor(i / 24), Math.floor((i % 24) / 8), i % 8]
    return values[(row * 8 + channel) * 3 + frame]
  })
  t.same([...singles(await readTensor(`${folder}.gguf`, 'dvae.halve.1.weight'))], expected)
  const embed = weights['codebook.embed'].values
  const entries = Array.from({ length: 6 * 298 }, (_, i) => embed[(i % 6) * 298 + Math.floor(i / 6)])
  t.same([...singles(await readTensor(`${folder}.gguf`, 'dvae.codebook.weight'))], entries)
})

t.test('matrices have the chosen type, or the next that fits; the rest is as without it', async (t) => {
  const folder = freshCheckpoint(t)
  await convertFolder(folder, `${folder}-plain.gguf`, { type: 'q8_0' })
  writeDvae(join(folder, 'dvae.pth'), makeDvae({ ...sizes, hidden: 32 }, 1))
  const { fallbacks } = await convertFolder(folder, `${folder}.gguf`, { type: 'q8_0' })
  const [plain, more] = [await inspectModel(`${folder}-plain.gguf`), await inspectModel(`${folder}.gguf`)]
  const typeOf = (name) => more.tensors.find((each) => each.name === name).type
  t.equal(typeOf('dvae.halve.1.weight'), 'q8_0')
  t.equal(typeOf('dvae.blk.0.first.weight'), 'q8_0')
  t.equal(typeOf('dvae.halve.0.weight'), 'f16', '240 columns are no multiple of 32')
  t.ok(fallbacks.includes('dvae.halve.0.weight: f16'))
  t.equal(typeOf('dvae.codebook.weight'), 'f32')
  const others = (file) => file.tensors.filter(({ name }) => !name.startsWith('dvae.'))
  t.same(others(more), others(plain))
})

t.test('mixes keep it in 8 bits; a pattern takes its matrices only', async (t) => {
  const folder = freshCheckpoint(t)
  writeDvae(join(folder, 'dvae.pth'), makeDvae({ ...sizes, hidden: 32 }, 1))
  const typesOf = async (options) => {
    await convertFolder(folder, `${folder}.gguf`, options)
    const { tensors } = await inspectModel(`${folder}.gguf`)
    const matrices = tensors.filter(({ name }) => /^dvae\.(?!halve\.0|codebook).*weight$/.test(name))
    return [...new Set(matrices.map(({ type }) => type))]
  }
  t.same(await typesOf({ type: 'q4_k_m' }), ['q8_0'])
  const tensorTypes = [['dvae.{halve,blk,out}*.weight', 'f16']]
  t.same(await typesOf({ type: 'q4_k_m', tensorTypes }), ['f16'])
})

t.test('quantizing gives the same bytes', async (t) => {
  const folder = freshFolder(t)
  await converted(folder)
  await quantizeFile(`${folder}.gguf`, `${folder}-small.gguf`, { type: 'q8_0' })
  const small = readFileSync(`${folder}-small.gguf`)
  t.ok(small.equals(await converted(folder, { type: 'q8_0' })))
})

t.test('found beside every kind of checkpoint, in .models, or by its option', async (t) => {
  const folder = freshFolder(t)
  const expected = await converted(folder)
  const at = (name) => join(folder, name)
  mkdirSync(at('.models'))
  renameSync(at('dvae.pth'), at('.models/dvae.pth'))
  t.ok(expected.equals(await converted(folder)), '.models')
  renameSync(at('.models/dvae.pth'), at('vae.pth'))
  t.ok(expected.equals(await converted(folder, { dvae: 'vae.pth' })), 'a name')
  renameSync(at('vae.pth'), join(folder, '..', 'vae.pth'))
  t.ok(expected.equals(await converted(folder, { dvae: join(folder, '..', 'vae.pth') })), 'a path')
  await t.rejects(convertFolder(folder, `${folder}.gguf`, { dvae: 'gone.pth' }), {
    code: 'CLVP_IO',
    message: /There is no file gone\.pth for dvae/,
  })
  saveAsPair(folder)
  t.ok(expected.equals(await converted(folder, { dvae: join(folder, '..', 'vae.pth') })), "tortoise's pair")
})

t.test('wrapped names and half precision', async (t) => {
  const folder = freshFolder(t)
  const halves = Object.fromEntries(
    Object.entries(torchDvae(weights)).map(([name, { shape, data }]) => {
      const bits = Buffer.alloc(data.length / 2)
      for (let i = 0; i < bits.length / 2; i++) bits.writeUInt16LE(data.readUInt16LE(4 * i + 2), 2 * i)
      return [`module.${name}`, { dtype: 'BF16', shape, data: bits }]
    }),
  )
  writeFileSync(join(folder, 'dvae.pth'), packTorch(halves))
  await converted(folder)
  const found = singles(await readTensor(`${folder}.gguf`, 'dvae.out.bias'))
  const { values } = weights['encoder.4.bias']
  t.ok(found.every((x, i) => Math.abs(x - values[i]) <= 2 ** -7 * Math.abs(values[i])))
})

t.test('what is refused', async (t) => {
  const folder = freshFolder(t)
  const refused = async (change, code, message) => {
    const tensors = torchDvae(weights)
    writeFileSync(join(folder, 'dvae.pth'), packTorch(change(tensors) ?? tensors))
    await t.rejects(convertFolder(folder, `${folder}.gguf`), { code, message }, String(message))
  }
  const format = 'CLVP_MODEL_FORMAT'
  const made = (changed) => () => torchDvae(makeDvae({ ...sizes, ...changed }, 1))
  await refused(made({ codes: 100 }), format, /has 100 codes: expected 298.*XTTS/)
  await refused(made({ mels: 40 }), format, /has 40 mel channels: expected 80/)
  await refused(
    (all) => void delete all['encoder.3.net.2.bias'],
    format,
    /encoder\.3\.net\.2\.bias is missing/,
  )
  await refused((all) => void delete all['codebook.embed'], format, /codebook\.embed is missing/)
  await refused(() => ({ a: torchDvae(weights)['encoder.4.bias'] }), format, /no encoder of a DiscreteVAE/)
  await refused(
    (all) => {
      all['encoder.2.net.0.weight'].shape = [16, 8, 6]
    },
    format,
    /shape \[16, 16, 3\] for the tensor encoder\.2\.net\.0\.weight but found \[16, 8, 6\]/,
  )
  await refused(
    (all) => ({ ...all, 'encoder.0.1.weight': all['encoder.0.0.bias'] }),
    'CLVP_UNSUPPORTED',
    /encoder\.0\.1\.weight does not belong/,
  )
  await refused(
    (all) => {
      const layers = Object.entries(all).filter(([name]) => /^encoder\.0\.|^codebook\.embed$/.test(name))
      return Object.fromEntries(layers)
    },
    'CLVP_UNSUPPORTED',
    /halves the frames 1 times/,
  )
  writeFileSync(join(folder, 'dvae.pth'), 'no torch file')
  await t.rejects(convertFolder(folder, `${folder}.gguf`), {
    code: format,
    message: /dvae\.pth is not a valid/,
  })
})
