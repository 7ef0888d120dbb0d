// type: 'auto' follows the memory there is, for load and for conversion.
import { join } from 'node:path'
import t from 'tap'
import { Clvp, convertFolder, devices, modelTypes } from '../../dist/lib/index.js'
import { autoType } from '../../dist/quantize/type_choice.js'
import { readRecipe, writeCheckpoint } from '../helpers/checkpoint.js'

const dir = t.testdir({})
const folder = join(dir, 'model')
writeCheckpoint(readRecipe('plain'), folder)
process.env.CLVP_CACHE = join(dir, 'cache')

t.test('the rule', async (t) => {
  t.equal(autoType('cpu', 8e9), 'q8_0')
  t.equal(autoType('cpu', 1e9), 'q8_0')
  t.equal(autoType('cpu', 0.99e9), 'q6_k')
  t.equal(autoType('cpu', 0.5e9), 'q4_k_m')
  const kind = devices()[0].kind
  t.equal(autoType('auto', 8e9), kind === 'cpu' ? 'q8_0' : 'f16')
})

t.test('a folder is converted to what fits into maxMemory', async (t) => {
  for (const [maxMemory, type] of [
    [2e9, 'q8_0'],
    [9e8, 'q6_k'],
    [6e8, 'q4_k_m'],
  ]) {
    const clvp = await Clvp.load(folder, { type: 'auto', device: 'cpu', maxMemory, threads: 1 })
    const [{ type: expected }] = [await convertFolder(folder, join(dir, `${type}.gguf`), { type })]
    t.equal(expected, type)
    const named = await Clvp.load(folder, { type, device: 'cpu', threads: 1 })
    t.equal(clvp.info.type, named.info.type)
    t.equal(clvp.info.bytes, named.info.bytes)
    await Promise.all([clvp.dispose(), named.dispose()])
  }
})

t.test('a model file is taken as it is', async (t) => {
  const clvp = await Clvp.load(Clvp.demo, { type: 'auto', threads: 1 })
  t.teardown(() => clvp.dispose())
  t.ok(clvp.info.bytes > 0)
})

t.test('a conversion tells what it has chosen', async (t) => {
  const { type } = await convertFolder(folder, join(dir, 'auto.gguf'), { type: 'auto' })
  t.ok(modelTypes.includes(type))
})
