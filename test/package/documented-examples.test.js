// Every example in the README and in docs/ runs, in a folder that has what it names.
import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { readRecipe, writeCheckpoint } from '../helpers/checkpoint.js'
import { makeSpeakingModel, writeSpeakingFolder } from '../helpers/speaking_model.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const pages = [
  'README.md',
  'CONTRIBUTING.md',
  ...readdirSync(join(root, 'docs')).map((name) => join('docs', name)),
]
const cli = join(root, 'dist', 'lib', 'cli', 'main.js')

/** Programs that wait for a caller: recipes.test.js calls them. */
const waiting = /\.listen\(|from 'electron'/

/** [page, language, text] of each block of code that has a language. */
const examples = pages
  .filter((page) => page.endsWith('.md'))
  .flatMap((page) => {
    const text = readFileSync(join(root, page), 'utf8')
    return [...text.matchAll(/^```(\w+)\n(.*?)^```/gms)].map(([, language, code]) => ({
      page,
      language,
      code,
    }))
  })
  .filter(({ code }) => !waiting.test(code))

/** A tiny model with all stages. */
const speaking = await makeSpeakingModel(t.testdir({}))

/** A folder with models, clips, a checkpoint and the package. */
function makeFolder(t) {
  const folder = t.testdir({ node_modules: { '@node-clvp': {} } })
  symlinkSync(root, join(folder, 'node_modules', 'node-clvp'), 'dir')
  symlinkSync(join(root, 'packages', 'server'), join(folder, 'node_modules', '@node-clvp', 'server'), 'dir')
  const demo = (name) => join(root, 'demo', name)
  for (const name of ['model.gguf', 'clvp.gguf']) copyFileSync(demo('demo.gguf'), join(folder, name))
  copyFileSync(speaking, join(folder, 'speaking.gguf'))
  for (const name of ['a.wav', 'b.mp3', 'me.wav', 'take1.wav', 'take2.wav', 'take3.wav'])
    copyFileSync(demo('voice.wav'), join(folder, name))
  writeFileSync(join(folder, 'texts.txt'), 'Good morning.\nHow are you?\n')
  writeFileSync(join(folder, 'rows.jsonl'), '{"id": 1, "text": "Good morning."}\n')
  mkdirSync(join(folder, 'clips'))
  mkdirSync(join(folder, 'recordings'))
  for (const name of ['1.wav', '2.wav']) copyFileSync(demo('voice.wav'), join(folder, 'recordings', name))
  copyFileSync(demo('voice.wav'), join(folder, 'clips', 'a.wav'))
  writeSpeakingFolder(join(folder, 'tortoise'))
  mkdirSync(join(folder, 'clvp_dev'))
  writeCheckpoint(readRecipe('plain'), join(folder, 'clvp_dev'))
  return folder
}

function run(folder, args) {
  const { status, stderr } = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' })
  return { status, stderr: status === 0 ? '' : stderr }
}

/** The words of a command, quotes and a comment taken off. */
function words(command) {
  const found = command.replace(/\s+#.*$/, '').matchAll(/"([^"]*)"|(\S+)/g)
  return Array.from(found, ([, quoted, plain]) => quoted ?? plain).map((word) =>
    word === 'MODEL' ? 'model.gguf' : word,
  )
}

for (const [i, { page, language, code }] of examples.entries()) {
  t.test(`${page}, example ${i + 1} (${language})`, async (t) => {
    const folder = makeFolder(t)
    if (language === 'js') {
      writeFileSync(join(folder, 'example.mjs'), code)
      t.same(run(folder, ['example.mjs']), { status: 0, stderr: '' })
      return
    }
    t.equal(language, 'sh', 'an example is JavaScript or a command')
    for (const line of code.trim().split('\n')) {
      const [first, ...rest] = words(line)
      if (first === 'npm') continue // the README's two commands, which .ci/run runs on a fresh clone
      const args = first === 'npx' ? rest.slice(1) : rest
      t.equal(first === 'npx' ? rest[0] : first, 'clvp')
      // Both recordings are the same, so that one of them does not say its own text, which the status tells.
      const status = args.includes('--pairs') ? 1 : 0
      t.match(run(folder, [cli, ...args]), { status, ...(status === 0 && { stderr: '' }) }, line)
    }
  })
}

t.test('there are examples', async (t) => t.ok(examples.length >= 5))
