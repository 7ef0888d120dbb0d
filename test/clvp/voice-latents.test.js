// The .pth files in which tortoise keeps a voice are voices here.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { Clvp, Voice } from '../../dist/lib/index.js'
import { tinyFile } from '../helpers/model.js'
import { packTorch, packTuple } from '../helpers/torch.js'

const dir = t.testdir({})
const clvp = await Clvp.load(await tinyFile(), { threads: 1 })
t.teardown(() => clvp.dispose())
const { width } = clvp.info.decoder
const numbers = Float32Array.from({ length: width }, (_, i) => Math.fround(Math.sin(i)))

const single = (values, shape = [1, values.length]) => ({
  dtype: 'F32',
  shape,
  data: Buffer.from(Float32Array.from(values).buffer),
})
/** The latent of the diffusion stage, and what return_mels=True adds. */
const diffusion = single(new Float32Array(2 * width).fill(9))
const mels = single(new Float32Array(80), [1, 1, 80, 1])

function save(name, bytes) {
  writeFileSync(join(dir, name), bytes)
  return join(dir, name)
}

t.test('a tuple of two to four', async (t) => {
  for (const rest of [[diffusion], [diffusion, mels], [diffusion, mels, mels]]) {
    const bytes = packTuple([single(numbers), ...rest])
    const voice = await clvp.voice(save('emma.pth', bytes))
    t.ok(voice instanceof Voice)
    t.same(voice.embedding, numbers, `${rest.length + 1} entries`)
    t.same((await clvp.voice(bytes)).embedding, numbers, 'as bytes')
  }
})

t.test('one tensor, flat, in half precision', async (t) => {
  t.same((await clvp.voice(packTuple([single(numbers, [width])], { isAlone: true }))).embedding, numbers)
  const bits = Buffer.alloc(2 * width)
  // 1, -2, the smallest half, 65504: sign, exponent, fraction.
  const halves = [0x3c00, 0xc000, 0x0001, 0x7bff]
  for (let i = 0; i < width; i++) bits.writeUInt16LE(halves[i % 4], 2 * i)
  const half = await clvp.voice(packTuple([{ dtype: 'F16', shape: [1, width], data: bits }]))
  t.same([...half.embedding.subarray(0, 4)], [1, -2, 2 ** -24, 65504])
  for (let i = 0; i < width; i++) bits.writeUInt16LE(0xc040, 2 * i)
  const brain = await clvp.voice(packTuple([{ dtype: 'BF16', shape: [1, width], data: bits }]))
  t.equal(brain.embedding[0], -3)
})

t.test('it draws as the clips did, and joins others', async (t) => {
  const made = await clvp.voice(Clvp.demoVoice)
  const read = await clvp.voice(save('made.pth', packTuple([single(made.embedding), diffusion])))
  const options = { candidates: 2, maxTokens: 20, seed: 3 }
  const codes = async (voice) => {
    const { candidates } = await clvp.generate('Good morning.', { ...options, voice })
    return candidates.map(({ codes }) => [...codes])
  }
  t.same(await codes(read), await codes(made))
  const other = save('other.pth', packTuple([single(numbers)]))
  const both = await clvp.voice([join(dir, 'made.pth'), other])
  t.equal(both.clips, 2)
  t.same(
    both.embedding,
    made.embedding.map((value, i) => (value + numbers[i]) / 2),
  )
  const mixed = [join(dir, 'made.pth'), Clvp.demoVoice]
  await t.rejects(clvp.voice(mixed), { code: 'CLVP_INVALID_ARGUMENT', message: /received both .*Voice\.mix/ })
  await t.rejects(clvp.voice(other, { windows: 'first' }), {
    code: 'CLVP_INVALID_ARGUMENT',
    message: /windows only with recordings/,
  })
})

t.test("a voice's folder with latents alone", async (t) => {
  mkdirSync(join(dir, 'pat'))
  writeFileSync(join(dir, 'pat', 'pat.pth'), packTuple([single(numbers), diffusion]))
  t.same((await clvp.voice(join(dir, 'pat'))).embedding, numbers)
})

t.test('what is no voice of this model', async (t) => {
  const refused = (message, code = 'CLVP_MODEL_FORMAT') => ({ code, message })
  const other = save('other.pth', packTuple([single(new Float32Array(width + 1))]))
  await t.rejects(
    clvp.voice(other),
    refused(new RegExp(`other\\.pth: expected .* ${width}, .*\\[1,${width + 1}\\]`)),
  )
  await t.rejects(
    clvp.voice(packTuple([single(new Float32Array(2 * width), [2, width])])),
    refused(/\[2,\d+\]/),
  )
  await t.rejects(clvp.voice(packTorch({ a: single(numbers) })), refused(/^clips: .*no latents of tortoise/))
  await t.rejects(clvp.voice(packTuple([single(numbers.with(2, NaN))])), refused(/NaN or infinite/))
  const whole = { dtype: 'I64', shape: [width], data: Buffer.alloc(8 * width) }
  await t.rejects(clvp.voice(packTuple([whole])), refused(/I64/, 'CLVP_UNSUPPORTED'))
  await t.rejects(clvp.voice(save('cut.pth', packTuple([single(numbers)]).subarray(0, 300))), refused(/zip/))
  await t.rejects(clvp.voice(join(dir, 'none.pth')), refused(/none\.pth/, 'CLVP_IO'))
})
