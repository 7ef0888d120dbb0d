// Stages of speech are added to a model file: the result is that of a conversion with them, and all else
// stays.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { addStages, convertFolder, inspectModel } from '../../dist/lib/index.js'
import { writeCheckpoint } from '../helpers/checkpoint.js'
import { speechSizes, writeStages } from '../helpers/speech.js'
import { tortoiseRecipe } from '../helpers/tortoise.js'

const all = ['dvae', 'hifigan', 'diffusion', 'vocoder', 'randomDecoder', 'randomDiffusion']
const invalid = 'CLVP_INVALID_ARGUMENT'

/** A model without stages, of a checkpoint with a codebook, and a folder with the files of some. */
async function made(t, { type = 'f32', stages = speechSizes } = {}) {
  const dir = t.testdir({})
  const [folder, speech] = [join(dir, 'model'), join(dir, 'speech')]
  writeCheckpoint({ ...tortoiseRecipe(), codebook: 298 }, folder)
  writeStages(speech, stages)
  const model = join(dir, 'model.gguf')
  await convertFolder(folder, model, { type, tensorTypes: [['dec.lm_head.weight', 'f16']] })
  return { dir, folder, speech, model, target: join(dir, 'out.gguf') }
}

t.test('byte for byte what a conversion with them gives', async (t) => {
  for (const type of ['f32', 'q8_0', 'q4_k_m']) {
    const { folder, speech, model, target } = await made(t, { type })
    const { fallbacks, ...result } = await addStages(model, speech, target)
    const { bytes } = await inspectModel(target)
    t.same(result, { path: target, type, bytes, added: all, replaced: [] }, type)
    writeStages(folder)
    const whole = join(folder, '..', 'whole.gguf')
    const conversion = await convertFolder(folder, whole, {
      type,
      tensorTypes: [['dec.lm_head.weight', 'f16']],
    })
    t.ok(readFileSync(target).equals(readFileSync(whole)), `${type}: byte for byte`)
    t.ok(fallbacks.every((line) => conversion.fallbacks.includes(line)))
    await addStages(model, speech, whole, { threads: 1 })
    t.ok(readFileSync(target).equals(readFileSync(whole)), `${type}: twice`)
  }
})

t.test('another type is that of the new matrices alone', async (t) => {
  const { speech, model, target } = await made(t, { type: 'q8_0', stages: { vocoder: {} } })
  const before = await inspectModel(model)
  const { type } = await addStages(model, speech, target, { type: 'bf16' })
  t.equal(type, 'bf16')
  const after = await inspectModel(target)
  t.equal(after.values['clvp.type'], 'q8_0')
  const isNew = ({ name }) => name.startsWith('vocoder.')
  const old = after.tensors.filter((tensor) => !isNew(tensor))
  t.same(old, before.tensors, 'the same tensors, by their checksums too')
  const types = after.tensors.filter(isNew).map(({ type }) => type)
  t.same([...new Set(types)].sort(), ['bf16', 'f32'])
  for (const [key, value] of Object.entries(before.values)) t.same(after.values[key], value, key)
})

t.test('a stage that is there is replaced', async (t) => {
  const { folder, speech, model, target } = await made(t, { stages: { dvae: { hidden: 12 } } })
  writeStages(folder, { dvae: {} })
  await convertFolder(folder, model, { type: 'f32' })
  const { added, replaced } = await addStages(model, speech, target)
  t.same({ added, replaced }, { added: [], replaced: ['dvae'] })
  writeStages(folder, { dvae: { hidden: 12 } })
  await convertFolder(folder, model, { type: 'f32' })
  t.ok(readFileSync(target).equals(readFileSync(model)))
})

t.test('one half of the random voices leaves the other', async (t) => {
  const { folder, dir, speech, model, target } = await made(t, { stages: { randomDecoder: {}, vocoder: {} } })
  await addStages(model, speech, target)
  rmSync(speech, { recursive: true })
  writeStages(speech, { randomDecoder: { seed: 5 }, randomDiffusion: {}, hifigan: {} })
  const second = join(dir, 'second.gguf')
  const { added, replaced } = await addStages(target, speech, second)
  t.same({ added, replaced }, { added: ['hifigan', 'randomDiffusion'], replaced: ['randomDecoder'] })
  writeStages(folder, { vocoder: {}, randomDecoder: { seed: 5 }, randomDiffusion: {}, hifigan: {} })
  await convertFolder(folder, model, { type: 'f32', tensorTypes: [['dec.lm_head.weight', 'f16']] })
  t.ok(readFileSync(second).equals(readFileSync(model)))
})

t.test('files under other names, from anywhere', async (t) => {
  const { dir, speech, model, target } = await made(t, { stages: { hifigan: {}, randomDecoder: {} } })
  const { added } = await addStages(model, dir, target, { hifigan: 'speech/hifidecoder.pth' })
  t.same(added, ['hifigan'])
  const named = { randomDecoder: join(speech, 'rlg_auto.pth') }
  t.same((await addStages(model, dir, target, named)).added, ['randomDecoder'])
})

t.test('what is refused', async (t) => {
  const { dir, speech, model, target } = await made(t, { stages: { vocoder: {}, hifigan: { latent: 32 } } })
  const refused = (args, code, message) => t.rejects(addStages(...args), { code, message }, String(message))
  mkdirSync(join(dir, 'empty'))
  await refused([model, join(dir, 'empty'), target], invalid, /at least one of dvae\.pth, hifidecoder\.pth/)
  await refused([model, join(dir, 'none'), target], 'CLVP_IO', /none/)
  await refused([model, model, target], 'CLVP_IO', /Expected a folder with stages of speech/)
  await refused([join(dir, 'none.gguf'), speech, target], 'CLVP_IO', /none\.gguf/)
  await refused([model, speech, target], 'CLVP_MODEL_FORMAT', /32 channels of latents: expected 64/)
  writeStages(speech, { hifigan: {} })
  await refused([model, speech, model], invalid, /is a file of the source/)
  await refused([model, speech, join(speech, 'vocoder.pth')], invalid, /is a file of the source/)
  await refused([model, speech, target, { type: 'auto' }], invalid, /for type/)
  await refused([model, speech, target, { tensorTypes: [] }], invalid, /tensorTypes/)
  await refused([model, speech, target, { vocoder: 'gone' }], 'CLVP_IO', /no file gone for vocoder/)
  await refused([model, 1, target], invalid, /for folder/)
  const bytes = readFileSync(model)
  bytes[bytes.length - 100] ^= 1
  writeFileSync(join(dir, 'damaged.gguf'), bytes)
  await refused([join(dir, 'damaged.gguf'), speech, target], 'CLVP_MODEL_FORMAT', /is damaged/)
  await refused([join(speech, 'vocoder.pth'), speech, target], 'CLVP_MODEL_FORMAT', /vocoder\.pth/)
  t.notOk(existsSync(target))
})

t.test('progress and abort', async (t) => {
  const { dir, speech, model, target } = await made(t)
  writeFileSync(target, 'old')
  const names = readdirSync(dir)
  for (const at of [0.1, 0.5, 0.95]) {
    const abort = new AbortController()
    const onProgress = (fraction) => fraction >= at && abort.abort(new Error('enough'))
    await t.rejects(addStages(model, speech, target, { signal: abort.signal, onProgress }), {
      code: 'CLVP_ABORTED',
      cause: { message: 'enough' },
    })
  }
  await t.rejects(addStages(model, speech, target, { signal: AbortSignal.abort() }), { code: 'CLVP_ABORTED' })
  t.equal(readFileSync(target, 'utf8'), 'old')
  t.same(readdirSync(dir), names)
  const fractions = []
  await addStages(model, speech, target, { onProgress: (fraction) => fractions.push(fraction) })
  t.equal(fractions.at(-1), 1)
  t.same(
    fractions,
    [...fractions].sort((a, b) => a - b),
  )
})
