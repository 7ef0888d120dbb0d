// quantizeFile uses an importance as convertFolder does, and gives the same bytes by any number of threads.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import {
  calibrate,
  convertFolder,
  Importance,
  inspectModel,
  quantizeFile,
  verifyModel,
} from '../../dist/lib/index.js'
import { broadCheckpoint } from '../helpers/broad.js'
import { tone } from '../helpers/model.js'
import { freshCheckpoint } from '../helpers/safetensors.js'

const few = { texts: ['Hello there.', 'No.'], voices: tone(0.4), candidates: 2, maxTokens: 10, threads: 1 }

/** A folder, its F32 model and what a calibration says of it. */
async function calibrated(folder) {
  const source = `${folder}.gguf`
  await convertFolder(folder, source, { type: 'f32' })
  return { folder, source, target: join(folder, '..', 'x.gguf'), importance: await calibrate(source, few) }
}

t.test('the bytes of a conversion, whatever the number of threads', async (t) => {
  const { folder, source, target, importance } = await calibrated(broadCheckpoint(t))
  for (const type of ['q6_k', 'q5_k', 'q5_0', 'q4_k', 'q4_0', 'iq4_nl', 'q4_k_m']) {
    const files = []
    for (const threads of [1, 2, 5]) {
      await quantizeFile(source, target, { type, importance, threads })
      files.push(readFileSync(target))
      await convertFolder(folder, target, { type, importance, threads })
      files.push(readFileSync(target))
    }
    t.ok(
      files.every((file) => file.equals(files[0])),
      type,
    )
    t.ok((await verifyModel(target)).isSound, `${type} is sound`)
    await quantizeFile(source, target, { type })
    t.notOk(readFileSync(target).equals(files[0]), `${type} makes use of it`)
  }
})

t.test('a calibration by any number of threads is the same', async (t) => {
  const { source, importance } = await calibrated(broadCheckpoint(t))
  for (const threads of [2, 5]) t.same(await calibrate(source, { ...few, threads }), importance, `${threads}`)
})

t.test('the file says so, and one made of it does not', async (t) => {
  const { source, target, importance } = await calibrated(broadCheckpoint(t))
  const calibration = async (file) => (await inspectModel(file)).values['clvp.calibration']
  await quantizeFile(source, target, { type: 'q4_0', importance })
  t.equal(await calibration(target), '2 texts, 1 voices')
  const next = `${target}.next`
  await quantizeFile(target, next, { type: 'q5_0', requantize: true })
  t.equal(await calibration(next), undefined)
})

t.test('refusals', async (t) => {
  const { folder, source, target, importance } = await calibrated(freshCheckpoint(t))
  const refused = async (options, message) => {
    const error = { name: 'ClvpError', code: 'CLVP_INVALID_ARGUMENT', message }
    await t.rejects(quantizeFile(source, target, options), error)
    await t.rejects(convertFolder(folder, target, options), error)
  }
  for (const type of ['f32', 'f16', 'bf16', 'q8_0', undefined]) {
    await refused({ type, importance }, /a type that uses a calibration/)
  }
  await refused({ type: 'q4_0', importance: { ...importance } }, /an Importance made by calibrate/)
  const matrices = new Map(importance.matrices)
  matrices.delete('text.proj.weight')
  const less = new Importance({ ...importance, matrices })
  await refused({ type: 'q4_0', importance: less }, /has no values for text\.proj\.weight/)
  t.notOk(existsSync(target))
  const tensorTypes = [['text.proj.weight', 'q4_0']]
  await quantizeFile(source, target, { type: 'f32', tensorTypes, importance })
  t.ok(existsSync(target), 'one tensor of such a type is enough')
})
