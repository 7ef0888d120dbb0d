// A model file that lists the words it has learned says which words of a text are not among them; it speaks them all the same.

import { spawnSync } from 'node:child_process'
import { cpSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { Clvp, convertFolder, quantizeFile } from '../../dist/lib/index.js'
import { writeSpeakingFolder } from '../helpers/speaking_model.js'

const dir = t.testdir({})
const plain = join(dir, 'plain')
writeSpeakingFolder(plain, ['hifigan'])

/** A copy of the folder with a words.txt. */
function folderOf(name, words) {
  const folder = join(dir, name)
  cpSync(plain, folder, { recursive: true })
  writeFileSync(join(folder, 'words.txt'), words)
  return folder
}

async function convert(folder, options = { type: 'f32' }) {
  const file = `${folder}.gguf`
  await convertFolder(folder, file, { ...options, threads: 1 })
  return file
}

t.test('the words of a text that are not listed', async (t) => {
  const file = await convert(folderOf('listed', "hello\nworld\nit's\ntwenty\nfive\n"))
  const clvp = await Clvp.load(file, { threads: 1 })
  t.teardown(() => clvp.dispose())
  const { unknownWords } = await clvp.explain("Hello, small world: it's 25 o'clock. It's a SMALL world!")
  t.same(unknownWords, ['small', "o'clock", 'a'])
  const voice = await clvp.voice(Clvp.demoVoice)
  const options = { voice, candidates: 1, seed: 1, maxTokens: 5 }
  t.same((await clvp.generate('Hello there.', options)).unknownWords, ['there'])
  t.same((await clvp.generate('Hello, world!', options)).unknownWords, [])
  const { parts } = await clvp.speak('Hello there.', options)
  t.same(parts[0].result.unknownWords, ['there'])
})

t.test('a model that lists none knows no unknown word, and quantizing keeps the list', async (t) => {
  for (const [folder, expected] of [
    [plain, []],
    [folderOf('kept', 'hello'), ['there']],
  ]) {
    const small = `${folder}-small.gguf`
    await quantizeFile(await convert(folder), small, { type: 'q8_0' })
    const clvp = await Clvp.load(small, { threads: 1 })
    t.same((await clvp.explain('Hello there.')).unknownWords, expected)
    await clvp.dispose()
  }
})

t.test('the command line tells of them', async (t) => {
  const file = await convert(folderOf('told', 'hello'))
  const command = (...args) =>
    spawnSync(process.execPath, ['dist/lib/cli/main.js', ...args], { encoding: 'utf8' })
  t.match(command('explain', file, 'Hello there.').stdout, /^unknown {4}there$/m)
  const { status, stderr } = command(
    'speak',
    file,
    'Hello there.',
    '--voice',
    Clvp.demoVoice,
    '--max-tokens',
    '5',
    '-o',
    join(dir, 'told.wav'),
  )
  t.equal(status, 0, stderr)
  t.match(stderr, /"Hello there\.": may be garbled, since the model has not learned it: there/)
})

t.test('a bad list is an error of the checkpoint', async (t) => {
  for (const [name, words, message] of [
    ['capital', 'hello\nWorld', /words\.txt.*its word 2 is "World": expected one word a line, in lower case/],
    ['blank', 'hello world', /its word 1 is "hello world"/],
    ['long', 'a'.repeat(65), /its word 1 is/],
    ['many', 'a\n'.repeat(2 ** 18 + 1), /262145 words are more than 262144/],
  ]) {
    await t.rejects(convert(folderOf(name, words)), { code: 'CLVP_MODEL_FORMAT', message }, name)
  }
})
