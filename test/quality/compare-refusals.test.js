// What cannot be compared is refused with a reason, damage too; a model that gives NaN or infinite results is reported.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { compareModels, convertFolder } from '../../dist/lib/index.js'
import { replaceOnce } from '../helpers/gguf.js'
import { tinyFile, tone } from '../helpers/model.js'
import { freshCheckpoint, setWeight } from '../helpers/safetensors.js'

const plain = await tinyFile('plain')
const few = { texts: ['Hello.'], voices: tone(0.4), maxTokens: 6, candidates: 2, threads: 1 }
const refused = (message) => ({ code: 'CLVP_INVALID_ARGUMENT', message })

t.test('other architectures and vocabularies', async (t) => {
  const wide = await tinyFile('wide')
  await t.rejects(
    compareModels(plain, wide, few),
    refused(/one architecture and vocabulary .*clvp\.\w+\.\w+ is .* in one and .* in the other/),
  )
  const other = join(t.testdir({}), 'other.gguf')
  const bytes = readFileSync(plain)
  writeFileSync(other, replaceOnce(bytes, Buffer.from('[SPACE]'), Buffer.from('[SPICE]')))
  await t.rejects(
    compareModels(plain, other, few),
    refused(/clvp\.tokenizer\.tokens\[2\] is "\[SPACE\]" in one and "\[SPICE\]"/),
  )
  const { tensors } = await compareModels(plain, await tinyFile('plain', 'f16', 298), few)
  t.notOk(
    tensors.some(({ name }) => name === 'codebook.weight'),
    'a codebook in one of them is no hindrance',
  )
})

t.test('files that are none', async (t) => {
  const dir = t.testdir({ 'none.gguf': 'GGUF?' })
  await t.rejects(compareModels(plain, join(dir, 'none.gguf'), few), { code: 'CLVP_MODEL_FORMAT' })
  await t.rejects(compareModels(join(dir, 'absent.gguf'), plain, few), { code: 'CLVP_IO' })
})

t.test('options', async (t) => {
  const bad = [
    ['texts', []],
    ['texts', 'Hello.'],
    ['texts', [5]],
    ['texts', ['']],
    ['voices', []],
    ['voices', [5]],
    ['candidates', 0],
    ['candidates', 1.5],
    ['rows', 0],
    ['rows', 3],
    ['maxTokens', 0],
    ['maxTokens', 65536],
    ['seed', -1],
    ['seed', 2 ** 53 - 1],
    ['threads', 0],
    ['device', 5],
    ['device', 'toaster', 'CLVP_DEVICE'],
    ['onProgress', 5],
    ['signal', {}],
    ['colour', 'red'],
  ]
  for (const [name, value, code = 'CLVP_INVALID_ARGUMENT'] of bad) {
    await t.rejects(compareModels(plain, plain, { ...few, [name]: value }), { code }, `${name} ${value}`)
  }
  for (const path of ['', 5, undefined, 'a\0b']) {
    await t.rejects(compareModels(path, plain, few), refused(/for a /))
    await t.rejects(compareModels(plain, path, few), refused(/for b /))
  }
})

t.test('abort at every stage', async (t) => {
  const aborted = { code: 'CLVP_ABORTED', name: 'AbortError' }
  await t.rejects(compareModels(plain, plain, { ...few, signal: AbortSignal.abort() }), aborted)
  for (const wanted of ['verify', 'tensors', 'load', 'run']) {
    const abort = new AbortController()
    const onProgress = ({ stage }) => stage === wanted && abort.abort()
    const texts = ['Hello.', 'Hello again.']
    await t.rejects(
      compareModels(plain, plain, { ...few, texts, signal: abort.signal, onProgress }),
      aborted,
      wanted,
    )
  }
})

t.test('damage is not taken for what a type loses', async (t) => {
  const bytes = readFileSync(plain)
  bytes[bytes.length - 100] ^= 1
  const damaged = join(t.testdir({}), 'damaged.gguf')
  writeFileSync(damaged, bytes)
  for (const [a, b] of [
    [plain, damaged],
    [damaged, plain],
  ]) {
    await t.rejects(compareModels(a, b, few), {
      code: 'CLVP_MODEL_FORMAT',
      message: /damaged\.gguf is damaged: tensor \S+: .*clvp verify/,
    })
  }
})

t.test('activations beyond all bounds', async (t) => {
  const folder = freshCheckpoint(t)
  const huge = `${folder}.gguf`
  // Both are finite in the file; their product is not.
  setWeight(folder, 'speech_decoder_model.final_norm.bias', 0, 100)
  setWeight(folder, 'speech_decoder_model.lm_head.weight', 0, 3e38)
  await convertFolder(folder, huge, { type: 'f32' })
  for (const [a, b, model] of [
    [plain, huge, 'b'],
    [huge, plain, 'a'],
  ]) {
    const found = await compareModels(a, b, few)
    t.equal(found.behaviour, undefined)
    t.match(found.failure, { model, message: /NaN or infinite/ })
    const differ = found.tensors.filter(({ relativeError }) => relativeError !== 0)
    t.match(differ, [{ name: 'dec.final_norm.bias' }, { name: 'dec.lm_head.weight' }], 'the others are equal')
  }
})
