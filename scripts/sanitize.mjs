#!/usr/bin/env node
/**
 * AddressSanitizer and UndefinedBehaviorSanitizer.
 *   npm run sanitize                        builds the core, its native tests and its fuzzers with them, and runs these
 *   npm run sanitize -- --js [TEST ...]     builds the addon with them, and runs the JavaScript tests on it (default: all), which takes an
 *                                           hour on two cores; Linux with GCC. What Node leaves behind at its end is not looked at.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { availableParallelism } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { checkTools } from './build.mjs'
import { fetchSources } from './fetch.mjs'
import { addonSettings } from './prebuild/tools.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const { values, positionals } = parseArgs({ allowPositionals: true, options: { js: { type: 'boolean' } } })
const ninja = spawnSync('ninja', ['--version'], { stdio: 'ignore' }).error ? [] : ['-G', 'Ninja']

function run(program, args, env = {}) {
  const { status, signal } = spawnSync(program, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...env },
  })
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} failed (${signal ?? status})`)
}

function build(out, settings, ...targets) {
  run('cmake', ['-S', '.', '-B', out, ...ninja, '-DCLVP_SANITIZE=ON', ...settings])
  const only = targets.length > 0 ? ['--target', ...targets] : []
  run('cmake', ['--build', out, '--parallel', String(availableParallelism()), ...only])
}

function checkNative() {
  const out = '.build/sanitize'
  build(out, ['-DCLVP_TESTS=ON', '-DCLVP_FUZZ=ON', '-DCLVP_ADDON=OFF'])
  run('ctest', ['--test-dir', out, '--output-on-failure', '--verbose'])
}

/** Tests that measure memory, of which a sanitizer takes a lot, and one that looks for other addons than the one that is tested. */
const unfit = ['memory', 'bombs', 'free-memory', 'max-memory', 'full-disk', 'dispose', 'doctor']

function checkJavaScript() {
  const out = join(root, '.build/sanitize-js')
  const require = createRequire(import.meta.url)
  mkdirSync(out, { recursive: true })
  build(join(out, 'objects'), addonSettings(join(out, 'build/Release')), 'clvp_addon')
  const runtime = (name) =>
    spawnSync('gcc', [`-print-file-name=lib${name}.so`], { encoding: 'utf8' }).stdout.trim()
  const env = {
    LD_PRELOAD: `${runtime('asan')} ${runtime('ubsan')}`,
    ASAN_OPTIONS: 'detect_leaks=0:abort_on_error=1',
    NODE_CLVP_PREBUILD: out, // node-gyp-build takes the addon from there
  }
  const all = readdirSync(join(root, 'test')).filter((name) => name.endsWith('.test.js'))
  const fit = all.filter((name) => !unfit.includes(name.replace('.test.js', '')))
  const tests = positionals.length > 0 ? positionals : fit.map((name) => `test/${name}`)
  const tap = join(dirname(require.resolve('tap/package.json')), 'dist/esm/run.mjs')
  run(process.execPath, [tap, 'run', '--reporter=terse', '--timeout=900', ...tests], env)
}

try {
  checkTools()
  fetchSources()
  if (values.js) checkJavaScript()
  else checkNative()
} catch (error) {
  console.error(`node-clvp: ${error.message}`)
  process.exitCode = 1
}
