#!/usr/bin/env node
/**
 * Fuzzes the native readers, with AddressSanitizer and UndefinedBehaviorSanitizer.
 *   npm run fuzz -- [--runs 100000] [--only gguf,audio,model] [--seconds N]
 * With clang++ on the PATH it is libFuzzer, which finds its way by what the bytes reach, and keeps what it found in .cache/fuzz for the next
 * time; else the driver in test/fuzz changes the seeds at random. What ends the process is left in .cache/fuzz, as crash-*.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { build, main, root, run } from './cmake.mjs'

const { values: options } = parseArgs({
  options: {
    runs: { type: 'string', default: '100000' },
    only: { type: 'string', default: 'gguf,audio,model' },
    seconds: { type: 'string' },
  },
})
const targets = options.only.split(',')
const clang = spawnSync('clang++', ['--version'], { stdio: 'ignore' }).status === 0
const out = join(root, '.build', clang ? 'fuzz-clang' : 'sanitize') // where `npm run sanitize` has built them
const cache = join(root, '.cache/fuzz')

function fuzz(name) {
  const program = join(out, 'fuzz', `fuzz_${name}`)
  const corpus = join(cache, name)
  mkdirSync(corpus, { recursive: true })
  console.log(`\n== ${name}: ${options.runs} inputs, by ${clang ? 'libFuzzer' : 'the driver'}`)
  if (!clang) return run(program, [`-runs=${options.runs}`], { cwd: cache })
  run(program, [], { cwd: cache, env: { ...process.env, CLVP_SEEDS: corpus } })
  const limits = [
    `-runs=${options.runs}`,
    '-timeout=20',
    '-rss_limit_mb=4096',
    '-print_final_stats=1',
    '-verbosity=0',
    '-print_funcs=0',
  ]
  if (options.seconds) limits.push(`-max_total_time=${options.seconds}`)
  run(program, [...limits, corpus], { cwd: cache })
}

main(() => {
  const compilers = clang ? ['-DCMAKE_C_COMPILER=clang', '-DCMAKE_CXX_COMPILER=clang++'] : []
  const settings = ['-DCLVP_SANITIZE=ON', '-DCLVP_FUZZ=ON', ...compilers]
  build(out, settings, ...targets.map((name) => `fuzz_${name}`))
  for (const name of targets) fuzz(name)
})
