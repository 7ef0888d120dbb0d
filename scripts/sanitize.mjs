#!/usr/bin/env node
/** Builds the core, its native tests and its fuzzers with AddressSanitizer and UndefinedBehaviorSanitizer, and runs them. */
import { spawnSync } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { checkTools } from './build.mjs'
import { fetchSources } from './fetch.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const out = '.build/sanitize'
const ninja = spawnSync('ninja', ['--version'], { stdio: 'ignore' }).error ? [] : ['-G', 'Ninja']

const steps = [
  [
    'cmake',
    [
      '-S',
      '.',
      '-B',
      out,
      ...ninja,
      '-DCLVP_SANITIZE=ON',
      '-DCLVP_TESTS=ON',
      '-DCLVP_FUZZ=ON',
      '-DCLVP_ADDON=OFF',
    ],
  ],
  ['cmake', ['--build', out, '--parallel', String(availableParallelism())]],
  ['ctest', ['--test-dir', out, '--output-on-failure', '--verbose']],
]

try {
  checkTools()
  fetchSources()
  for (const [program, args] of steps) {
    const { status } = spawnSync(program, args, { cwd: root, stdio: 'inherit' })
    if (status !== 0) throw new Error(`${program} ${args.join(' ')} failed`)
  }
} catch (error) {
  console.error(`node-clvp: ${error.message}`)
  process.exitCode = 1
}
