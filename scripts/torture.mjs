#!/usr/bin/env node
/**
 * The long versions of what the tests try in passing, threat by threat: `npm run torture`.
 *   --report       the table as Markdown, behind all else
 *   --only WORDS   rows whose threat has one of these words, with commas
 *   --runs N       inputs for each fuzzer (default 100000)
 * Each test is a process of its own, so that a death is seen and counted. Ends with status 1 if anything failed or died.
 */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { testFiles } from './test_files.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const { values: options } = parseArgs({
  options: {
    report: { type: 'boolean' },
    only: { type: 'string' },
    runs: { type: 'string', default: '100000' },
  },
})

const test = (...names) =>
  names.flatMap((name) => testFiles(name).map((file) => [process.execPath, '--expose-gc', file]))
const script = (name, ...args) => [process.execPath, `scripts/${name}.mjs`, ...args]
/** Those of the native tests whose names have one of these words. */
const native = (...words) => ['.build/sanitize/clvp_tests', ...words]
const threads = (...words) => ['.build/thread/clvp_tests', ...words]

/** A threat, what is to hold, and what tries it: tests, scripts, the native tests under sanitizers (`npm run sanitize` and `-- --threads` build them). */
const rows = [
  {
    threat: 'GGUF header, key and tensor attacks',
    goal: '>= 120 named files, all CLVP_MODEL_FORMAT',
    by: [...test('hostile-files', 'hostile-speech', 'bad-model'), native('gguf')],
  },
  {
    threat: 'unknown faults of native parsers',
    goal: 'no death',
    by: [script('fuzz', '--runs', options.runs)],
  },
  {
    threat: 'unknown faults of parsers in TypeScript',
    goal: 'no death, no foreign error',
    by: [script('fuzz_readers', '--runs', options.runs)],
  },
  { threat: 'truncation, bit flips', goal: 'an error or finite output', by: test('bad-model', 'verify') },
  { threat: 'bombs', goal: 'refused within 1 s and 64 MiB', by: test('bombs') },
  {
    threat: 'wrong shape, type, key',
    goal: 'the error names it',
    by: test('hostile-files', 'hostile-speech', 'hostile-stages', 'convert-tensors', 'convert-config'),
  },
  {
    threat: 'arguments',
    goal: '>= 2,000 calls, no death',
    by: test(
      'fuzz-api',
      'bad-input',
      'tokenizer-bad-input',
      'model-bad-input',
      'speak-bad-input',
      'stages-bad-input',
    ),
  },
  { threat: 'typed arrays', goal: 'as a plain copy', by: test('typed-arrays', 'tensors-taken') },
  { threat: 'options objects', goal: 'own properties, each read once', by: test('bad-input', 'fuzz-api') },
  {
    threat: 'NaN in weights or logits',
    goal: 'reported',
    by: [...test('bad-model', 'convert-nan', 'parity-sampler'), native('draws', 'stops', 'suppressed')],
  },
  {
    threat: 'torch checkpoints',
    goal: '>= 60 pickles, >= 30 zips refused',
    by: test('convert-torch-pickle', 'convert-torch-zip'),
  },
  { threat: 'safetensors', goal: '>= 40 files refused', by: test('convert-safetensors', 'convert-index') },
  {
    threat: 'worker_threads',
    goal: '100 of 100 in each mode',
    by: test('worker-threads', 'worker-threads-ended'),
  },
  { threat: 'exit during work', goal: 'no signal of our making, <= 2 s', by: test('exit') },
  {
    threat: 'races of dispose and abort',
    goal: 'each promise settles once, <= one step + 50 ms, the next result unchanged',
    by: [...test('races', 'abort', 'dispose'), native('sessions', 'aborts'), threads('sessions', 'aborts')],
  },
  { threat: 'event loop', goal: 'p99 <= 20 ms', by: test('concurrent') },
  { threat: 'concurrency', goal: '64 calls as in turn; CLVP_BUSY', by: test('concurrent', 'busy') },
  {
    threat: 'calls of one model that fail, hang or abort',
    goal: 'each ends alone; 30 schedules of 200 calls as alone',
    by: test(
      ...[
        'schedule',
        'speech-schedule',
        'speech-beside',
        'hooks',
        'hang',
        'own-model',
        'abort',
        'dispose',
      ].map((name) => `isolation/${name}`),
    ),
  },
  { threat: 'leaks', goal: '<= 1 KiB a load', by: test('dispose') },
  {
    threat: 'files written',
    goal: 'the old or the whole new one, the same bytes',
    by: test('kill', 'full-disk', 'convert-abort', 'convert-same-file', 'convert-shards'),
  },
  { threat: 'a model in use that is cut', goal: 'plain reading does not notice', by: test('mmap') },
  {
    threat: 'allocations, reads and writes that fail',
    goal: 'an error of the right code, nothing left behind, the next try works',
    by: [script('faults', '--all'), ...test('file-faults')],
  },
  { threat: 'process isolation', goal: 'CLVP_DEVICE, then a new child', by: test('isolate') },
]

/** Runs a program to its end; its output, and how it ended. */
function run([program, ...args]) {
  const env = { ...process.env, CLVP_TORTURE: '1', TAP_TIMEOUT: '3600' }
  return new Promise((settle, reject) => {
    // The native tests leave their files where they run.
    const cwd = program.startsWith('.build') ? join(root, dirname(program)) : root
    const child = spawn(resolve(root, program), args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
    let text = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (data) => {
        text += data
      })
    }
    child.on('error', reject)
    child.on('close', (status, signal) => settle({ text, status, signal }))
  })
}

/** What an output says: checks of TAP or of the native tests, inputs of fuzzers, and figures held against their goals. */
function read(text) {
  const count = (pattern) => [...text.matchAll(pattern)].length
  const sum = (pattern) => [...text.matchAll(pattern)].reduce((total, [, n]) => total + Number(n), 0)
  const figures = [...text.matchAll(/figure: (.+): (\S+) (.+), goal (\S+)/g)].map(
    ([, what, value, unit, goal]) => ({
      text: `${what} ${Number(value)} ${unit}`,
      missed: Number(value) > Number(goal),
    }),
  )
  return {
    // A subtest's own line has its time; what is left are the checks in it.
    passed:
      count(/^ +ok \d+(?!.*# time=)/gm) +
      sum(/^(\d+) passed, \d+ failed/gm) +
      sum(/^(?:.*: )?(\d+) inputs/gm) +
      sum(/^ *# (\d+) calls/gm),
    failed: count(/^ +not ok \d+(?!.*# time=)/gm) + sum(/^\d+ passed, (\d+) failed/gm),
    figures,
  }
}

/** Of several rows, the same test runs once. */
const ended = new Map()
function runOnce(command) {
  const key = command.join(' ')
  if (!ended.has(key)) ended.set(key, run(command))
  return ended.get(key)
}

async function tryRow({ by }) {
  const started = performance.now()
  const found = { passed: 0, failed: 0, deaths: 0, figures: [], trouble: '' }
  for (const command of by) {
    if (command[0].startsWith('.') && !existsSync(join(root, command[0])))
      throw new Error(`${command[0]} is not there: npm run sanitize builds it, with -- --threads the other`)
    const { text, status, signal } = await runOnce(command)
    const { passed, failed, figures } = read(text)
    found.passed += passed
    found.failed += failed
    found.figures.push(...figures)
    if (signal) found.deaths++
    if (signal || status !== 0) {
      found.failed ||= 1
      found.trouble += `${command.slice(1).join(' ')}: ${signal ?? `status ${status}`}\n${text.slice(-3000)}\n`
    }
  }
  return { ...found, seconds: (performance.now() - started) / 1000 }
}

function line({ threat, goal }, { passed, failed, deaths, figures, seconds }) {
  const marked = figures.map(({ text, missed }) => (missed ? `**${text}**` : text)).join('; ')
  const lost = failed > 0 ? `**${failed}**` : '0'
  return `| ${threat} | ${goal} | ${passed + failed} | ${lost} | ${deaths} | ${marked} | ${seconds.toFixed(0)} s |`
}

const wanted = options.only?.toLowerCase().split(',')
const lines = [
  '| threat | to hold | checks | lost | deaths | figures | took |',
  '|---|---|---|---|---|---|---|',
]
let total = 0
for (const row of rows) {
  if (wanted && !wanted.some((word) => row.threat.toLowerCase().includes(word))) continue
  console.log(`== ${row.threat}`)
  const found = await tryRow(row)
  const { passed, failed, deaths, seconds } = found
  console.log(`   ${passed} passed, ${failed} failed, ${deaths} deaths (${seconds.toFixed(0)} s)`)
  for (const { text, missed } of found.figures) console.log(`   ${text}${missed ? ', above the goal' : ''}`)
  if (found.trouble) console.log(found.trouble)
  lines.push(line(row, found))
  total += failed
}
if (options.report) console.log(`\n${lines.join('\n')}`)
console.log(total === 0 ? '\nNothing was lost.' : `\n${total} lost.`)
process.exitCode = total === 0 ? 0 : 1
