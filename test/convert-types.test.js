// Every weight type loads and runs, and matrices whose rows q8_0 cannot hold are reported as fallbacks.
import { join } from 'node:path'
import t from 'tap'
import { Clvp, convertFolder, inspectModel } from '../dist/lib/index.js'
import { tinyRecipes } from './helpers/checkpoint.js'
import { tone } from './helpers/model.js'
import { freshCheckpoint } from './helpers/safetensors.js'

for (const recipe of tinyRecipes) {
  t.test(recipe, async (t) => {
    const folder = freshCheckpoint(t, recipe)
    const embeddings = {}
    for (const type of ['f32', 'f16', 'q8_0']) {
      const target = join(folder, '..', `${type}.gguf`)
      const { fallbacks, ...result } = await convertFolder(folder, target, { type })
      const file = await inspectModel(target)
      t.same(result, { path: target, type, bytes: file.bytes })
      t.same(fallbacks, type === 'q8_0' ? unfitting(file) : [], 'fallbacks')
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
    t.ok(cosine(embeddings.f32, embeddings.f16) > 0.9999, 'f16 is near f32')
    t.ok(cosine(embeddings.f32, embeddings.q8_0) > 0.99, 'q8_0 is near f32')
  })
}

/** Matrices that had to be f16, checked against the rows of what could be q8_0. */
function unfitting({ tensors }) {
  const matrices = tensors.filter(({ type }) => type !== 'f32')
  for (const { name, type, dims } of matrices) {
    t.equal(type, dims[0] % 32 === 0 ? 'q8_0' : 'f16', `${name} of rows of ${dims[0]}`)
  }
  return matrices.filter(({ type }) => type === 'f16').map(({ name }) => name)
}

function cosine(a, b) {
  return a.reduce((sum, x, i) => sum + x * b[i], 0)
}

t.test('the default is f16, and other types are refused', async (t) => {
  const folder = freshCheckpoint(t)
  t.equal((await convertFolder(folder, `${folder}.gguf`)).type, 'f16')
  for (const type of ['q4_k', 'F16', '', null, 16]) {
    await t.rejects(convertFolder(folder, `${folder}.gguf`, { type }), {
      code: 'CLVP_INVALID_ARGUMENT',
      message: /type/,
    })
  }
})
