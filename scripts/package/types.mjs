#!/usr/bin/env node
/** publint and @arethetypeswrong/cli on the tarball of each package: entries, conditions, and types for every way of resolving. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root, run } from '../prebuild/tools.mjs'

const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'
const bin = (name) => join(root, 'node_modules', '.bin', name)
const folder = mkdtempSync(join(tmpdir(), 'clvp-types-'))

/** Shows what a check prints, and throws unless it ends well. */
function check(what, program, args) {
  console.log(`# ${what}`)
  const { status, error } = spawnSync(program, args, {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  })
  if (error) throw error
  if (status !== 0) throw new Error(`${what}: status ${status}`)
}

try {
  const packages = ['.', ...readdirSync(join(root, 'packages')).map((name) => `./packages/${name}`)]
  run(npm, ['pack', '--ignore-scripts', '--pack-destination', folder, ...packages], {
    shell: process.platform === 'win32',
  })
  for (const file of readdirSync(folder)) {
    const tarball = join(folder, file)
    check(`publint ${file}`, bin('publint'), ['run', '--strict', tarball])
    // The packages beside node-clvp are ES modules alone.
    const profile = /^node-clvp-\d/.test(file) ? 'strict' : 'esm-only'
    check(`attw ${file}`, bin('attw'), ['--profile', profile, tarball])
  }
} catch (error) {
  console.error(`node-clvp: ${error.message}`)
  process.exitCode = 1
} finally {
  rmSync(folder, { recursive: true, force: true })
}
