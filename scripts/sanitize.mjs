#!/usr/bin/env node
/**
 * AddressSanitizer with LeakSanitizer, UndefinedBehaviorSanitizer, ThreadSanitizer.
 *   npm run sanitize                        the native tests and the fuzzers, for some seconds, with the first three
 *   npm run sanitize -- --threads [WORD ...]   the native tests with ThreadSanitizer, or those whose names have one of the words
 *   npm run sanitize -- --js [NAME ...]     the tests of these names on an addon with the first three (default: all, which takes half an hour on two
 *                                           cores); Linux with GCC
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { addonSettings } from './build.mjs'
import { build, main, root, run } from './cmake.mjs'
import { testFiles } from './test_files.mjs'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { js: { type: 'boolean' }, threads: { type: 'boolean' } },
})
const out = join(root, '.build', values.threads ? 'thread' : 'sanitize')
const settings = [`-DCLVP_SANITIZE=${values.threads ? 'thread' : 'ON'}`, '-DCLVP_TESTS=ON']
if (!values.threads) settings.push('-DCLVP_FUZZ=ON', ...addonSettings(join(out, 'build/Release')))

function checkNative() {
  const fuzzers = values.threads ? [] : ['fuzz_gguf', 'fuzz_audio', 'fuzz_model']
  const env = build(out, settings, 'clvp_tests', ...fuzzers)
  // ThreadSanitizer is slow, and all sets of kernels go through the same operations: one set is enough.
  if (values.threads) run(join(out, 'clvp_tests'), positionals, { cwd: out })
  else run('ctest', ['--test-dir', out, '--output-on-failure', '--verbose'], { env })
}

/** Tests that measure memory, of which a sanitizer takes a lot, and one that looks for other addons than the one that is tested. */
const unfit = ['memory', 'bombs', 'free-memory', 'max-memory', 'full-disk', 'session/dispose', 'doctor']

/**
 * Node frees what a pending promise has natively when it is settled. A worker that is terminated cannot settle any: 8 bytes for each call
 * that it was waiting for stay.
 */
const nodesOwn = ['napi_create_promise']

/** Whether it was our code that allocated, and not V8's or Node's, which leave their own heap behind when an error or process.exit() ends them. */
function isOurs(leak) {
  const frames = leak.split('\n').filter((line) => /^ +#\d/.test(line))
  const caller = frames.find(
    (frame) => /v8::|node::|Builtins_|clvp\.node/.test(frame) || frame.includes(root),
  )
  return caller !== undefined && (caller.includes('clvp.node') || caller.includes(root))
}

/** The leaks in the sanitizer's reports that are ours. */
function leaksOfOurs(folder) {
  const texts = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'))
  const leaks = texts.flatMap((text) => text.split('\n\n').filter((part) => part.includes(' leak of ')))
  const led = leaks.filter(isOurs)
  const ours = led.filter((leak) => !nodesOwn.some((name) => leak.includes(` in ${name} `)))
  const counts = `${leaks.length - led.length} of Node's heap, ${led.length - ours.length} of pending promises`
  console.log(`LeakSanitizer: ${texts.length} reports; leaks: ${counts}, ${ours.length} of ours`)
  return ours
}

function checkJavaScript() {
  const require = createRequire(import.meta.url)
  build(out, settings, 'clvp_addon')
  const runtime = (name) =>
    spawnSync('gcc', [`-print-file-name=lib${name}.so`], { encoding: 'utf8' }).stdout.trim()
  const reports = join(out, 'reports')
  rmSync(reports, { recursive: true, force: true })
  mkdirSync(reports, { recursive: true })
  // A fault in memory aborts; a leak is only reported, at the end of each process.
  const asan = `abort_on_error=1:exitcode=0:detect_leaks=1:malloc_context_size=60:log_path=${reports}/report`
  const env = {
    ...process.env,
    LD_PRELOAD: `${runtime('asan')} ${runtime('ubsan')}`,
    ASAN_OPTIONS: asan,
    NODE_CLVP_PREBUILD: out, // node-gyp-build takes the addon from there
  }
  spawnSync(process.execPath, ['-e', 'throw 1'], { env, stdio: 'ignore' }) // leaves V8's heap behind
  if (readdirSync(reports).length === 0) throw new Error('LeakSanitizer does not report what Node leaves')
  const fit = testFiles().filter((file) => !unfit.some((name) => file.endsWith(`/${name}.test.js`)))
  const tests = positionals.length > 0 ? positionals.flatMap((name) => testFiles(name)) : fit
  const tap = join(dirname(require.resolve('tap/package.json')), 'dist/esm/run.mjs')
  const reporter = process.stdout.isTTY ? 'terse' : 'tap' // which torture.mjs counts
  const args = [tap, 'run', `--reporter=${reporter}`, '--timeout=900', ...tests]
  const { status, signal } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit', env })
  const leaks = leaksOfOurs(reports)
  if (leaks.length > 0) throw new Error(`${leaks.length} leaks of ours:\n${leaks.join('\n\n')}`)
  if (status !== 0) throw new Error(`the tests failed (${signal ?? status})`)
}

main(() => {
  if (values.js) checkJavaScript()
  else checkNative()
})
