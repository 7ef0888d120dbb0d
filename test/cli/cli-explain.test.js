// `clvp explain` reads the header of a model file and says what Clvp.explain() says.
import { spawnSync } from 'node:child_process'
import { copyFileSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { Clvp, inspectModel } from '../../dist/lib/index.js'
import { readRecipe, writeCheckpoint } from '../helpers/checkpoint.js'

const main = fileURLToPath(new URL('../../dist/lib/cli/main.js', import.meta.url))
const dir = t.testdir({ checkpoint: {} })
const env = { ...process.env, CLVP_CACHE: join(dir, 'cache') }
const explain = (...args) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, 'explain', ...args, '--json'], {
    encoding: 'utf8',
    env,
  })
  return { status, stderr, ...(status === 0 && { json: JSON.parse(stdout) }) }
}
const text = 'Dr. Smith paid $5 👍 zyxwv'

t.test('it says what the API says', async (t) => {
  const clvp = await Clvp.load(Clvp.demo)
  for (const [flags, options] of [
    [[], {}],
    [['--normalizer', 'basic'], { normalizer: 'basic' }],
    [['--compat', 'tortoise'], { compat: 'tortoise' }],
  ]) {
    t.same(
      explain('demo', text, ...flags).json,
      JSON.parse(JSON.stringify(await clvp.explain(text, options))),
    )
  }
  await clvp.dispose()
})

t.test('a file whose weights are missing is enough', async (t) => {
  const file = join(dir, 'header.gguf')
  copyFileSync(Clvp.demo, file)
  const { tensors, bytes } = await inspectModel(file)
  const whole = explain(file, text)
  // The weights are the end of the file; half of them are overwritten, which loading would notice as NaN or checksums.
  const weights = tensors.reduce((sum, each) => sum + each.bytes, 0)
  const data = readFileSync(file).fill(0xff, bytes - Math.floor(weights / 2))
  writeFileSync(file, data)
  t.same(explain(file, text), whole)
  truncateSync(file, 100)
  t.match(explain(file, text), { status: 1, stderr: /CLVP_MODEL_FORMAT/ })
})

t.test('a folder is converted first; a wrong type is refused', async (t) => {
  writeCheckpoint(readRecipe('plain'), join(dir, 'checkpoint'))
  t.match(explain(join(dir, 'checkpoint'), 'Hello.'), { status: 0, json: { normalized: 'hello.' } })
  t.match(explain('demo', 'Hello.', '--type', 'f32'), {
    status: 2,
    stderr: /Expected a model of type f32 but .* is \w+: convert the original, or leave 'type' out/,
  })
  t.match(explain('demo', 'Hello.', '--revision', 'main'), { status: 2, stderr: /Expected no revision/ })
})
