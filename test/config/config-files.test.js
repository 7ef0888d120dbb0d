// Configurations in files: folders, parts of composite ones, extra keys, and what cannot be read.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { ClvpConfig, ClvpDecoderConfig, ClvpEncoderConfig } from '../../dist/lib/index.js'

const composite = {
  model_type: 'clvp',
  text_config: { vocab_size: 51, mine: 1 },
  speech_config: { vocab_size: 52 },
  decoder_config: { vocab_size: 53 },
  theirs: { x: [] },
}

t.test('reads a folder or the file itself', async (t) => {
  const folder = t.testdir({
    'config.json': JSON.stringify(composite),
    'other.json': '{"projection_dim": 9}',
  })
  t.equal((await ClvpConfig.fromPretrained(folder)).textConfig.vocabSize, 51)
  t.equal((await ClvpConfig.fromPretrained(join(folder, 'config.json'))).speechConfig.vocabSize, 52)
  t.equal((await ClvpConfig.fromPretrained(join(folder, 'other.json'))).projectionDim, 9)
})

t.test('takes parts out of a composite', async (t) => {
  const folder = t.testdir({ 'config.json': JSON.stringify(composite) })
  t.equal((await ClvpEncoderConfig.fromPretrained(folder)).vocabSize, 51)
  t.equal((await ClvpEncoderConfig.fromPretrained(folder, { configType: 'speech_config' })).vocabSize, 52)
  t.equal((await ClvpDecoderConfig.fromPretrained(folder)).vocabSize, 53)
  const wrong = { code: 'CLVP_INVALID_ARGUMENT' }
  await t.rejects(ClvpEncoderConfig.fromPretrained(folder, { configType: 'decoder_config' }), wrong)
  await t.rejects(ClvpEncoderConfig.fromPretrained(folder, { type: 'text_config' }), wrong)
})

t.test('a part alone', async (t) => {
  const folder = t.testdir()
  await new ClvpDecoderConfig({ vocabSize: 7 }).savePretrained(folder)
  t.equal((await ClvpDecoderConfig.fromPretrained(folder)).vocabSize, 7)
  await t.rejects(ClvpEncoderConfig.fromPretrained(folder), {
    code: 'CLVP_MODEL_FORMAT',
    message: /clvp_decoder/,
  })
})

t.test('extra keys survive, and floats stay floats for Python', async (t) => {
  const folder = t.testdir({ 'config.json': JSON.stringify({ ...composite, initializer_factor: 1 }) })
  const config = await ClvpConfig.fromPretrained(folder)
  const target = join(folder, 'saved')
  await config.savePretrained(target)
  const text = readFileSync(join(target, 'config.json'), 'utf8')
  const saved = JSON.parse(text)
  t.strictSame([saved.theirs, saved.text_config.mine], [composite.theirs, 1])
  t.match(text, '"initializer_factor": 1.0,')
  t.match(text, '"layer_norm_eps": 1e-05,')
  t.strictSame(readdirSync(target), ['config.json'], 'nothing else is left')
  t.strictSame((await ClvpConfig.fromPretrained(target)).toDict(), config.toDict())
})

t.test('names the file that is wrong', async (t) => {
  const folder = t.testdir({
    'broken.json': '{"a": ',
    'list.json': '[]',
    'value.json': '{"text_config": {"vocab_size": "x"}}',
    'bytes.json': Buffer.from([0xff, 0xfe]),
  })
  for (const [file, message] of [
    ['broken.json', /broken\.json is not JSON/],
    ['list.json', /list\.json: expected an object/],
    ['value.json', /value\.json: text_config: Expected an integer.*vocab_size.*"x"/],
    ['bytes.json', /bytes\.json/],
  ]) {
    await t.rejects(ClvpConfig.fromPretrained(join(folder, file)), { code: 'CLVP_MODEL_FORMAT', message })
  }
  await t.rejects(ClvpConfig.fromPretrained(join(folder, 'none')), {
    code: 'CLVP_IO',
    message: /none.config\.json/,
  })
  await t.rejects(new ClvpConfig().savePretrained(join(folder, 'list.json', 'x')), { code: 'CLVP_IO' })
  for (const wrong of [undefined, 5, '', 'a\0b']) {
    await t.rejects(async () => ClvpConfig.fromPretrained(wrong), { code: 'CLVP_INVALID_ARGUMENT' })
    await t.rejects(new ClvpConfig().savePretrained(wrong), { code: 'CLVP_INVALID_ARGUMENT' })
  }
})
