#!/usr/bin/env node
/**
 * What a model of each type takes to run: memory, and milliseconds a step, for one candidate and for many.
 *
 *   node scripts/quantization/runs.mjs FOLDER|random [--types q8_0,q4_k_m] [--candidates 1,16] [--tokens 50] [--rounds 3]
 *        [--threads N] [--work DIR] [--write-docs NAME]
 *
 * Each run is a process of its own; the types take turns, and the medians of the rounds are printed. `random` is a random checkpoint of the
 * published sizes. All types' files lie in --work at once: 4 GB with the default types, and 3 GB more for `random`.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { readRecipe, writeCheckpoint } from '../../test/helpers/checkpoint.js'
import { writeDocs } from './page.mjs'

const cli = fileURLToPath(new URL('../../dist/lib/cli/main.js', import.meta.url))
const voice = fileURLToPath(new URL('../../demo/voice.wav', import.meta.url))
const text = 'The quick brown fox jumps over the lazy dog.'

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    types: { type: 'string', default: 'f16,q8_0,q6_k,q5_k_m,q4_k_m,q4_0' },
    candidates: { type: 'string', default: '1,16' },
    tokens: { type: 'string', default: '50' },
    rounds: { type: 'string', default: '3' },
    threads: { type: 'string' },
    work: { type: 'string', default: tmpdir() },
    'write-docs': { type: 'string' },
  },
})
const [source] = positionals
if (source === undefined) throw new Error('which checkpoint? See the comment at the top')
const threads = options.threads ? ['--threads', options.threads] : []

function clvp(...args) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...args, '--json'], {
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(stderr)
  return JSON.parse(stdout)
}

/** { step, peak } of one process: milliseconds, bytes. */
function run(file, candidates) {
  const settings = [
    '--voice',
    voice,
    '--candidates',
    candidates,
    '--max-tokens',
    options.tokens,
    '--seed',
    '1',
  ]
  const { timings } = clvp('generate', file, text, ...settings, '--timings', ...threads)
  return { step: timings.decodeMs / timings.steps, peak: timings.peakRssBytes }
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)]
}

const work = mkdtempSync(join(options.work, 'clvp-runs-'))
try {
  const folder = source === 'random' ? join(work, 'random') : source
  if (source === 'random') writeCheckpoint(readRecipe('full'), folder)
  const files = options.types.split(',').map((type) => ({ type, file: join(work, `${type}.gguf`) }))
  for (const each of files)
    each.bytes = clvp('convert', folder, each.file, '--type', each.type, ...threads).bytes
  const counts = options.candidates.split(',')
  const found = new Map()
  for (let round = 0; round < Number(options.rounds); round++) {
    for (const count of counts) {
      for (const { type, file } of files) {
        const key = `${type} ${count}`
        found.set(key, [...(found.get(key) ?? []), run(file, count)])
      }
    }
    console.error(`round ${round + 1} of ${options.rounds}`)
  }
  const cell = (runs) =>
    `${median(runs.map(({ step }) => step)).toFixed(1)} ms | ${(median(runs.map(({ peak }) => peak)) / 1e6).toFixed(0)} MB`
  const heading = ['type', 'MB', ...counts.flatMap((n) => [`step of ${n}`, `peak memory, ${n}`])]
  const rows = files.map(
    ({ type, bytes }) =>
      `| \`${type}\` | ${(bytes / 1e6).toFixed(0)} | ${counts.map((n) => cell(found.get(`${type} ${n}`))).join(' | ')} |`,
  )
  const table = [`| ${heading.join(' | ')} |`, `|${' --- |'.repeat(heading.length)}`, ...rows].join('\n')
  console.log(table)
  if (options['write-docs']) writeDocs(options['write-docs'], table)
} finally {
  rmSync(work, { recursive: true })
}
