#!/usr/bin/env node
/**
 * Rows a second of `clvp batch`: a plain loop over the API, one process, and two processes that share a run.
 *
 * node scripts/bench/batch.mjs [--model M] [--rows N] [--task NAME ...]   the table of docs/batch.md; the default model is the demo
 * node scripts/bench/batch.mjs --memory ROWS                              peak memory of embedding so many rows
 * node scripts/bench/batch.mjs --parquet MB                               peak memory of reading a Parquet file of so many megabytes
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { fileWriter, ParquetWriter } from 'hyparquet-writer'
import { openInput } from '../../dist/lib/batch/input/input.js'
import { Clvp } from '../../dist/lib/index.js'

const main = fileURLToPath(new URL('../../dist/lib/cli/main.js', import.meta.url))
const { values } = parseArgs({
  options: {
    model: { type: 'string', default: 'demo' },
    rows: { type: 'string', default: '200' },
    task: { type: 'string', multiple: true, default: ['score', 'generate'] },
    memory: { type: 'string' },
    parquet: { type: 'string' },
    read: { type: 'string' },
  },
})
const folder = mkdtempSync(join(tmpdir(), 'clvp-bench-'))
const at = (...names) => join(folder, ...names)
const sentences = [
  'The red apple is in the kitchen.',
  'Good morning Anna.',
  'We saw nine dogs near the old house.',
  'My brother works late on Monday.',
]
const rowOf = (i) => ({ id: `r${i}`, text: sentences[i % 4], audio: Clvp.demoVoice })
const flags = { score: [], generate: ['-n', '4'], speak: ['-n', '4', '--retries', '0'] }

const programs = {
  score: (clvp, { text, audio }) => clvp.score(text, audio),
  generate: (clvp, { text }, voice, seed) => clvp.generate(text, { voice, candidates: 4, seed }),
  speak: (clvp, { text }, voice, seed) => clvp.speak(text, { voice, candidates: 4, seed, retries: 0 }),
}

async function loop(task, count) {
  const clvp = await Clvp.load(values.model === 'demo' ? Clvp.demo : values.model)
  const voice = await clvp.voice(Clvp.demoVoice)
  await programs[task](clvp, rowOf(0), voice, 0)
  const started = performance.now()
  for (let i = 0; i < count; i++) await programs[task](clvp, rowOf(i), voice, i)
  const rate = count / ((performance.now() - started) / 1000)
  await clvp.dispose()
  return rate
}

/** Rows a second of processes that share a run, as they report them: without loading. */
async function processes(task, number, out, input = at('in.jsonl'), more = []) {
  const voice = task === 'score' || task === 'embed' ? [] : ['--voice', Clvp.demoVoice]
  const args = [
    'batch',
    task,
    input,
    '-o',
    at(out),
    '--model',
    values.model,
    '--seed',
    '1',
    '--json',
    ...more,
  ]
  const children = Array.from({ length: number }, () =>
    spawn('/usr/bin/time', ['-f', '%M', process.execPath, main, ...args, ...voice, ...(flags[task] ?? [])], {
      stdio: ['ignore', 'pipe', 'pipe'],
    }),
  )
  const made = await Promise.all(
    children.map(async (child) => {
      let [stdout, stderr] = ['', '']
      child.stdout.on('data', (data) => {
        stdout += data
      })
      child.stderr.on('data', (data) => {
        stderr += data
      })
      await once(child, 'close')
      if (stdout === '') throw new Error(stderr)
      return { ...JSON.parse(stdout), peak: Number(stderr.trim().split('\n').at(-1)) / 1024 }
    }),
  )
  return {
    rate: made[0].rows / Math.max(...made.map(({ seconds }) => seconds)),
    peak: Math.max(...made.map(({ peak }) => peak)),
  }
}

async function speed() {
  const count = Number(values.rows)
  writeFileSync(
    at('in.jsonl'),
    Array.from({ length: count }, (_, i) => `${JSON.stringify(rowOf(i))}\n`).join(''),
  )
  const shards = ['--shard-rows', '32']
  console.log('| task | plain loop | one process | factor | two processes |\n|---|---|---|---|---|')
  for (const task of values.task) {
    const plain = await loop(task, count)
    const one = await processes(task, 1, `${task}-1`, undefined, shards)
    const two = await processes(task, 2, `${task}-2`, undefined, shards)
    const cells = [plain.toFixed(1), one.rate.toFixed(1), (one.rate / plain).toFixed(2), two.rate.toFixed(1)]
    console.log(`| ${task} | ${cells.join(' | ')} |`)
  }
}

async function memory(count) {
  const file = createWriteStream(at('many.jsonl'))
  for (let i = 0; i < count; i++) {
    if (!file.write(`${JSON.stringify({ id: i, text: sentences[i % 4] })}\n`)) await once(file, 'drain')
  }
  file.end()
  await once(file, 'close')
  const { rate, peak } = await processes('embed', 1, 'memory', at('many.jsonl'))
  console.log(`${count} rows: ${rate.toFixed(0)} rows/s, peak ${peak.toFixed(0)} MiB`)
}

/** Rows with a recording each. */
async function parquet(megabytes) {
  const path = at('large.parquet')
  const schema = [
    { name: 'root', num_children: 3 },
    { name: 'id', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'REQUIRED' },
    { name: 'text', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'REQUIRED' },
    { name: 'audio', type: 'BYTE_ARRAY', repetition_type: 'REQUIRED' },
  ]
  const writer = new ParquetWriter({
    writer: fileWriter(path),
    schema,
    codec: 'UNCOMPRESSED',
    statistics: false,
  })
  const clip = new Uint8Array(readFileSync(Clvp.demoVoice))
  const rows = Math.ceil((megabytes * 1e6) / clip.length)
  const group = 100
  for (let i = 0; i < rows; i += group) {
    const ids = Array.from({ length: Math.min(group, rows - i) }, (_, j) => `r${i + j}`)
    const columnData = [
      { name: 'id', data: ids },
      { name: 'text', data: ids.map((_, j) => sentences[j % 4]) },
      { name: 'audio', data: ids.map((_, j) => clip.slice(0, clip.length - (j % 100))), encoding: 'PLAIN' },
    ]
    writer.write({ columnData, rowGroupSize: group })
  }
  writer.finish()
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), '--read', path], {
    stdio: 'inherit',
  })
  await once(child, 'close')
}

/** In a process of its own, whose memory is the reader's. */
async function read(path) {
  const started = performance.now()
  const input = await openInput(path, { every: 64, columns: ['id', 'text', 'audio'] })
  let [rows, bytes] = [0, 0]
  for (let first = 0; first < input.identity.rows; first += 64) {
    for await (const { fields } of input.rows(first, 64)) {
      rows++
      bytes += fields.audio.length
    }
  }
  await input.close()
  const seconds = (performance.now() - started) / 1000
  const peak = process.resourceUsage().maxRSS / 1024
  console.log(
    `${rows} rows, ${(bytes / 1e6).toFixed(0)} MB: ${seconds.toFixed(1)} s, peak ${peak.toFixed(0)} MiB`,
  )
}

try {
  if (values.read !== undefined) await read(values.read)
  else if (values.memory !== undefined) await memory(Number(values.memory))
  else if (values.parquet !== undefined) await parquet(Number(values.parquet))
  else await speed()
} finally {
  rmSync(folder, { recursive: true, force: true })
}
