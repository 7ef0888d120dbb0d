// Every weight type loads and runs, and matrices whose rows a type cannot hold are reported as fallbacks.
import { join } from 'node:path'
import t from 'tap'
import { Clvp, convertFolder, inspectModel, weightTypes } from '../../dist/lib/index.js'
import { broadRecipe } from '../helpers/broad.js'
import { readRecipe, tinyRecipes, writeCheckpoint } from '../helpers/checkpoint.js'
import { tone } from '../helpers/model.js'
import { freshCheckpoint } from '../helpers/safetensors.js'

/** Least cosine of a text's embedding with the F32 model's; the smaller the type, the further it may be. */
const nearness = {
  f16: 0.9999,
  bf16: 0.9999,
  q8_0: 0.999,
  q6_k: 0.999,
  q5_k: 0.997,
  q5_0: 0.997,
  q4_k: 0.99,
  q4_0: 0.985,
  iq4_nl: 0.99,
}

for (const [name, recipe] of [
  ...tinyRecipes.map((each) => [each, readRecipe(each)]),
  ['broad', broadRecipe()],
]) {
  t.test(name, async (t) => {
    const folder = join(t.testdir({}), 'model')
    writeCheckpoint(recipe, folder)
    const embeddings = {}
    for (const type of weightTypes) {
      const target = join(folder, '..', `${type}.gguf`)
      const { fallbacks, ...result } = await convertFolder(folder, target, { type })
      const file = await inspectModel(target)
      t.same(result, { path: target, type, bytes: file.bytes })
      t.same(fallbacks, unfitting(t, file, type), 'fallbacks')
      t.equal(file.values['clvp.type'], type)
      const clvp = await Clvp.load(target, { threads: 1 })
      t.equal(clvp.info.type, type)
      const { best } = await clvp.generate('Hello.', {
        voice: await clvp.voice(tone()),
        candidates: 2,
        maxTokens: 5,
        seed: 1,
      })
      t.ok(Number.isFinite(best.score) && best.codes.length > 0, `${type} draws`)
      embeddings[type] = await clvp.embedText('Hello.')
      await clvp.dispose()
    }
    for (const [type, least] of Object.entries(nearness)) {
      const near = cosine(embeddings.f32, embeddings[type])
      t.ok(near > least, `${type} is near f32: cosine ${near.toFixed(6)}`)
    }
  })
}

/** The matrices that have another type than asked for, after checking that each has the one its rows allow. */
function unfitting(t, { tensors }, asked) {
  const matrices = tensors.filter(({ type }) => type !== 'f32')
  for (const { name, type, dims } of matrices) {
    t.equal(type, allowed(asked, dims[0]), `${name} of rows of ${dims[0]}`)
  }
  return matrices.filter(({ type }) => type !== asked).map(({ name, type }) => `${name}: ${type}`)
}

/** Worked out apart from lib/addon/weight_types.ts: blocks of 256 give way to blocks of 32, and those to f16. */
function allowed(asked, length) {
  if (['f32', 'f16', 'bf16'].includes(asked)) return asked
  const smaller = { q6_k: 'q8_0', q5_k: 'q5_0', q4_k: 'q4_0' }
  if (asked in smaller && length % 256 !== 0) return length % 32 === 0 ? smaller[asked] : 'f16'
  return length % 32 === 0 ? asked : 'f16'
}

function cosine(a, b) {
  return a.reduce((sum, x, i) => sum + x * b[i], 0)
}

t.test('the default is f16, and other types are refused', async (t) => {
  const folder = freshCheckpoint(t)
  t.equal((await convertFolder(folder, `${folder}.gguf`)).type, 'f16')
  for (const type of ['q4', 'F16', '', null, 16]) {
    await t.rejects(convertFolder(folder, `${folder}.gguf`, { type }), {
      code: 'CLVP_INVALID_ARGUMENT',
      message: /type/,
    })
  }
})
