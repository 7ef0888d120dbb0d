#!/usr/bin/env node
/**
 * Ours beside transformers on one GPU, on a random checkpoint of the published size: milliseconds a step, prefill, ranking and whole jobs, by the
 * number of candidates; and our stages of speech. Writes JSON, prints tables.
 *   node scripts/devices/gpu_bench.mjs --out FILE.json [--device cuda] [--trials 3] [--quick]
 * Each trial is a process of its own; variants take turns; medians are told. limits.json beside FILE has the GPU's limits (gpu_limits.py).
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { convertFolder, inspectModel } from '../../dist/lib/index.js'
import { readText, tokenizerOf } from '../../dist/lib/text/text.js'
import { readRecipe, writeCheckpoint } from '../../test/helpers/checkpoint.js'
import { lengths, sampling, text } from '../bench/schedule.mjs'
import { addRandomStages } from '../bench/speak.mjs'
import { median, summarise } from '../bench/steps.mjs'
import { root } from '../prebuild/tools.mjs'

const { values: options } = parseArgs({
  options: {
    out: { type: 'string' },
    device: { type: 'string', default: 'cuda' },
    trials: { type: 'string' },
    quick: { type: 'boolean', default: false },
  },
})
if (!options.out) throw new Error('Expected --out FILE.json')
const quick = options.quick
const trials = Number(options.trials ?? (quick ? 1 : 3))
const work = join(root, '.cache/gpu/bench')
const bench = (name) => join(root, 'scripts/bench', name)
const types = quick ? ['q8_0'] : ['f32', 'f16', 'q8_0']
const kinds = quick ? ['f32'] : ['f32', 'tf32', 'bf16']
const counts = quick ? [1, 4] : [1, 16, 64, 256]
const longest = (count) => (quick ? 6 : count === 1 ? 120 : 250)
const fileOf = (name) => join(work, `${name}.gguf`)

function ask(program, args) {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', maxBuffer: 1 << 26 })
  if (status !== 0) return { error: stderr.trim().split('\n').slice(-3).join(' ') }
  return JSON.parse(stdout.trim().split('\n').at(-1))
}

async function prepare() {
  const folder = join(work, 'random')
  rmSync(work, { recursive: true, force: true })
  mkdirSync(work, { recursive: true })
  writeCheckpoint(readRecipe(quick ? 'plain' : 'full'), folder)
  for (const type of types) await convertFolder(folder, fileOf(type), { type })
  if (!quick) await addRandomStages(fileOf('q8_0'), fileOf('speaking'), work)
  const { values } = await inspectModel(fileOf(types[0]))
  const info = { textVocab: 256, maxTextTokens: 401 }
  const ids = quick ? [3, 4, 5, 6] : [...readText(tokenizerOf(values, info), text, info).ids]
  return { folder, ids }
}

/** Bytes that a step of one candidate reads. */
async function stepBytesOf(type) {
  const { tensors } = await inspectModel(fileOf(type))
  const read = tensors.filter(({ name }) => name.startsWith('dec.') && !/_embd\./.test(name))
  return read.reduce((sum, { bytes }) => sum + bytes, 0)
}

function ours(type, candidates, ids) {
  const asked = {
    file: fileOf(type),
    device: options.device,
    candidates,
    longest: longest(candidates),
    threads: 0,
    ids,
  }
  return ask(process.execPath, [bench('ours.mjs'), JSON.stringify(asked)])
}

function reference(folder, ids, kind, candidates) {
  const asked = {
    ...{ folder, kind, ids, candidates, device: options.device, threads: 16, sampling },
    ...{ ends: lengths(candidates, longest(candidates)), frames: 517 },
  }
  const { moments, ...found } = ask('python3', [bench('reference.py'), JSON.stringify(asked)])
  return moments ? { ...found, ...summarise(moments, ids.length + 5) } : found
}

/** The median of each number of some trials, or the error of one. */
function medians(found) {
  const failed = found.find(({ error }) => error)
  if (failed) return failed
  const numbers = Object.keys(found[0]).filter((key) => typeof found[0][key] === 'number')
  return Object.fromEntries(numbers.map((key) => [key, median(found.map((each) => each[key]))]))
}

async function jobs({ folder, ids }) {
  const rows = [
    ...kinds.map((kind) => ({
      name: `transformers ${kind}`,
      run: (count) => reference(folder, ids, kind, count),
    })),
    ...types.map((type) => ({ name: `node-clvp ${type}`, run: (count) => ours(type, count, ids) })),
  ]
  const stepBytes = Object.fromEntries(
    await Promise.all(types.map(async (type) => [`node-clvp ${type}`, await stepBytesOf(type)])),
  )
  return counts.flatMap((candidates) => {
    const found = rows.map(() => [])
    for (let trial = 0; trial < trials; trial++)
      for (const [i, row] of rows.entries()) found[i].push(row.run(candidates))
    return rows.map(({ name }, i) => ({ name, candidates, stepBytes: stepBytes[name], ...medians(found[i]) }))
  })
}

function stages() {
  if (quick) return {}
  const asked = { file: fileOf('speaking'), device: options.device, codes: 60, threads: 0, rounds: 5 }
  return ask(process.execPath, [bench('stages_trial.mjs'), JSON.stringify(asked)])
}

function print(head, rows) {
  const lines = [head, head.map(() => '---'), ...rows]
  console.log(`\n${lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')}`)
}

const ms = (value) => (value === undefined ? '-' : value.toFixed(value < 10 ? 2 : 1))

const found = { device: options.device, trials, jobs: await jobs(await prepare()), stages: stages() }
const limitsFile = join(dirname(options.out), 'limits.json')
if (existsSync(limitsFile)) found.limits = JSON.parse(readFileSync(limitsFile, 'utf8'))
writeFileSync(options.out, `${JSON.stringify(found, null, 2)}\n`)
for (const each of found.jobs.filter(({ error }) => error))
  console.log(`${each.name}, ${each.candidates}: ${each.error}`)
print(
  [
    'candidates',
    'program',
    'prefill, ms',
    'a step, ms',
    'ranking, ms',
    'whole job, ms',
    'share of the memory limit',
    'host MB',
  ],
  found.jobs.map((each) => [
    each.candidates,
    each.name,
    ms(each.prefillMs),
    ms(each.meanStepMs),
    ms(each.scoreMs),
    ms(each.jobMs),
    shareOfLimit(each),
    each.peakBytes ? (each.peakBytes / 1e6).toFixed(0) : '-',
  ]),
)
print(
  ['stage', 'ms for 60 codes'],
  Object.entries(found.stages).map(([name, value]) => [name, typeof value === 'number' ? ms(value) : value]),
)

/** What of the GPU's bandwidth a step of one candidate takes, which reads the decoder's matrices once. */
function shareOfLimit({ candidates, stepBytes, meanStepMs }) {
  if (candidates !== 1 || !stepBytes || !meanStepMs || !found.limits) return '-'
  return `${((100 * stepBytes) / (meanStepMs / 1000) / (found.limits.readGBs * 1e9)).toFixed(0)} %`
}
