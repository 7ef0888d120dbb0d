#!/usr/bin/env node
/**
 * `npm run bench`: ours beside transformers on a random checkpoint of the published size, and both beside the machine's limits.
 *
 *   npm run bench -- [--trials 3] [--quick] [--only PART,PART] [--variants NAME,NAME] [--threads N] [--python PATH] [--fresh]
 *        [--model FILE] [--package DIR] [--voices DIR] [--tortoise PATH] [--write-docs]
 *
 * Parts: limits (memory bandwidth, plain GEMM), native (step against its products and GGML's own), jobs (transformers and ours, 1 and 16
 * candidates), requests (64 at once against 64 in turn), growth (a step by candidates and positions, a prefill by the text's length),
 * memory (the estimate against the peak), latency (a small call alone, behind a large one and among others: --model, by default the demo
 * model; --package names another checkout, built, to take turns with), busy (one call on a quiet machine, on a busy one and with the time of
 * one CPU), speak (text to sound by both ways, stage by stage; --voices names the folder of tortoise's voices, of which the first is taken in place
 * of the demo voice), stages (latents to sound). The last two are measured beside tortoise-tts' own classes: --tortoise names a Python that has
 * them, or one is made. Each trial is a process of its own; variants take turns; medians are told, of 3 trials or 5 (latency, busy). Latency,
 * speak and stages measure what is built; all else builds first.
 * --quick does little of everything: it shows that all works, its figures mean nothing. The checkpoint and the model files, 8 GB,
 * stay in .cache/bench; --fresh makes them anew, which a change of the converter calls for. --write-docs writes docs/benchmarks/.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { Clvp, convertFolder, inspectModel } from '../../dist/lib/index.js'
import { readText, tokenizerOf } from '../../dist/lib/text/text.js'
import { readRecipe, writeCheckpoint } from '../../test/helpers/checkpoint.js'
import { preparePython } from '../parity/tortoise_venv.mjs'
import { measureBusy } from './busy.mjs'
import { measureLatency } from './latency.mjs'
import { describeMachine } from './machine.mjs'
import { findPython } from './python.mjs'
import { report } from './report.mjs'
import { lengths, sampling, text } from './schedule.mjs'
import { addRandomStages, measureSpeak } from './speak.mjs'
import { measureStages } from './stages.mjs'
import { median, summarise } from './steps.mjs'

const root = fileURLToPath(new URL('../..', import.meta.url))
const here = join(root, 'scripts/bench')
const cache = join(root, '.cache/bench')
const parts = [
  ...['limits', 'native', 'jobs', 'requests', 'growth', 'memory', 'latency', 'busy', 'speak', 'stages'],
]
/** Parts that measure what is built. */
const asBuilt = ['latency', 'speak', 'stages']
const references = { 'transformers f32': 'f32', 'transformers int8': 'int8' }
const types = ['f32', 'f16', 'q8_0', 'q4_k_m']

const { values: options } = parseArgs({
  options: {
    trials: { type: 'string' },
    quick: { type: 'boolean', default: false },
    only: { type: 'string', default: parts.join(',') },
    variants: { type: 'string', default: [...Object.keys(references), ...types].join(',') },
    threads: { type: 'string' },
    python: { type: 'string' },
    tortoise: { type: 'string' },
    model: { type: 'string' },
    package: { type: 'string' },
    voices: { type: 'string' },
    fresh: { type: 'boolean', default: false },
    'write-docs': { type: 'boolean', default: false },
  },
})

/** What is measured: as asked for, or little of it. */
const plan = {
  trials: Number(options.trials ?? (options.quick ? 1 : 3)),
  threads: Number(options.threads ?? 0),
  longest: options.quick ? { 1: 24, 16: 8 } : { 1: 120, 16: 250 },
  requests: options.quick ? { count: 4, codes: 4 } : { count: 64, codes: 32 },
  cached: options.quick ? 40 : 100,
  rounds: options.quick ? 3 : 21,
  latency: {
    other: options.package,
    file: options.model,
    trials: Number(options.trials ?? (options.quick ? 1 : 5)),
    quick: options.quick,
  },
  busy: {
    trials: Number(options.trials ?? (options.quick ? 1 : 5)),
    calls: [
      { candidates: 1, longest: options.quick ? 8 : 60 },
      { candidates: 16, longest: options.quick ? 4 : 20 },
    ],
  },
  stages: options.quick ? { codes: 10, rounds: 1 } : { codes: 60, rounds: 3 },
  speak: options.quick ? { candidates: 2, codes: 6, steps: 2 } : { candidates: 16, codes: 60, steps: 80 },
  variants: options.variants.split(','),
  has: (part) => options.only.split(',').includes(part),
}

// --- processes -------------------------------------------------------------------------------------------------------

/** Runs a program that prints one line of JSON. */
function ask(program, args) {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', maxBuffer: 1 << 26 })
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} ended with status ${status}\n${stderr}`)
  return JSON.parse(stdout.trim().split('\n').at(-1))
}

const started = Date.now()
function say(what) {
  console.error(`${String(Math.round((Date.now() - started) / 1000)).padStart(5)} s  ${what}`)
}

// --- what is measured on --------------------------------------------------------------------------------------------

async function prepare() {
  const folder = join(cache, 'random')
  if (options.fresh) rmSync(cache, { recursive: true, force: true })
  mkdirSync(cache, { recursive: true })
  if (!existsSync(folder)) {
    say('writing the checkpoint')
    writeCheckpoint(readRecipe('full'), `${folder}.part`)
    renameSync(`${folder}.part`, folder)
  }
  const needsVariants = plan.has('native') || plan.has('jobs')
  const wanted = types.filter((type) => type === 'q8_0' || (needsVariants && plan.variants.includes(type)))
  for (const type of wanted) {
    if (existsSync(fileOf(type))) continue
    say(`converting to ${type}`)
    await convertFolder(folder, fileOf(type), { type })
  }
  return folder
}

/** As many as we use unless told otherwise; the reference gets as many. */
async function ownThreads() {
  const clvp = await Clvp.load(Clvp.demo)
  await clvp.dispose()
  return clvp.info.threads
}

const fileOf = (type) => join(cache, `${type}.gguf`)

/** The addon as it is in the sources now, and the program beside it. */
function buildNative() {
  say('building')
  const args = [join(root, 'scripts/build.mjs'), '--', '-DCLVP_BENCH=ON']
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', maxBuffer: 1 << 26 })
  if (status !== 0) throw new Error(`the build failed:\n${stderr}`)
  const built = ['clvp_step', 'Release/clvp_step.exe'].map((name) => join(root, '.build/release', name))
  return built.find(existsSync)
}

// --- parts -------------------------------------------------------------------------------------------------------------

function measureLimits(program, python, threads) {
  say('memory bandwidth and plain GEMM')
  const rounds = Array.from({ length: plan.trials }, () => ({
    reading: ask(program, ['--bandwidth', '--threads', String(threads)]),
    gemm: ask(python, [join(here, 'gemm.py'), String(threads), '16']),
  }))
  // The machine's limit is what it can do at best.
  const best = (pick) => Math.max(...rounds.map(pick))
  const [{ gemm }] = rounds
  const rates = Object.fromEntries(
    Object.entries(gemm.rates).map(([type, shapes]) => [
      type,
      Object.fromEntries(
        Object.keys(shapes).map((shape) => [
          shape,
          {
            streamed: best((round) => round.gemm.rates[type][shape].streamed),
            cached: best((round) => round.gemm.rates[type][shape].cached),
          },
        ]),
      ),
    ]),
  )
  return {
    readGBs: best((round) => round.reading.readGBs),
    gemm: rates,
    torch: gemm.torch,
    transformers: gemm.transformers,
  }
}

function measureNative(program, threads) {
  const rows = []
  for (const type of types.filter((each) => plan.variants.includes(each))) {
    for (const count of [1, 16]) {
      say(`step and products, ${type}, ${count}`)
      const args = [
        '--rows',
        count,
        '--cached',
        plan.cached,
        '--rounds',
        plan.rounds,
        '--threads',
        threads,
      ].map(String)
      rows.push(ask(program, [fileOf(type), ...args]))
    }
  }
  return rows
}

function runReference(python, folder, kind, candidates, ids, threads) {
  const ends = lengths(candidates, plan.longest[candidates])
  const asked = { folder, kind, candidates, ends, ids, threads, sampling, frames: 517 }
  const { moments, ...found } = ask(python, [join(here, 'reference.py'), JSON.stringify(asked)])
  // voice, bos, text, two stops, mel start
  return { ...found, ...summarise(moments, ids.length + 5) }
}

/** All variants in turn, round by round: [{ variant, candidates, trials }]. */
async function measureJobs(python, folder, threads) {
  const { values } = await inspectModel(fileOf('q8_0'))
  const tokenizer = tokenizerOf(values, { textVocab: 256 })
  const ids = [...readText(tokenizer, text, { textVocab: 256, maxTextTokens: 401 }).ids]
  const found = plan.variants.flatMap((variant) =>
    [1, 16].map((candidates) => ({ variant, candidates, trials: [] })),
  )
  for (let trial = 0; trial < plan.trials; trial++) {
    for (const { variant, candidates, trials } of found) {
      say(`trial ${trial + 1} of ${plan.trials}: ${variant}, ${candidates}`)
      const longest = plan.longest[candidates]
      const kind = references[variant]
      trials.push(
        kind
          ? runReference(python, folder, kind, candidates, ids, threads)
          : ask(process.execPath, [
              join(here, 'ours.mjs'),
              JSON.stringify({ file: fileOf(variant), candidates, longest, threads }),
            ]),
      )
    }
  }
  return found.map(({ trials, ...rest }) => ({ ...rest, ...medians(trials), trials }))
}

/** The median of each number. */
function medians(trials) {
  const numbers = Object.keys(trials[0]).filter((key) => typeof trials[0][key] === 'number')
  return Object.fromEntries(numbers.map((key) => [key, median(trials.map((trial) => trial[key]))]))
}

function measureRequests(threads) {
  const { count, codes } = plan.requests
  const ms = { together: [], inTurn: [] }
  for (let trial = 0; trial < plan.trials; trial++) {
    for (const [name, list] of Object.entries(ms)) {
      say(`trial ${trial + 1} of ${plan.trials}: ${count} requests, ${name}`)
      const asked = {
        file: fileOf('q8_0'),
        requests: count,
        longest: codes,
        threads,
        together: name === 'together',
      }
      list.push(ask(process.execPath, [join(here, 'ours.mjs'), JSON.stringify(asked)]).ms)
    }
  }
  return { count, codes, type: 'q8_0', togetherMs: median(ms.together), inTurnMs: median(ms.inTurn) }
}

/** How a step grows with candidates and positions, and the prefill with the text; Q8_0. */
function measureGrowth(program, threads) {
  const file = fileOf('q8_0')
  const step = (rows, cached) => {
    say(`growth: ${rows} candidates, ${cached} positions`)
    const args = ['--rows', rows, '--cached', cached, '--rounds', plan.rounds, '--threads', threads].map(
      String,
    )
    return { rows, cached, stepMs: ask(program, [file, ...args]).stepMs }
  }
  const prefill = (repeat) => {
    say(`growth: text, ${repeat} times`)
    const asked = JSON.stringify({ file, candidates: 1, longest: 2, threads, repeat })
    const trials = Array.from({ length: plan.trials }, () =>
      ask(process.execPath, [join(here, 'ours.mjs'), asked]),
    )
    const { prefillPositions, prefillMs } = medians(trials)
    return { positions: prefillPositions, prefillMs }
  }
  const { candidates, positions, repeats } = options.quick
    ? { candidates: [1, 2], positions: [40], repeats: [1] }
    : { candidates: [1, 2, 4, 8, 16, 32], positions: [50, 100, 200, 400], repeats: [1, 3, 8] }
  return {
    byCandidates: candidates.map((rows) => step(rows, plan.cached)),
    byPositions: positions.map((cached) => step(options.quick ? 2 : 16, cached)),
    byText: repeats.map(prefill),
  }
}

/** The estimate against the peaks of processes; memory does not vary as time does, so that one trial is enough. */
function measureMemory() {
  const calls = options.quick
    ? [{ candidates: 1, tokens: 8 }]
    : [
        { candidates: 1, tokens: 60, scores: 'none' },
        { candidates: 16, tokens: 60 },
        { candidates: 16, tokens: 140, scores: 'rank' },
      ]
  return calls.map((call) => {
    say(`memory of ${call.candidates} x ${call.tokens}`)
    return ask(process.execPath, [
      join(here, 'memory.mjs'),
      JSON.stringify({ file: fileOf('q8_0'), ...call }),
    ])
  })
}

/** Milliseconds of a call, in a process of its own, which runs a shell command first if one is given. */
function timeCall({ candidates, longest, threads }, within) {
  const asked = JSON.stringify({ file: fileOf('q8_0'), candidates, longest, threads })
  const command = [process.execPath, join(here, 'ours.mjs'), asked]
  const [program, ...args] = within ? ['sh', '-c', `${within} && exec "$@"`, 'sh', ...command] : command
  return ask(program, args).jobMs
}

/** A Q8_0 model that speaks. */
async function speakingFile() {
  const file = join(cache, 'speaking.gguf')
  say('adding random stages of speech')
  await addRandomStages(fileOf('q8_0'), file, cache)
  return file
}

async function measureSpeaking(threads) {
  const file = await speakingFile()
  const { voices } = options
  const python = preparePython(options.tortoise)
  return measureSpeak({ ...plan.speak, trials: plan.trials, file, voices, python, threads }, ask, say)
}

// --- all of it -----------------------------------------------------------------------------------------------------------

const builds = parts.some((part) => !asBuilt.includes(part) && plan.has(part))
const needsPython =
  plan.has('limits') || (plan.has('jobs') && plan.variants.some((each) => each in references))
const python = needsPython ? (options.python ?? findPython(root)) : undefined
const program = builds ? buildNative() : undefined
const speaks = plan.has('speak') || plan.has('stages')
const folder = builds || speaks ? await prepare() : undefined
const machine = describeMachine(root)
const threads = plan.threads || (await ownThreads())
const result = {
  machine: { ...machine, threads },
  quick: options.quick,
  trials: builds || speaks ? plan.trials : plan.latency.trials,
  text,
  longest: plan.longest,
}
if (plan.has('limits')) result.limits = measureLimits(program, python, threads)
if (plan.has('native')) result.native = measureNative(program, threads)
if (plan.has('jobs')) result.jobs = await measureJobs(python, folder, threads)
if (plan.has('requests')) result.requests = measureRequests(threads)
if (plan.has('growth')) result.growth = measureGrowth(program, threads)
if (plan.has('memory')) result.memory = measureMemory()
if (plan.has('latency')) result.latency = measureLatency({ ...plan.latency, root, threads }, ask, say)
if (plan.has('busy')) result.busy = await measureBusy(plan.busy, timeCall, say)
if (plan.has('speak')) result.speak = await measureSpeaking(threads)
if (plan.has('stages')) {
  const settings = {
    file: await speakingFile(),
    python: preparePython(options.tortoise),
    threads,
    trials: plan.trials,
  }
  result.stages = measureStages({ ...plan.stages, ...settings }, ask, say)
}
say('done')
console.log(report(result, { writeDocs: options['write-docs'] && join(root, 'docs/benchmarks') }))
