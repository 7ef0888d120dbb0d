// Broken safetensors files are refused with CLVP_MODEL_FORMAT, soon and with little memory, and nothing is written.
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { convertFolder } from '../../dist/lib/index.js'
import { freshCheckpoint, readSafetensors } from '../helpers/safetensors.js'
import { safetensorsFiles } from '../hostile/safetensors.js'

const folder = freshCheckpoint(t)
const weights = join(folder, 'model.safetensors')
const { header, data } = readSafetensors(weights)

t.test('files', async (t) => {
  for (const [name, content, reason, isSound] of safetensorsFiles(header, data)) {
    writeFileSync(weights, content)
    const started = performance.now()
    const error = await convertFolder(folder, `${folder}.gguf`).catch((error) => error)
    t.equal(error.name, 'ClvpError', name)
    t.match(error, { code: 'CLVP_MODEL_FORMAT', message: reason }, name)
    if (!isSound) t.ok(error.message.startsWith(`${weights} is not a valid safetensors file`), error.message)
    t.ok(performance.now() - started < 1000, 'soon')
  }
  t.same(readdirSync(join(folder, '..')), ['model'], 'nothing is written')
})

t.test('what is no file', async (t) => {
  rmSync(weights)
  await t.rejects(convertFolder(folder, `${folder}.gguf`), {
    code: 'CLVP_MODEL_FORMAT',
    message: /model\.safetensors or pytorch_model\.bin is missing/,
  })
  mkdirSync(weights)
  await t.rejects(convertFolder(folder, `${folder}.gguf`), {
    code: 'CLVP_IO',
    message: /Expected a regular file for the weights but .* is a folder/,
  })
  t.same(readdirSync(join(folder, '..')), ['model'])
})
