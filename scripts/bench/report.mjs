/** A run's result as tables for the terminal, and as a page, a plot and JSON for docs/benchmarks. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { barCharts } from './bars.mjs'
import { judge, readMs } from './goals.mjs'
import { latencySections } from './latency.mjs'
import { lengths } from './schedule.mjs'
import { speakSection } from './speak.mjs'
import { stageSections } from './stages.mjs'

const ms = (value) => (value === undefined ? '' : `${value.toFixed(value < 100 ? 1 : 0)} ms`)
const seconds = (value) => `${(value / 1000).toFixed(2)} s`
const megabytes = (bytes) => `${Math.round(bytes / 1e6)} MB`
const isReference = (variant) => variant.startsWith('transformers')

function jobTable(result, candidates) {
  const rows = result.jobs.filter((each) => each.candidates === candidates)
  return [
    [
      'variant',
      'load',
      'voice',
      'prefill',
      'step at 100',
      'mean step',
      'ranking',
      'whole job',
      'peak memory',
    ],
    ...rows.map((each) => [
      each.variant,
      seconds(each.loadMs),
      ms(each.voiceMs),
      ms(each.prefillMs),
      ms(each.stepMs),
      ms(each.meanStepMs),
      seconds(each.scoreMs),
      seconds(each.jobMs),
      megabytes(each.peakBytes),
    ]),
  ]
}

function nativeTable(result) {
  return [
    [
      'type',
      'candidates',
      'step',
      'its products',
      'step / products',
      "GGML's own products",
      'GGML / ours',
      'GFLOP/s',
      'reading alone',
      'int8 arithmetic alone',
    ],
    ...result.native.map((each) => [
      each.type,
      String(each.rows),
      ms(each.stepMs),
      ms(each.productsMs),
      (each.stepMs / each.productsMs).toFixed(2),
      ms(each.stockMs),
      (each.stockMs / each.productsMs).toFixed(2),
      (each.flops / each.productsMs / 1e6).toFixed(0),
      ms(readMs(result, each.type, each.rows)),
      each.peakMs > 0 ? ms(each.peakMs) : '',
    ]),
  ]
}

function limitTable({ readGBs, gemm }) {
  const shapes = Object.entries(gemm).flatMap(([type, rates]) =>
    Object.entries(rates).map(([shape, { streamed, cached }]) => [
      `torch ${type}, 16 x [${shape.replace('x', ', ')}]`,
      `${streamed.toFixed(0)} GFLOP/s`,
      `${cached.toFixed(0)} GFLOP/s`,
    ]),
  )
  return [
    ['limit', 'weights from memory', 'weights in the cache'],
    ['reading memory', `${readGBs.toFixed(1)} GB/s`, ''],
    ...shapes,
  ]
}

function goalTable(result) {
  return [
    ['what', 'found', 'at least', 'aim', 'reached'],
    ...judge(result).map(({ what, found, least, aim, reached }) => [what, found, least, aim, reached]),
  ]
}

function requestTable({ count, codes, type, inTurnMs, togetherMs }) {
  const row = (name, took) => [name, seconds(took), ((1000 * count * codes) / took).toFixed(1)]
  return [
    [`${count} requests of 1 candidate and at most ${codes} codes, ${type}`, 'took', 'codes a second'],
    row('in turn', inTurnMs),
    row('at once', togetherMs),
  ]
}

function growthTable({ byCandidates, byPositions, byText }) {
  const step = ({ rows, cached, stepMs }) => [
    `step, ${rows} candidates, ${cached} positions`,
    ms(stepMs),
    ms(stepMs / rows),
  ]
  return [
    ['what', 'took', 'a candidate'],
    ...[...byCandidates, ...byPositions].map(step),
    ...byText.map(({ positions, prefillMs }) => [`prefill, ${positions} positions`, ms(prefillMs), '']),
  ]
}

function memoryTable(calls) {
  return [
    ['candidates', 'codes', 'scores', 'estimate', 'peak', 'estimate / peak'],
    ...calls.map(({ candidates, tokens, scores = 'all', estimate, found, ratio }) => [
      String(candidates),
      String(tokens),
      scores,
      megabytes(estimate.total),
      megabytes(found),
      ratio.toFixed(2),
    ]),
  ]
}

function busyTable({ rows }) {
  return [
    ['candidates', 'threads', 'quiet', 'busy', 'busy / quiet', 'time of one CPU'],
    ...rows.map(({ candidates, threads, quietMs, busyMs, quotaMs }) => [
      String(candidates),
      threads ? String(threads) : 'default',
      seconds(quietMs),
      seconds(busyMs),
      (busyMs / quietMs).toFixed(2),
      quotaMs === undefined ? 'no control group' : seconds(quotaMs),
    ]),
  ]
}

/** [heading, words, table] */
function sections(result) {
  const goals = goalTable(result)
  const hasGoals = goals.length > 1
  const found = hasGoals ? [['To show', 'What was asked for, as ratios of medians of this run.', goals]] : []
  if (result.jobs) {
    for (const candidates of [1, 16]) {
      const rows = lengths(candidates, result.longest[candidates])
      const words = `${rows.length} candidate${rows.length > 1 ? 's' : ''} of ${[...new Set([Math.min(...rows), Math.max(...rows)])].join(' to ')} codes.`
      found.push([`${candidates} candidate${candidates > 1 ? 's' : ''}`, words, jobTable(result, candidates)])
    }
  }
  if (result.native)
    found.push([
      'A step and its products',
      'In one program, taking turns, about 100 positions cached.',
      nativeTable(result),
    ])
  if (result.requests) found.push(['Requests', 'On one model.', requestTable(result.requests)])
  if (result.growth) found.push(['How cost grows', 'Q8_0.', growthTable(result.growth)])
  if (result.memory)
    found.push(['Memory', 'Q8_0; the peak without what Node has before.', memoryTable(result.memory)])
  if (result.latency) found.push(...latencySections(result.latency))
  if (result.stages) found.push(...stageSections(result.stages))
  if (result.busy)
    found.push([
      'Busy machines',
      `One call, Q8_0, without loading: alone, beside ${result.busy.neighbours} processes that never rest, and in a control group with the time of one CPU. Medians of ${result.busy.trials}.`,
      busyTable(result.busy),
    ])
  if (result.speak) found.push(speakSection(result.speak))
  if (result.limits)
    found.push([
      "The machine's limits",
      'Measured in the same run, the best of its rounds.',
      limitTable(result.limits),
    ])
  return found
}

function machineText({ machine, trials, limits, quick }) {
  const { cpu, cores, threads, flags, memoryGB, system, date, node, ggml, commit } = machine
  const versions = [
    `Node ${node}`,
    `GGML ${ggml}`,
    limits && `torch ${limits.torch}`,
    limits && `transformers ${limits.transformers}`,
  ]
  return (
    `${cpu}, ${cores} cores, ${threads} threads, ${memoryGB} GB, ${system}; ${flags.join(' ')}. ` +
    `${date}, ${versions.filter(Boolean).join(', ')}, commit ${commit}. ` +
    (quick
      ? 'A quick run: it shows that all works, and its figures mean nothing.'
      : `Medians of ${trials} trials, variants taking turns.`)
  )
}

function padded(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)))
  const line = (row) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  ')
  return [
    line(rows[0]),
    widths.map((width) => '-'.repeat(width)).join('  '),
    ...rows.slice(1).map(line),
  ].join('\n')
}

const markdown = ([heading, ...rows]) =>
  [heading, heading.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n')

function plot(result) {
  const panel = (title, unit, candidates, pick, limit) => ({
    title,
    unit,
    bars: result.jobs
      .filter((each) => each.candidates === candidates && pick(each) !== undefined)
      .map((each) => ({
        name: each.variant,
        value: pick(each),
        reference: isReference(each.variant),
        limit: limit && !isReference(each.variant) ? readMs(result, each.variant, candidates) : undefined,
      })),
  })
  return barCharts(
    `${result.machine.cpu}, ${result.machine.threads} threads. Red: reading the weights alone`,
    [
      panel('1 candidate, a step', 'ms', 1, (each) => each.stepMs, true),
      panel('16 candidates, a step', 'ms', 16, (each) => each.stepMs, true),
      panel('16 candidates, whole job', 's', 16, (each) => each.jobMs / 1000),
      panel('its peak memory', 'MB', 16, (each) => each.peakBytes / 1e6),
    ],
  )
}

/** One name for each kind of machine: the CPU's, and the widest of its vectors. */
function slug({ cpu, flags }) {
  const level = ['avx512_vnni', 'avx512f', 'avx2'].find((flag) => flags.includes(flag)) ?? 'plain'
  return `${cpu} ${level}`.toLowerCase().replace(/[^a-z0-9]+/g, '-')
}

function writePage(result, folder) {
  const name = slug(result.machine)
  const page = [
    `# ${result.machine.cpu}`,
    `Made by \`npm run bench -- --write-docs\`; [how](../performance.md#measure). ${machineText(result)}`,
    ...(result.jobs ? [`![Steps, whole job and memory of each variant](${name}.svg)`] : []),
    ...sections(result).map(([heading, words, table]) => `## ${heading}\n\n${words}\n\n${markdown(table)}`),
  ]
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, `${name}.md`), `${page.join('\n\n')}\n`)
  writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(result, null, 1)}\n`)
  if (result.jobs) writeFileSync(join(folder, `${name}.svg`), plot(result))
}

/** The tables as text; written as a page too if a folder is given. */
export function report(result, { writeDocs }) {
  if (writeDocs) writePage(result, writeDocs)
  const tables = sections(result).map(([heading, words, table]) => `${heading}. ${words}\n\n${padded(table)}`)
  return [machineText(result), ...tables].join('\n\n')
}
