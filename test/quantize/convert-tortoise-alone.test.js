// tortoise's two checkpoints and nothing else: its own tokenizer and mel norms come with the package.
import { createHash } from 'node:crypto'
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { Clvp, convertFolder, inspectModel } from '../../dist/lib/index.js'
import { packNorms, tortoiseRecipe, writePairAlone } from '../helpers/tortoise.js'

function freshPair(t, words) {
  const folder = join(t.testdir({}), 'model')
  writePairAlone(tortoiseRecipe(words), folder)
  return folder
}

const sha256 = (text) => createHash('sha256').update(text).digest('hex')

t.test('the pair alone', async (t) => {
  const folder = freshPair(t)
  t.same(readdirSync(folder), ['autoregressive.pth', 'clvp2.pth'])
  await convertFolder(folder, `${folder}.gguf`, { type: 'f32' })
  const { values } = await inspectModel(`${folder}.gguf`)
  // Hashes of what tortoise-tts 3.0.0 has in data/: scripts/tortoise_data.mjs
  t.equal(
    sha256(values['clvp.tokenizer.tokens'].join('\n')),
    '3681ed499563c1784b65af33a2b9ab78ee19dfbc24585ba21ece14c1b75d9314',
  )
  t.equal(
    sha256(values['clvp.tokenizer.merges'].join('\n')),
    '014afcb55d50738e4bc292c76e203922bd97941e02c0f842411353b461299d16',
  )
  t.equal(values['clvp.tokenizer.tokens'].length, 255)
  t.equal(values['clvp.mel.norms'].length, 80)
  t.match(values['clvp.mel.norms'].slice(0, 2), [-7.00946044921875, -6.08323335647583])
  const clvp = await Clvp.load(`${folder}.gguf`, { threads: 1 })
  t.same(
    (await clvp.explain('this is the thing')).tokens.map(({ id }) => id),
    [147, 2, 54, 2, 42, 2, 153],
    "tortoise's own ids",
  )
  const voice = await clvp.voice(Clvp.demoVoice)
  t.equal((await clvp.generate('Hello.', { voice, candidates: 2, maxTokens: 4 })).candidates.length, 2)
  await clvp.dispose()
})

t.test('its own tokenizer and norms go first', async (t) => {
  const folder = freshPair(t)
  const tokenizer = {
    model: { type: 'BPE', vocab: { '[STOP]': 0, '[UNK]': 1, '[SPACE]': 2, a: 3 }, merges: [] },
  }
  writeFileSync(join(folder, 'tokenizer.json'), JSON.stringify(tokenizer))
  writeFileSync(join(folder, 'mel_norms.pth'), packNorms(new Array(80).fill(2)))
  await convertFolder(folder, `${folder}.gguf`)
  const { values } = await inspectModel(`${folder}.gguf`)
  t.same(values['clvp.tokenizer.tokens'], ['[STOP]', '[UNK]', '[SPACE]', 'a'])
  t.same(values['clvp.mel.norms'], new Array(80).fill(2))
})

t.test('another vocabulary needs its own tokenizer', async (t) => {
  for (const words of [255, 257, 512]) {
    const folder = freshPair(t, words)
    await t.rejects(
      convertFolder(folder, `${folder}.gguf`),
      {
        code: 'CLVP_MODEL_FORMAT',
        message: new RegExp(`tokenizer\\.json is missing: .* ${words} text tokens, but .* 256`),
      },
      `${words} tokens`,
    )
  }
})

t.test('half of a tokenizer is not completed from elsewhere', async (t) => {
  const folder = freshPair(t)
  writeFileSync(join(folder, 'vocab.json'), '{"a": 0}')
  await t.rejects(convertFolder(folder, `${folder}.gguf`), { message: /merges\.txt is missing/ })
})
