// A calibration's importances shape what conversion writes, and one of another model is refused.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { calibrate, convertFolder, Importance, inspectModel } from '../../dist/lib/index.js'
import { weightsOf } from '../helpers/calibration.js'
import { headerLength } from '../helpers/gguf.js'
import { tone } from '../helpers/model.js'
import { freshCheckpoint } from '../helpers/safetensors.js'

const few = { texts: ['Hello there.', 'No.'], voices: tone(0.4), candidates: 2, maxTokens: 10, threads: 1 }

function half(bits) {
  const [sign, exponent, fraction] = [bits >> 15 ? -1 : 1, (bits >> 10) & 31, bits & 1023]
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15))
}

/** A q4_0 tensor's numbers. */
async function numbersOf(file, name) {
  const bytes = readFileSync(file)
  let at = headerLength(bytes)
  for (const each of (await inspectModel(file)).tensors) {
    if (each.name === name) {
      if (each.type !== 'q4_0') throw new Error(`${name} is ${each.type}`)
      return Array.from({ length: (each.bytes / 18) * 32 }, (_, i) => {
        const block = at + Math.floor(i / 32) * 18
        const byte = bytes[block + 2 + (i % 16)]
        return half(bytes.readUInt16LE(block)) * ((i % 32 < 16 ? byte & 15 : byte >> 4) - 8)
      })
    }
    at += Math.ceil(each.bytes / 32) * 32
  }
  throw new Error(name)
}

/** Sum over all weights of importance * error squared; `stored` says where weight [row, column] lies in the checkpoint. */
function weighted(original, written, importance, stored) {
  const width = importance.length
  return written.reduce((sum, value, i) => {
    const [row, column] = [Math.floor(i / width), i % width]
    return sum + importance[column] * (value - original[stored(row, column, written.length / width)]) ** 2
  }, 0)
}

t.test('less is lost in the columns that matter', async (t) => {
  const folder = freshCheckpoint(t, 'deep')
  const at = (name) => `${folder}-${name}.gguf`
  await convertFolder(folder, at('f32'), { type: 'f32' })
  await convertFolder(folder, at('plain'), { type: 'q4_0' })
  // One column counts a million times as much as any other: its error must shrink.
  const found = await calibrate(at('f32'), few)
  const sharp = (columns) => columns.map((_, i) => (i === 5 ? 1 : 1e-6))
  const matrices = [...found.matrices].map(([name, each]) => {
    return [name, { ...each, meanSquares: sharp(each.meanSquares) }]
  })
  const one = new Importance({ model: 'one', texts: 1, voices: 1, matrices: new Map(matrices) })
  await convertFolder(folder, at('sharp'), { type: 'q4_0', importance: one })
  await convertFolder(folder, at('found'), { type: 'q4_0', importance: found })
  const layer = 'speech_decoder_model.model.decoder.layers.0'
  const fused = ['q', 'k', 'v'].map((part) => `${layer}.attn.${part}_proj.weight`)
  const cases = [
    // Three matrices one below the other, and one that the checkpoint stores the other way round.
    ['dec.blk.0.attn_qkv.weight', fused, (row, column, _rows, width) => row * width + column],
    ['dec.blk.0.ffn_up.weight', [`${layer}.mlp.c_fc.weight`], (row, column, rows) => column * rows + row],
  ]
  for (const [name, sources, place] of cases) {
    const original = sources.flatMap((source) => [...weightsOf(folder, source)])
    const columns = [...found.matrices.get(name).meanSquares]
    const stored = (row, column, rows) => place(row, column, rows, columns.length)
    const plain = await numbersOf(at('plain'), name)
    t.ok(
      weighted(original, await numbersOf(at('found'), name), columns, stored) <
        weighted(original, plain, columns, stored),
      name,
    )
    const fifth = sharp(columns)
    const shrunk =
      weighted(original, await numbersOf(at('sharp'), name), fifth, stored) /
      weighted(original, plain, fifth, stored)
    t.ok(shrunk < 0.5, `${name}: the column's error is ${shrunk} of what it was`)
  }
  const { values } = await inspectModel(at('found'))
  t.equal(values['clvp.calibration'], '2 texts, 1 voices')
  await convertFolder(folder, at('again'), { type: 'q4_0', importance: found })
  t.ok(readFileSync(at('again')).equals(readFileSync(at('found'))), 'equal input, equal bytes')
})

t.test('of another model', async (t) => {
  const folder = freshCheckpoint(t)
  await convertFolder(folder, `${folder}.gguf`, { type: 'f32' })
  const found = await calibrate(`${folder}.gguf`, few)
  const name = 'dec.blk.0.ffn_up.weight'
  const change = (edit) => {
    const matrices = new Map(found.matrices)
    edit(matrices)
    return new Importance({ ...found, model: 'other', matrices })
  }
  const one = { rows: 1, meanSquares: Float32Array.of(1) }
  const cases = [
    [change((matrices) => matrices.delete(name)), /has no values for dec\.blk\.0\.ffn_up\.weight/],
    [change((matrices) => matrices.set('dec.blk.99.ffn_up.weight', one)), /no tensor dec\.blk\.99/],
    [
      change((matrices) => matrices.set(name, one)),
      /ffn_up\.weight has \d+ columns, but the importance has 1/,
    ],
    [{ ...found }, /an Importance made by calibrate/],
    ['file.json', /an Importance made by calibrate/],
  ]
  for (const [importance, message] of cases) {
    await t.rejects(convertFolder(folder, `${folder}-x.gguf`, { type: 'q4_0', importance }), {
      code: 'CLVP_INVALID_ARGUMENT',
      message,
    })
  }
})

t.test('the file', async (t) => {
  const folder = freshCheckpoint(t)
  await convertFolder(folder, `${folder}.gguf`, { type: 'f32' })
  const found = await calibrate(`${folder}.gguf`, few)
  const file = join(t.testdir({}), 'found.json')
  await found.save(file)
  t.same(await Importance.load(file), found, 'comes back exactly')
  const text = readFileSync(file, 'utf8')
  const broken = (name, edit) => {
    const path = join(t.testdirName, name)
    writeFileSync(path, edit(text))
    return path
  }
  const bad = [
    ['half', (all) => all.slice(0, all.length / 2)],
    ['empty', () => ''],
    ['null', () => 'null'],
    ['list', () => '[]'],
    ['format', (all) => all.replace('clvp-importance', 'clvp-voice')],
    ['version', (all) => all.replace('"version":1', '"version":2')],
    ['texts', (all) => all.replace('"texts":2', '"texts":0')],
    ['rows', (all) => all.replace(/"rows":\d+/, '"rows":0.5')],
    ['negative', (all) => all.replace('"meanSquares":[', '"meanSquares":[-1,')],
    ['huge', (all) => all.replace('"meanSquares":[', '"meanSquares":[1e39,')],
    ['text', (all) => all.replace('"meanSquares":[', '"meanSquares":["1",')],
    ['none', (all) => all.replace(/"meanSquares":\[[^\]]*\]/, '"meanSquares":[]')],
    ['matrices', (all) => all.replace('"matrices":{', '"matrices":5,"x":{')],
  ]
  for (const [name, edit] of bad) {
    await t.rejects(Importance.load(broken(name, edit)), { code: 'CLVP_MODEL_FORMAT' }, name)
  }
  await t.rejects(Importance.load(join(t.testdirName, 'absent')), { code: 'CLVP_IO' })
  await t.rejects(Importance.load(5), { code: 'CLVP_INVALID_ARGUMENT' })
  await t.rejects(found.save(join(t.testdirName, 'no', 'x.json')), { code: 'CLVP_IO' })
})
