#!/usr/bin/env node
/**
 * Runs the README's commands on a fresh clone, with a PATH that has no compiler, CMake, ninja, make or git: the build takes them from PyPI.
 *   npm run check:bare             npm ci && npm run demo
 *   npm run check:bare -- --test   npm ci && npm test too
 *   --keep                         leaves the clone, and prints where it is
 * Needs the registries of npm and PyPI. The clone is of the last commit.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { parseArgs } from 'node:util'
import { root, run } from '../prebuild/tools.mjs'

const { values } = parseArgs({ options: { test: { type: 'boolean' }, keep: { type: 'boolean' } } })
const hidden =
  /^(.*-)?(cc|c\+\+|gcc|g\+\+|clang|clang\+\+|c89|c99|cpp|tcc|zig|cmake|ctest|cpack|ninja|make|gmake|git|ccache)(-[\d.]+)?$/
const work = mkdtempSync(join(tmpdir(), 'clvp-bare-'))
const clone = join(work, 'clone')

/** A folder that links to every program on the PATH but the hidden ones. */
function bareBin() {
  const bin = join(work, 'bin')
  mkdirSync(bin)
  const taken = new Set()
  for (const folder of process.env.PATH.split(delimiter)) {
    let names = []
    try {
      names = readdirSync(folder)
    } catch {
      continue // a folder of the PATH need not be there
    }
    for (const name of names) {
      if (hidden.test(name) || taken.has(name) || folder.includes('node_modules')) continue
      taken.add(name)
      symlinkSync(join(folder, name), join(bin, name))
    }
  }
  return bin
}

function step(command, env) {
  console.log(`# ${command}`)
  const started = performance.now()
  const { status } = spawnSync('sh', ['-c', command], { cwd: clone, env, stdio: 'inherit' })
  console.log(`# ${command}: status ${status}, ${((performance.now() - started) / 1000).toFixed(0)} s`)
  if (status !== 0) throw new Error(`${command} ended with ${status}`)
}

try {
  run('git', ['clone', '--quiet', '--local', root, clone])
  const { CC, CXX, ...rest } = process.env
  const env = { ...rest, PATH: bareBin() }
  for (const name of Object.keys(env)) if (name.startsWith('npm_')) delete env[name]
  for (const name of ['c++', 'cc', 'cmake', 'ninja', 'make', 'git']) {
    if (!spawnSync(name, ['--version'], { env }).error) throw new Error(`${name} is still found`)
  }
  step('npm ci --no-audit --no-fund && npm run demo', env)
  if (values.test) step('npm ci --no-audit --no-fund && npm test', env)
} catch (error) {
  console.error(`node-clvp: ${error.message}`)
  process.exitCode = 1
} finally {
  if (values.keep) console.log(clone)
  else rmSync(work, { recursive: true, force: true })
}
