#!/usr/bin/env node
/**
 * A table of all types and mixes on a checkpoint: size, bits per weight, time and memory of the conversion, error of the
 * matrices, and how far the model's answers move from F32's.
 *
 *   node scripts/quantization/table.mjs FOLDER|random [--types q8_0,q4_k_m] [--voice CLIP] [--tokens N] [--threads N]
 *        [--work DIR] [--skip-answers] [--write-docs NAME]
 *
 * `random` is a random checkpoint of the published sizes; it and the F32 models need about 9 GB in --work. --skip-answers loads no
 * model: sizes, costs and errors of matrices alone. --write-docs puts the table between the markers NAME of docs/quantization.md.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { inspectModel, modelTypes } from '../../dist/lib/index.js'
import { readRecipe, writeCheckpoint } from '../../test/helpers/checkpoint.js'
import { answers, distance, tensorErrors } from './effects.mjs'
import { writeDocs } from './page.mjs'

const root = fileURLToPath(new URL('../..', import.meta.url))
const cli = join(root, 'dist/lib/cli/main.js')

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    types: { type: 'string', default: modelTypes.join(',') },
    voice: { type: 'string' },
    tokens: { type: 'string', default: '32' },
    threads: { type: 'string' },
    work: { type: 'string', default: tmpdir() },
    'skip-answers': { type: 'boolean', default: false },
    'write-docs': { type: 'string' },
  },
})
const [source] = positionals
if (source === undefined) throw new Error('which checkpoint? See the comment at the top')

/** Converts in a process of its own, whose memory is that of the conversion. */
function convert(folder, target, type) {
  const flags = ['--type', type, '--json', ...(options.threads ? ['--threads', options.threads] : [])]
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, 'convert', folder, target, ...flags], {
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(stderr)
  return JSON.parse(stdout)
}

async function measure(folder, work) {
  const exact = join(work, 'f32.gguf')
  const settings = {
    clip: options.voice,
    maxTokens: Number(options.tokens),
    threads: options.threads && Number(options.threads),
  }
  convert(folder, exact, 'f32')
  const reference = options['skip-answers'] ? undefined : await answers(exact, settings)
  const rows = []
  for (const type of options.types.split(',')) {
    const file = join(work, 'x.gguf')
    const cost = convert(folder, file, type)
    const { bitsPerWeight } = await inspectModel(file)
    const found = reference && distance(reference, await answers(file, { ...settings, reference }))
    const errors = (await tensorErrors(exact, file)).sort((a, b) => b.error - a.error)
    rows.push({ type, ...cost, bitsPerWeight, found, errors })
    console.error(`measured ${type}`)
  }
  return rows
}

const percent = (part) => `${(100 * part).toFixed(2)} %`

function answerCells({ cosine, divergence, sameFirst, scoreError }) {
  const small = (value) => (value === 0 ? '0' : value.toExponential(1))
  return [cosine.toFixed(5), small(divergence), percent(sameFirst), small(scoreError)]
}

function table(rows) {
  const cells = rows.map((row) => [
    `\`${row.type}\``,
    (row.bytes / 1e6).toFixed(1),
    row.bitsPerWeight.toFixed(2),
    `${row.seconds.toFixed(1)} s`,
    `${(row.peakRssBytes / 1e6).toFixed(0)} MB`,
    percent(row.errors.reduce((sum, { error }) => sum + error, 0) / row.errors.length),
    percent(row.errors[0].error),
    ...(row.found ? answerCells(row.found) : []),
  ])
  const heading = [
    'type',
    'MB',
    'bits',
    'time',
    'peak memory',
    'matrix error, mean',
    'largest',
    ...(rows[0].found ? ['cosine of logits', 'KL, nats', 'same likeliest code', 'score error'] : []),
  ]
  return [heading, heading.map(() => '---'), ...cells].map((row) => `| ${row.join(' | ')} |`).join('\n')
}

const work = mkdtempSync(join(options.work, 'clvp-types-'))
try {
  let folder = source
  if (source === 'random' && !existsSync(source)) {
    folder = join(work, 'random')
    writeCheckpoint(readRecipe('full'), folder)
  }
  const text = table(await measure(folder, work))
  console.log(text)
  if (options['write-docs']) writeDocs(options['write-docs'], text)
} finally {
  rmSync(work, { recursive: true })
}
