// A process that ends amid work ends as it was told to, soon, and not by a signal of our making.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { readRecipe, writeCheckpoint } from '../helpers/checkpoint.js'
import { tinyFile } from '../helpers/model.js'
import { times } from '../helpers/torture.js'

const file = await tinyFile('deep')
const folder = join(t.testdir({}), 'checkpoint')
writeCheckpoint(readRecipe('deep'), folder)

/** A sanitizer looks for leaks at the end. */
const MAX_MS = process.env.ASAN_OPTIONS ? 20_000 : 2000

/** How the process ended, and how long after its work had begun. */
async function endOf(ending, stage, signal) {
  const program = fileURLToPath(new URL('../helpers/ending.js', import.meta.url))
  const args = [program, stage === 'convert' ? folder : file, ending, stage]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] })
  const closed = once(child, 'close')
  await once(child.stdout, 'data')
  const begun = performance.now()
  if (signal) child.kill(signal)
  const [code, by] = await closed
  const took = performance.now() - begun
  if (took > MAX_MS) t.fail(`${ending} during ${stage} took ${took} ms`)
  return { code, by }
}

for (const stage of ['load', 'generate', 'convert', 'worker']) {
  t.test(stage, async (t) => {
    for (let i = 0; i < times(3, 25); i++) {
      t.same(await endOf('exit', stage), { code: 0, by: null }, 'process.exit(0)')
      t.same(await endOf('throw', stage), { code: 1, by: null }, 'an error that nobody catches')
      t.same(await endOf('wait', stage, 'SIGTERM'), { code: null, by: 'SIGTERM' })
      t.same(await endOf('wait', stage, 'SIGINT'), { code: null, by: 'SIGINT' })
    }
  })
}
