// The types that a user's program sees: test/types compiles against the package as it is published.
import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'

const require = createRequire(import.meta.url)
const tsc = join(dirname(require.resolve('typescript/package.json')), 'bin', 'tsc')

for (const [what, folder] of [
  ['the public types', '../types'],
  ['the types alone, for modules and for CommonJS', '../types/alone'],
]) {
  t.test(what, async (t) => {
    const path = fileURLToPath(new URL(folder, import.meta.url))
    const { status, stdout } = spawnSync(process.execPath, [tsc, '-p', path], { encoding: 'utf8' })
    t.equal(stdout, '')
    t.equal(status, 0)
  })
}

t.test('require() gives the objects of import', async (t) => {
  const found = require('../../dist/lib/index.cjs')
  t.equal(found.Clvp, (await import('../../dist/lib/index.js')).Clvp)
})
