#!/usr/bin/env node
/**
 * Do the committed tests catch a single broken place? Breaks one after the other in a copy of the tree, builds, and runs the
 * native tests and those of parity, the model classes, hostile files and the stages of speech until one fails. Ends with 1 if a broken place passes.
 *
 *   npm run mutation [-- --only WORDS]   those that have one of the words, with commas
 *
 * The copy is .cache/mutation; it is built once and then changed file by file.
 */
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { mutations } from './mutations.mjs'

const root = fileURLToPath(new URL('../..', import.meta.url))
const copy = join(root, '.cache', 'mutation')

const { values: options } = parseArgs({ options: { only: { type: 'string' } } })

function run(program, args) {
  const { status, stdout, stderr } = spawnSync(program, args, {
    cwd: copy,
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  })
  return { passed: status === 0, said: `${stdout}${stderr}` }
}

/** Every file that git knows or would add, newer ones over older ones: what has not changed is not built again. */
function copyTree() {
  const listed = spawnSync('git', ['ls-files', '-co', '--exclude-standard', '-z'], {
    cwd: root,
    encoding: 'utf8',
  })
  for (const name of listed.stdout.split('\0').filter(Boolean)) {
    const [from, to] = [join(root, name), join(copy, name)]
    if (existsSync(to) && readFileSync(to).equals(readFileSync(from))) continue
    mkdirSync(dirname(to), { recursive: true })
    cpSync(from, to)
  }
  for (const name of ['node_modules', 'third_party']) {
    if (!existsSync(join(copy, name))) symlinkSync(join(root, name), join(copy, name), 'dir')
  }
}

const build = {
  native: () => run(process.execPath, ['scripts/build.mjs', '--', '-DCLVP_TESTS=ON']),
  lib: () => run(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.json']),
}

const tap = (...files) =>
  run(process.execPath, [
    ...['node_modules/tap/dist/esm/run.mjs', 'run', '--bail', '--reporter=tap'],
    ...files.map((file) => `test/${file}.test.js`),
  ])

/** The fastest first. */
const suites = {
  native: () => run('.build/release/clvp_tests', []),
  lib: () =>
    tap(
      ...['transformers/parity-models', 'transformers/model-options'],
      ...['session/parity-score', 'session/parity-greedy', 'session/parity-conditioning'],
      ...['hostile/hostile-files', 'quantize/convert-safetensors', 'quantize/convert-tortoise'],
      ...['quantize/convert-torch-pickle', 'quantize/convert-torch-zip'],
    ),
  speech: () =>
    tap(
      ...['speech/tortoise-end', 'speech/parity-hifigan', 'speech/parity-random', 'speech/parity-vocoder'],
      ...['speech/parity-samplers', 'speech/parity-diffusion', 'speech/parity-diffusion-voice'],
    ),
  faults: () => tap('base/file-faults'), // a minute
}

/** The first test that fails, or undefined if all pass. */
function firstFailure() {
  for (const [name, suite] of Object.entries(suites)) {
    const { passed, said } = suite()
    if (passed) continue
    const line = said.split('\n').find((each) => /^\s*not ok|^Bail out!/.test(each))
    return `${name}: ${line?.trim() ?? 'ended'}`
  }
  return undefined
}

function must(built) {
  if (!built.passed) throw new Error(built.said.slice(-2000))
}

function tryMutation({ what, file, from, to }) {
  const path = join(copy, file)
  const sound = readFileSync(path, 'utf8')
  if (sound.split(from).length !== 2) throw new Error(`${file} has not exactly one place for: ${what}`)
  writeFileSync(
    path,
    sound.replace(from, () => to),
  )
  try {
    // Both, as what was broken before must be mended too.
    const failed = Object.values(build)
      .map((each) => each())
      .find(({ passed }) => !passed)
    // No test has seen it: another broken place must be found.
    if (failed) return { verdict: 'UNBUILT', why: failed.said.trim().split('\n').at(-1) }
    const failure = firstFailure()
    return failure ? { verdict: 'caught', why: failure } : { verdict: 'MISSED', why: file }
  } finally {
    writeFileSync(path, sound)
  }
}

copyTree()
must(build.native())
must(build.lib())
const before = firstFailure()
if (before) throw new Error(`The tests fail before anything is broken: ${before}`)

const words = options.only?.split(',')
const wanted = mutations.filter(({ what }) => !words || words.some((word) => what.includes(word)))
let uncaught = 0
for (const mutation of wanted) {
  const { verdict, why } = tryMutation(mutation)
  if (verdict !== 'caught') uncaught++
  console.log(`${verdict}  ${mutation.what}\n        ${why}`)
}
must(build.native())
must(build.lib())
console.log(`${wanted.length} places broken, ${wanted.length - uncaught} caught, ${uncaught} not`)
process.exitCode = uncaught > 0 ? 1 : 0
