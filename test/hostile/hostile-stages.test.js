// Checkpoints of the stages of speech, each wrong in one way: the converter refuses each with a typed error, and leaves no file behind.
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { addStages, convertFolder } from '../../dist/lib/index.js'
import {
  diffusionTensors,
  hifiganTensors,
  packable,
  randomLatentTensors,
  speechSizes,
  univnetTensors,
  writeStages,
} from '../helpers/speech.js'
import { packTorch } from '../helpers/torch.js'
import { tortoiseRecipe, writePairAlone } from '../helpers/tortoise.js'

t.setTimeout(0)
const dir = t.testdir({})
const [folder, speech, model, target] = ['pair', 'speech', 'pair.gguf', 'out.gguf'].map((name) =>
  join(dir, name),
)
writePairAlone(tortoiseRecipe(), folder)
await convertFolder(folder, model, { type: 'f32' })
writeStages(speech, {})

const stages = {
  'hifidecoder.pth': hifiganTensors(speechSizes.hifigan),
  'diffusion_decoder.pth': diffusionTensors(speechSizes.diffusion),
  'vocoder.pth': univnetTensors(speechSizes.vocoder),
  'rlg_auto.pth': randomLatentTensors(speechSizes.randomDecoder),
  'rlg_diffuser.pth': randomLatentTensors(speechSizes.randomDiffusion),
}

/** What adding a file of these bytes is refused with; undefined if it is not. */
async function refusal(file, bytes) {
  const path = join(speech, file)
  writeFileSync(path, bytes)
  try {
    await addStages(model, speech, target, { threads: 1 })
  } catch (error) {
    return error
  } finally {
    rmSync(path)
  }
}

const resized = (shape) => ({ shape, values: new Float32Array(shape.reduce((all, dim) => all * dim, 1)) })

/** Tensors wrong in one way. */
function* wrong(tensors) {
  const names = Object.keys(tensors)
  for (const [i, name] of names.entries()) {
    if (name.startsWith('mel_head.')) continue // of training, which a model file has no place for
    const { [name]: tensor, ...others } = tensors
    const { shape, values } = tensor
    yield [`${name} missing`, others]
    yield [`${name} renamed`, { ...others, [`${name}.x`]: tensor }]
    if (i % 5 > 0) continue // the other ways for a part of them
    const [first, ...rest] = shape
    yield [
      `${name} with an axis more`,
      { ...others, [name]: { shape: [...shape, 2], ...resized([...shape, 2]) } },
    ]
    yield [`${name} with a row more`, { ...others, [name]: resized([first + 1, ...rest]) }]
    yield [`${name} empty`, { ...others, [name]: resized([0, ...rest]) }]
    const spoilt = Float32Array.from(values)
    spoilt[spoilt.length - 1] = Number.NaN
    yield [`${name} with NaN`, { ...others, [name]: { shape, values: spoilt } }]
  }
  yield ['a stranger', { ...tensors, stranger: resized([3]) }]
  yield [
    '__proto__',
    Object.defineProperty({ ...tensors }, '__proto__', { value: resized([3]), enumerable: true }),
  ]
  yield ['nothing', {}]
}

/** Bytes that are no checkpoint, or a damaged one. */
function* damaged(tensors) {
  const sound = packTorch(packable(tensors))
  yield ['no bytes', Buffer.alloc(0)]
  yield ['zeros', Buffer.alloc(4096)]
  yield ['text', Buffer.from('<html>404</html>')]
  for (let eighth = 1; eighth < 8; eighth++)
    yield [`cut at ${eighth}/8`, sound.subarray(0, (sound.length * eighth) >> 3)]
}

const codes = /^CLVP_(MODEL_FORMAT|UNSUPPORTED)$/

for (const [file, tensors] of Object.entries(stages)) {
  t.test(file, async (t) => {
    t.notOk(await refusal(file, packTorch(packable(tensors))), 'the sound file is taken')
    rmSync(target)
    const before = readFileSync(model)
    let count = 0
    const check = async (what, bytes) => {
      const started = performance.now()
      const error = await refusal(file, bytes)
      count++
      const isRight =
        error?.name === 'ClvpError' &&
        codes.test(error.code) &&
        (error.message.includes(file) || /holds a weight of nan/.test(error.message))
      if (!isRight) t.match(error, { name: 'ClvpError', code: codes, message: new RegExp(file) }, what)
      if (performance.now() - started > 2000) t.fail(`${what} took long`)
      if (existsSync(target)) {
        t.fail(`${what}: left a file`)
        rmSync(target)
      }
    }
    for (const [what, each] of wrong(tensors)) await check(what, packTorch(packable(each)))
    for (const [what, bytes] of damaged(tensors)) await check(what, bytes)
    t.ok(count >= 25, `${count} files`)
    t.ok(readFileSync(model).equals(before), 'the model is as it was')
  })
}
