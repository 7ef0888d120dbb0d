#!/usr/bin/env node
/** Builds everything, runs the native tests and the JavaScript tests, and ends with one line that counts both. */
import { spawn, spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from './build.mjs'
import { readyLib } from './ready.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const require = createRequire(import.meta.url)

/** Runs a program, shows and returns what it prints. */
function show(program, args, env = process.env) {
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'inherit'] })
    let output = ''
    child.stdout.on('data', (data) => {
      output += data
      process.stdout.write(data)
    })
    child.on('error', (error) => {
      console.error(`node-clvp: ${error.message}`)
      resolve({ output, status: 1 })
    })
    child.on('close', (status) => resolve({ output, status }))
  })
}

function must(program, args) {
  const { status } = spawnSync(program, args, { cwd: root, stdio: ['ignore', 2, 2] })
  if (status !== 0) process.exit(status ?? 1)
}

const tap = join(dirname(require.resolve('tap/package.json')), 'dist', 'esm', 'run.mjs')

let env
try {
  env = build(['-DCLVP_TESTS=ON', '-DCLVP_EXAMPLES=ON'])
  readyLib()
} catch (error) {
  console.error(`node-clvp: ${error.message}`)
  process.exit(1)
}

console.log('# native')
const native = await show('ctest', ['--test-dir', '.build/release', '--output-on-failure', '--verbose'], env)
console.log('# javascript')
// Builds the plugins that .taprc names. Otherwise the first run after an installation uses tap's default plugins, whose TypeScript loader cannot
// resolve some packages.
must(process.execPath, [tap, 'build'])
const js = await show(process.execPath, [tap, 'run', '--reporter=tap', ...process.argv.slice(2)])

const nativeCounts = [...native.output.matchAll(/(\d+) passed, (\d+) failed/g)]
const nativeSum = (group) => nativeCounts.reduce((sum, match) => sum + Number(match[group]), 0)
const jsCount = js.output.match(/^# \{ (.*) \}$/m)?.[1] ?? ''
const count = (name) => Number(new RegExp(`\\b${name}: (\\d+)`).exec(jsCount)?.[1] ?? 0)
const passed = nativeSum(1) + count('pass')
// A run that died before it could count is a failure too.
const died =
  Number(native.status !== 0 && nativeSum(2) === 0) + Number(js.status !== 0 && count('fail') === 0)
const failed = nativeSum(2) + count('fail') + died
console.log(`${passed} passed, ${failed} failed, ${count('skip') + count('todo')} skipped`)
process.exitCode = failed > 0 ? 1 : 0
