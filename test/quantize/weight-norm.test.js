// Weight norm is folded in double precision and rounded once, whatever the precision of its parts.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { cutToBf16, cutToF16 } from '../helpers/half.js'
import { hifiganTensors, packable, speechSizes } from '../helpers/speech.js'
import { convertStage, fold, stageFolder, worst } from '../helpers/stage_case.js'
import { packTorch } from '../helpers/torch.js'

const weights = hifiganTensors(speechSizes.hifigan)

/** A tensor's numbers in another type: its bytes, and the numbers that they stand for. */
const casts = {
  F32: (values) => ({ data: Buffer.from(Float32Array.from(values).buffer), values }),
  F64: (values) => {
    const doubles = Float64Array.from(values, (value) => value * (1 + 2 ** -30)) // beyond F32's digits
    return { data: Buffer.from(doubles.buffer), values: doubles }
  },
  F16: (values) => half(values, cutToF16),
  BF16: (values) => half(values, cutToBf16),
}

function half(values, cut) {
  const bits = new Uint32Array(Float32Array.from(values).buffer)
  const pairs = Array.from(bits, (each) => cut(each))
  return {
    data: Buffer.from(Uint16Array.from(pairs, (pair) => pair.half).buffer),
    values: new Float32Array(Uint32Array.from(pairs, (pair) => pair.single).buffer),
  }
}

for (const [dtype, cast] of Object.entries(casts)) {
  t.test(dtype, async (t) => {
    const folder = stageFolder(t, { hifigan: {} })
    const numbers = {}
    const packed = Object.entries(packable(weights)).map(([name, { shape }]) => {
      const { data, values } = cast(weights[name].values)
      numbers[name] = { shape, values }
      return [name, { dtype, shape, data }]
    })
    writeFileSync(join(folder, 'hifidecoder.pth'), packTorch(Object.fromEntries(packed)))
    const stage = await convertStage(folder, 'hifigan.')
    const name = 'resblocks.0.convs1.0'
    const expected = fold(numbers[`${name}.weight_g`], numbers[`${name}.weight_v`]) // [8, 8, 3]
    const difference = worst(await stage.numbers('hifigan.res.0.0.first.0.weight'), (i) => {
      const [row, tap, channel] = [Math.floor(i / 24), Math.floor((i % 24) / 8), i % 8]
      return expected[(row * 8 + channel) * 3 + tap]
    })
    t.ok(difference < 2 ** -24, `the weight: ${difference}`)
    const bias = Array.from(numbers['conv_pre.bias'].values, Math.fround)
    t.same([...(await stage.numbers('hifigan.pre.bias'))], bias, 'a bias')
  })
}

t.test('a row without a direction, and numbers beyond F32', async (t) => {
  const folder = stageFolder(t, { hifigan: {} })
  const refused = async (change, message) => {
    const packed = packable(weights)
    change(packed)
    writeFileSync(join(folder, 'hifidecoder.pth'), packTorch(packed))
    await t.rejects(convertStage(folder, 'hifigan.'), { code: 'CLVP_MODEL_FORMAT', message })
  }
  await refused((all) => all['ups.0.weight_v'].data.fill(0, 0, 4 * 64), /hifigan\.up\.0\.weight/)
  const lengths = Float64Array.from({ length: 16 }, () => 1e300)
  await refused((all) => {
    all['ups.0.weight_g'] = { dtype: 'F64', shape: [16, 1, 1], data: Buffer.from(lengths.buffer) }
  }, /hifigan\.up\.0\.weight/)
})
