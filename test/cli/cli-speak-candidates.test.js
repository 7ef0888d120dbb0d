// clvp speak --table and --plot: the candidates of a text of one part.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { Clvp, convertFolder } from '../../dist/lib/index.js'
import { readRecipe, writeCodebook } from '../helpers/checkpoint.js'
import { writeSpeechFolder } from '../helpers/speech.js'

const main = fileURLToPath(new URL('../../dist/lib/cli/main.js', import.meta.url))
const dir = t.testdir({})
const at = (name) => join(dir, name)

/** A model that speaks. */
async function makeModel(name, codebook) {
  writeSpeechFolder(at(name), { stages: { hifigan: {} } })
  if (codebook) writeCodebook({ ...readRecipe('plain'), codebook }, at(name))
  await convertFolder(at(name), at(`${name}.gguf`), { type: 'f32', threads: 1 })
}

function speak(model, text, ...args) {
  const few = ['--voice', Clvp.demoVoice, '--max-tokens', '20', '-n', '3', '--seed', '5', '--retries', '0']
  const given = ['speak', model, text, ...few, '-o', 'a.wav', ...args]
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...given], {
    cwd: dir,
    encoding: 'utf8',
  })
  return { status, stdout, stderr }
}

t.before(async () => {
  await makeModel('whole', 298)
  await makeModel('plain')
})

t.test('the table and the picture', (t) => {
  const { status, stdout, stderr } = speak('whole.gguf', 'Hello world.', '--table', '--plot', 'a.svg')
  t.equal(status, 0, stderr)
  t.match(stdout, /^rank +candidate +score/)
  t.equal(stdout.match(/^ +[123] +[012] +\S+ .* (stop|length)$/gm)?.length, 3)
  t.match(stdout, /^a\.wav: \d\.\d\d s, 1 part, hifigan, seed 5$/m)
  t.match(readFileSync(at('a.svg'), 'utf8'), /^<svg[\s\S]*rank 3/)
  t.end()
})

t.test('the candidates of several parts would be mixed', (t) => {
  for (const flag of [['--table'], ['--plot', 'b.svg']]) {
    const { status, stderr } = speak('whole.gguf', 'Hello there world, this is fine. '.repeat(12), ...flag)
    t.equal(status, 2, stderr)
    t.match(stderr, new RegExp(`${flag[0]} takes a text of one part, not of \\d`))
  }
  t.end()
})

t.test('a model without a codebook has no picture, which is told before the draw', (t) => {
  const { status, stderr } = speak('plain.gguf', 'Hello world.', '--plot', 'c.svg')
  t.equal(status, 1)
  t.match(stderr, /CLVP_UNSUPPORTED/)
  t.notOk(existsSync(at('c.svg')))
  t.end()
})
