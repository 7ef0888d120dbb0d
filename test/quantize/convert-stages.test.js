// All stages of speech beside a checkpoint: where they are found, their order and types, and that they suit
// each other.
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { convertFolder, Importance, inspectModel } from '../../dist/lib/index.js'
import { isMatrix } from '../../dist/quantize/checkpoint/tensor_names.js'
import { writeCheckpoint } from '../helpers/checkpoint.js'
import { dictOf } from '../helpers/pickle.js'
import { hifiganTensors, packable, speechSizes, writeStages, writeTorch } from '../helpers/speech.js'
import { stageFolder } from '../helpers/stage_case.js'
import { packTorch } from '../helpers/torch.js'
import { tortoiseRecipe } from '../helpers/tortoise.js'

const names = {
  dvae: 'dvae.pth',
  hifigan: 'hifidecoder.pth',
  diffusion: 'diffusion_decoder.pth',
  vocoder: 'vocoder.pth',
  randomDecoder: 'rlg_auto.pth',
  randomDiffusion: 'rlg_diffuser.pth',
}
const prefixes = ['dvae.', 'hifigan.', 'diff.', 'vocoder.', 'random.decoder.', 'random.diffusion.']
const format = 'CLVP_MODEL_FORMAT'

async function converted(folder, options) {
  await convertFolder(folder, `${folder}.gguf`, { type: 'f32', ...options })
  return readFileSync(`${folder}.gguf`)
}

async function tensorsOf(folder) {
  return (await inspectModel(`${folder}.gguf`)).tensors
}

t.test('in one order, behind the towers and before the codebook', async (t) => {
  const folder = join(t.testdir({}), 'model')
  writeCheckpoint({ ...tortoiseRecipe(), codebook: 298 }, folder)
  writeStages(folder)
  await converted(folder)
  const found = (await tensorsOf(folder)).map(({ name }) =>
    prefixes.findIndex((prefix) => name.startsWith(prefix)),
  )
  const first = found.findIndex((stage) => stage >= 0)
  const stages = found.slice(first, -1)
  t.notOk(stages.includes(-1), 'together')
  t.same(
    stages,
    [...stages].sort((a, b) => a - b),
    'in order',
  )
  t.equal(new Set(stages).size, prefixes.length)
  t.equal((await tensorsOf(folder)).at(-1).name, 'codebook.weight')
})

t.test('found in .models or by their options; two conversions give the same bytes', async (t) => {
  const folder = stageFolder(t)
  const expected = await converted(folder, { threads: 1 })
  t.ok(expected.equals(await converted(folder, { threads: 2 })), 'twice')
  mkdirSync(join(folder, '.models'))
  for (const name of Object.values(names)) renameSync(join(folder, name), join(folder, '.models', name))
  t.ok(expected.equals(await converted(folder)), '.models')
  const options = {}
  for (const [option, name] of Object.entries(names)) {
    renameSync(join(folder, '.models', name), join(folder, '..', `my_${name}`))
    options[option] = join(folder, '..', `my_${name}`)
    const gone = { [option]: 'gone.pth' }
    await t.rejects(converted(folder, gone), {
      code: 'CLVP_IO',
      message: `There is no file gone.pth for ${option}`,
    })
  }
  t.ok(expected.equals(await converted(folder, options)), 'options')
  await converted(folder)
  const found = (await tensorsOf(folder)).filter(({ name }) =>
    prefixes.some((prefix) => name.startsWith(prefix)),
  )
  t.same(found, [], 'none is there')
})

t.test('wrapped names, and a state dict in a training checkpoint', async (t) => {
  const folder = stageFolder(t, { hifigan: {} })
  const expected = await converted(folder)
  const wrapped = Object.entries(hifiganTensors(speechSizes.hifigan)).map(([name, tensor]) => [
    `module.${name}`,
    tensor,
  ])
  const wrap = (dict) => dictOf([['model', dict]])
  writeTorch(join(folder, names.hifigan), Object.fromEntries(wrapped), { wrap })
  t.ok(expected.equals(await converted(folder)))
})

t.test(
  'types: matrices follow it, but HiFi-GAN is F32, UnivNet has 16 bits or more, and the others of a mix 8',
  async (t) => {
    const wide = {
      hifigan: { channels: 256, rates: [2] },
      diffusion: { width: 256, heads: 4, mels: 32 },
      vocoder: { noise: 32, channels: 32, hidden: 32, mels: 32, layers: 1, strides: [2] },
      randomDecoder: {},
      randomDiffusion: { width: 512 },
    }
    const folder = stageFolder(t, wide)
    const typesOf = async (type, pattern) => {
      const { fallbacks } = await convertFolder(folder, `${folder}.gguf`, { type })
      t.same(
        fallbacks.filter((line) => pattern.test(line)),
        [],
        `${type}: no fallbacks`,
      )
      const own = (await tensorsOf(folder)).filter(({ name }) => pattern.test(name))
      const isExact = ({ name, dims }) => dims.length === 1 || /attn_bias|embd/.test(name)
      t.same([...new Set(own.filter(isExact).map(({ type }) => type))], ['f32'], `${type}: the rest`)
      return [...new Set(own.filter((tensor) => !isExact(tensor)).map(({ type }) => type))]
    }
    t.same(await typesOf('f32', /^(hifigan|diff|vocoder|random)\./), ['f32'])
    t.same(await typesOf('f16', /^(hifigan|diff|vocoder|random)\./), ['f16'])
    t.same(await typesOf('bf16', /^(hifigan|diff|vocoder|random)\./), ['bf16'])
    const wideRows = /^(diff\.(blk|latent\.blk|time|mix|tail|code)|random\.diffusion)/
    for (const type of ['q8_0', 'q4_k']) {
      t.same(await typesOf(type, /^(hifigan|vocoder)\./), ['bf16'], type)
      t.same(await typesOf(type, wideRows), [type], type)
    }
    for (const type of ['q4_k_m', 'q5_k_m']) {
      t.same(await typesOf(type, /^(hifigan|vocoder)\./), ['bf16'], type)
      t.same(await typesOf(type, /^(diff|random)\./), ['q8_0'], type)
    }
    const own = [['hifigan.*.weight', 'q8_0']]
    await convertFolder(folder, `${folder}.gguf`, { type: 'q4_k', tensorTypes: own })
    const asked = (await tensorsOf(folder)).filter(({ name }) => /^hifigan\..*weight$/.test(name))
    t.same([...new Set(asked.map(({ type }) => type))], ['q8_0'], 'a pattern has the last word')
    const tensorTypes = [['diff.*.attn_qkv.weight', 'q8_0']]
    await convertFolder(folder, `${folder}.gguf`, { type: 'f32', tensorTypes })
    const larger = (await tensorsOf(folder)).filter(({ type }) => type === 'q8_0')
    t.ok(larger.length > 5 && larger.every(({ name }) => /^diff\..*attn_qkv\.weight$/.test(name)))
    await t.rejects(
      convertFolder(folder, `${folder}.gguf`, { tensorTypes: [['diff.*.norm.weight', 'q8_0']] }),
      {
        code: 'CLVP_INVALID_ARGUMENT',
        message: /which must be f32/,
      },
    )
  },
)

t.test('a calibration leaves them out', async (t) => {
  const folder = stageFolder(t)
  await converted(folder)
  const matrices = (await tensorsOf(folder)).filter(({ name }) => {
    return isMatrix(name) && !prefixes.some((prefix) => name.startsWith(prefix))
  })
  const importance = new Importance({
    ...{ model: 'x', texts: 1, voices: 1 },
    matrices: new Map(
      matrices.map(({ name, dims }) => [name, { rows: 1, meanSquares: new Float32Array(dims[0]).fill(1) }]),
    ),
  })
  await converted(folder, { type: 'q4_0' })
  const plain = await tensorsOf(folder)
  await converted(folder, { type: 'q4_0', importance })
  const stages = (tensors) => tensors.filter(({ name }) => prefixes.some((prefix) => name.startsWith(prefix)))
  t.same(stages(await tensorsOf(folder)), stages(plain))
})

t.test('they must suit each other', async (t) => {
  const folder = stageFolder(t)
  const refused = async (stages, message) => {
    writeStages(folder, stages)
    await t.rejects(converted(folder), { code: format, message }, String(message))
    writeStages(folder)
  }
  await refused({ vocoder: { mels: 16 } }, /8 mel channels: expected 16, the vocoder's/)
  await refused(
    { diffusion: { width: 64 } },
    /diffusion_decoder\.pth: it has 128 channels of a voice: expected 64/,
  )
  await refused({ randomDiffusion: { width: 32 } }, /64 channels of a voice: expected 32, the random voices'/)
  rmSync(join(folder, names.diffusion))
  writeStages(folder, { vocoder: { mels: 16 }, randomDiffusion: { width: 32 } })
  await converted(folder)
})

t.test('a tensor of whole numbers, and a file of something else', async (t) => {
  const folder = stageFolder(t, { hifigan: {} })
  const tensors = packable(hifiganTensors(speechSizes.hifigan))
  const counts = { dtype: 'I64', shape: [16, 1, 1], data: Buffer.alloc(128) }
  writeFileSync(join(folder, names.hifigan), packTorch({ ...tensors, 'conv_pre.weight_g': counts }))
  await t.rejects(converted(folder), { code: 'CLVP_UNSUPPORTED', message: /conv_pre\.weight_g is I64/ })
  writeFileSync(join(folder, names.hifigan), packTorch(tensors))
  for (const [option, message] of [
    ['dvae', /no encoder of a DiscreteVAE/],
    ['diffusion', /inp_block\.weight is missing: expected a diffusion decoder/],
    ['vocoder', /is missing: expected a UnivNet/],
    ['randomDecoder', /layers\.0\.weight is missing: expected a generator/],
    ['randomDiffusion', /layers\.0\.weight is missing: expected a generator/],
  ]) {
    const wrong = { [option]: names.hifigan }
    await t.rejects(converted(folder, wrong), { message }, option)
  }
  writeFileSync(join(folder, names.hifigan), 'text')
  await t.rejects(converted(folder), { code: format, message: /hifidecoder\.pth is not a valid torch file/ })
  rmSync(join(folder, names.hifigan))
  mkdirSync(join(folder, names.hifigan))
  await t.rejects(converted(folder), { code: 'CLVP_IO', message: /hifidecoder\.pth is a folder/ })
})

t.test('no stage is overwritten, and an abort leaves nothing', async (t) => {
  const folder = stageFolder(t)
  await t.rejects(convertFolder(folder, join(folder, names.vocoder)), {
    code: 'CLVP_INVALID_ARGUMENT',
    message: /is a file of the source: .*vocoder\.pth/,
  })
  const before = readdirSync(join(folder, '..'))
  const fractions = []
  for (const at of [0.3, 0.6, 0.9]) {
    const abort = new AbortController()
    const onProgress = (fraction) => fraction >= at && abort.abort()
    await t.rejects(converted(folder, { signal: abort.signal, onProgress }), { code: 'CLVP_ABORTED' })
  }
  t.same(readdirSync(join(folder, '..')), before)
  await converted(folder, { onProgress: (fraction) => fractions.push(fraction) })
  t.equal(fractions.at(-1), 1)
  t.same(
    fractions,
    [...fractions].sort((a, b) => a - b),
  )
})
