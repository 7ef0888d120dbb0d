#!/usr/bin/env node
/**
 * What a model of the published size takes of memory, by its type, its parts and its job; and what happens where there is less.
 *
 *   node scripts/memory/table.mjs FOLDER|random [--types q8_0,q4_k] [--tokens 100] [--threads 1]
 *   node scripts/memory/table.mjs FOLDER|random --limit 512 ...   the same in a control group of that many MB (Linux, root)
 *
 * FOLDER holds TYPE.gguf for each type; `random` makes them of a random checkpoint of the published sizes (7 GB for a while).
 * Each job is a process of its own. A job in the limit works, or is refused by a ClvpError; "killed" would be a mistake of ours.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { convertFolder } from '../../dist/lib/index.js'
import { readRecipe, writeCheckpoint } from '../../test/helpers/checkpoint.js'

const job = fileURLToPath(new URL('job.mjs', import.meta.url))
const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    types: { type: 'string', default: 'q8_0,q4_k' },
    tokens: { type: 'string', default: '100' },
    threads: { type: 'string', default: '1' },
    limit: { type: 'string' },
    work: { type: 'string', default: tmpdir() },
  },
})
const [source] = positionals
if (source === undefined) throw new Error('which models? See the comment at the top')
const types = options.types.split(',')
const tokens = Number(options.tokens)

const jobs = [
  ['all', 'generate 1 and rank', { candidates: 1 }],
  ['all', 'generate 16 and rank', { candidates: 16 }],
  ['decoder', 'generate 1', { parts: ['decoder'], candidates: 1 }],
  ['decoder', 'generate 16, 4 at a time', { parts: ['decoder'], candidates: 16, batchSize: 4 }],
  ['decoder', 'generate 16', { parts: ['decoder'], candidates: 16 }],
  ['decoder, mapped', 'generate 16', { parts: ['decoder'], candidates: 16, mmap: true }],
  ['ranker', 'rank 16', { parts: ['ranker'] }],
]

/** A control group with a limit; run() moves a shell into it before the job starts. */
function makeGroup(megabytes) {
  const first = existsSync('/sys/fs/cgroup/memory')
  const folder = join(first ? '/sys/fs/cgroup/memory' : '/sys/fs/cgroup', `clvp-${process.pid}`)
  mkdirSync(folder)
  writeFileSync(join(folder, first ? 'memory.limit_in_bytes' : 'memory.max'), String(megabytes * 1e6))
  if (!first) writeFileSync(join(folder, 'memory.swap.max'), '0')
  return folder
}

function run(settings, group) {
  const args = [job, JSON.stringify({ threads: Number(options.threads), tokens, ...settings })]
  const shell = ['-c', 'echo $$ > "$0/cgroup.procs" && exec "$@"', group, process.execPath, ...args]
  const [program, given] = group ? ['/bin/sh', shell] : [process.execPath, args]
  const { status, signal, stdout, stderr } = spawnSync(program, given, { encoding: 'utf8' })
  if (signal === 'SIGKILL' || status === 137) return 'killed'
  if (status !== 0) throw new Error(stderr)
  const { peak, refused } = JSON.parse(stdout)
  if (refused) return `refused: ${refused}`
  return group ? `works, ${Math.round(peak / 1e6)} MB` : `${Math.round(peak / 1e6)} MB`
}

/** Random models of the published sizes. */
async function makeModels() {
  const folder = mkdtempSync(join(options.work, 'clvp-memory-'))
  writeCheckpoint(readRecipe('full'), join(folder, 'random'))
  for (const type of types)
    await convertFolder(join(folder, 'random'), join(folder, `${type}.gguf`), { type })
  rmSync(join(folder, 'random'), { recursive: true })
  return folder
}

const folder = source === 'random' ? await makeModels() : source
const group = options.limit ? makeGroup(Number(options.limit)) : undefined
try {
  console.log(`| type | loaded | job | ${group ? `in ${options.limit} MB` : 'peak memory'} |`)
  console.log('|---|---|---|---|')
  for (const type of types) {
    for (const [loaded, what, settings] of jobs) {
      const found = run({ file: join(folder, `${type}.gguf`), ...settings }, group)
      console.log(`| ${type} | ${loaded} | ${what} | ${found} |`)
      if (found === 'killed') process.exitCode = 1
    }
  }
} finally {
  if (group) rmdirSync(group)
  if (source === 'random') rmSync(folder, { recursive: true })
}
