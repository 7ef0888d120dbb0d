// codesToMel gives the codebook's own frames, in time order; a model without a codebook says what is missing.
import t from 'tap'
import { Clvp } from '../../dist/lib/index.js'
import { makeCodebook, readRecipe } from '../helpers/checkpoint.js'
import { loadTinyModel, tinyFile } from '../helpers/model.js'

const recipe = { ...readRecipe('plain'), codebook: 200 }
const table = makeCodebook(recipe)
const wrong = { code: 'CLVP_INVALID_ARGUMENT' }

/** The largest difference of a mel and the table's rows of codes. */
function difference({ data, dims: [channels, frames] }, codes) {
  let largest = 0
  codes.forEach((code, i) => {
    for (let frame = 0; frame < 4; frame++) {
      for (let m = 0; m < channels; m++) {
        const expected = table[(code * 4 + frame) * channels + m]
        largest = Math.max(largest, Math.abs(expected - data[m * frames + 4 * i + frame]))
      }
    }
  })
  return largest
}

for (const [type, tolerance] of [
  ['f32', 0],
  ['f16', 2 ** -8],
  ['q8_0', 2 ** -8],
]) {
  t.test(`the table's frames, ${type}`, async (t) => {
    const { clvp } = await loadTinyModel(t, { type, codebook: 200 })
    t.same(clvp.info.codebook, { codes: 200, framesPerCode: 4 })
    t.equal(clvp.info.secondsPerCode, 1024 / 22050)
    const codes = Int32Array.of(3, 199, 0, 3)
    const mel = await clvp.codesToMel(codes)
    t.same(mel.dims, [80, 16])
    t.ok(difference(mel, codes) <= tolerance)
  })
}

t.test('codes are copied at once, and are checked', async (t) => {
  const { clvp } = await loadTinyModel(t, { codebook: 200 })
  const codes = Int32Array.of(1, 2)
  const running = clvp.codesToMel(codes)
  codes.fill(9)
  t.equal(difference(await running, [1, 2]), 0)
  for (const bad of [['1'], undefined, Int32Array.of(), Float32Array.of(1), new Int32Array(4097)])
    await t.rejects(clvp.codesToMel(bad), wrong)
  const outside = {
    ...wrong,
    message: /codes from 0 to 199, those in the model's codebook, but received 200/,
  }
  await t.rejects(clvp.codesToMel(Int32Array.of(1, 200)), outside)
  await t.rejects(clvp.codesToMel(Int32Array.of(-1)), wrong)
  await t.rejects(clvp.codesToMel(codes, { iterations: 1 }), wrong)
  await t.rejects(clvp.codesToMel(codes, { signal: AbortSignal.abort() }), { code: 'CLVP_ABORTED' })
})

t.test('a model without a codebook', async (t) => {
  const clvp = await Clvp.load(await tinyFile('plain'), { threads: 1 })
  t.teardown(() => clvp.dispose())
  t.equal(clvp.info.codebook, undefined)
  const unsupported = {
    code: 'CLVP_UNSUPPORTED',
    message: /no codebook: .* diffusion stage and vocoder, which are not part/,
  }
  await t.rejects(clvp.codesToMel(Int32Array.of(1)), unsupported)
  await t.rejects(clvp.preview(Int32Array.of(1)), unsupported)
})
