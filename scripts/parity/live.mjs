// `npm run parity`: our results beside those of transformers, computed here and now, for every recipe of
// test/fixtures/recipes.json, the one of the published size included.
//
//     node scripts/parity/live.mjs [--skip-full] [--only NAME] [--python PATH] [--reuse] [--threads N]
//     node scripts/parity/live.mjs --device NAME [--reference-device NAME] ...       our models on another device; only models are compared
//
// It makes a virtual environment in .cache/parity-venv from requirements.txt (--python: use another one), lets
// reference.py write into .cache/parity, converts and runs the same checkpoints with the addon, prints a table, and then
// runs the other comparisons: tokenizer.mjs, processing.mjs, models.mjs, safetensors.mjs, speech_univnet.mjs, conversion.mjs. F32
// must agree to 1e-4 with equal ids; smaller types are only reported, except that F16 must keep a cosine of 0.99. --reuse takes the
// reference's files that are there. Exit status 1: something failed.

import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { readRecipes } from '../../test/helpers/checkpoint.js'
import {
  chooseDecoding,
  conditionText,
  differences,
  encodeRow,
  positionsKinds,
} from '../../test/helpers/golden.js'
import { printTable } from './table.mjs'

const here = dirname(fileURLToPath(import.meta.url))
const root = join(here, '..', '..')
const cache = join(root, '.cache')
const work = join(cache, 'parity')
const recipesFile = join(root, 'test', 'fixtures', 'recipes.json')

const limits = { f32: 1e-4, f16Cosine: 0.99 }
const greedy = { temperature: 0, topK: 0, topP: 1, minP: 0, typicalP: 1, repetitionPenalty: 1 }

const { values: options } = parseArgs({
  options: {
    'skip-full': { type: 'boolean', default: false },
    only: { type: 'string' },
    python: { type: 'string' },
    reuse: { type: 'boolean', default: false },
    threads: { type: 'string', default: '0' },
    device: { type: 'string' },
    'reference-device': { type: 'string', default: 'cpu' },
  },
})

// --- the reference's side ------------------------------------------------------------------------------------

/** Runs a command in sight; throws unless it ends well. */
function run(command, args) {
  console.error(`> ${command} ${args.join(' ')}`)
  const { status, error } = spawnSync(command, args, { stdio: ['ignore', 'inherit', 'inherit'] })
  if (error) throw error
  if (status !== 0) throw new Error(`${command} ended with status ${status}`)
}

/** A Python that has the packages of requirements.txt, in a virtual environment that is made once. */
function preparePython() {
  if (options.python) return options.python
  const venv = join(cache, 'parity-venv')
  const windows = process.platform === 'win32'
  const python = join(venv, windows ? 'Scripts/python.exe' : 'bin/python')
  const requirements = join(here, 'requirements.txt')
  if (existsSync(python) && spawnSync(python, ['-c', 'import torch, transformers']).status === 0)
    return python
  run(windows ? 'python' : 'python3', ['-m', 'venv', venv])
  run(python, ['-m', 'pip', 'install', '--quiet', '-r', requirements])
  return python
}

function makeReference(python, name) {
  if (options.reuse && existsSync(join(work, name, 'ref.json'))) return
  mkdirSync(work, { recursive: true })
  const where = ['--device', options['reference-device']]
  run(python, [join(here, 'reference.py'), '--recipes', recipesFile, '--out', work, '--only', name, ...where])
}

/** The float arrays of a safetensors file by name: { shape, data }. */
function readSafetensors(path) {
  const bytes = readFileSync(path)
  const start = 8 + Number(bytes.readBigUInt64LE(0))
  const header = JSON.parse(bytes.toString('utf8', 8, start))
  const arrays = {}
  for (const [name, info] of Object.entries(header)) {
    if (name === '__metadata__') continue
    if (info.dtype !== 'F32') throw new Error(`${path}: ${name} is ${info.dtype}, not F32`)
    const [from, to] = info.data_offsets
    const data = new Float32Array(
      bytes.buffer.slice(bytes.byteOffset + start + from, bytes.byteOffset + start + to),
    )
    arrays[name] = { shape: info.shape, data }
  }
  return arrays
}

function readReference(name) {
  const facts = JSON.parse(readFileSync(join(work, name, 'ref.json'), 'utf8'))
  return { ...facts, floats: readSafetensors(join(work, name, 'ref.safetensors')) }
}

// --- our side ------------------------------------------------------------------------------------------------------

/** Collects one comparison of floats after another as rows of the table. */
class Table {
  rows = []
  failed = false

  constructor(checkpoint, type) {
    this.checkpoint = checkpoint
    this.type = type
  }

  floats(quantity, actual, expected) {
    if (actual.length !== expected.length) {
      return this.#add(quantity, `${actual.length} for ${expected.length}`, '', '', '', false)
    }
    const { max, l2, cosine } = differences(actual, expected)
    const numbers = [max, l2].map((value) => value.toExponential(2))
    this.#add(quantity, expected.length, ...numbers, cosine.toFixed(6), this.#judge(quantity, max, cosine))
  }

  ids(quantity, actual, expected) {
    const same = expected.findIndex((id, i) => actual[i] !== id)
    const equal = same === -1 && actual.length === expected.length
    const note = equal ? 'equal' : `differ from ${same === -1 ? expected.length : same}`
    this.#add(quantity, `${expected.length} ids`, note, '', '', this.type === 'f32' ? equal : null)
  }

  /** Whether it passes; null where nothing is asked. */
  #judge(quantity, max, cosine) {
    if (this.type === 'f32') return max <= limits.f32
    if (!Number.isFinite(max)) return false
    // One score is no direction: its cosine says only whether its sign is right.
    const asked = this.type === 'f16' && !quantity.startsWith('score')
    return asked ? cosine > limits.f16Cosine : null
  }

  #add(quantity, compared, max, l2, cosine, passed) {
    if (passed === false) this.failed = true
    const verdict = passed === null ? '-' : passed ? 'ok' : 'FAIL'
    this.rows.push([this.checkpoint, this.type, quantity, String(compared), max, l2, cosine, verdict])
  }
}

async function compareVoice(session, reference, table) {
  const { floats } = reference
  for (const c of reference.clips.keys()) {
    const mel = await session.mel(floats[`clip.${c}`].data)
    table.floats(`mel ${c}`, mel.data, floats[`mel.${c}`].data)
    table.floats(`condition ${c}`, await session.condition(mel), floats[`condition.${c}`].data)
  }
  return session.condition(await session.mel(floats['clip.0'].data))
}

async function comparePrefix(session, { floats, texts }, voice, textStop, table) {
  for (const [i, ids] of texts.entries()) {
    const prefix = await conditionText(session, voice, [...ids, textStop])
    table.floats(`prefix ${i}`, prefix, floats[`prefix.${i}`].data)
  }
}

/** The decoder with the prefix's positions as transformers 5.23 has them, or as tortoise has them. */
async function compareDecoder(session, facts, prefix, voice, table) {
  const { floats, texts, steps, greedy: drawn } = chooseDecoding(facts, prefix)
  const note = prefix === 'transformers' ? '' : ` (${prefix})`
  const codes = Int32Array.from(steps.codes)
  const logits = await session.stepLogits(Int32Array.from(texts[steps.text]), voice, codes, prefix)
  const { shape, data } = floats.logits
  const split = shape[1]
  table.floats(`logits, prefill${note}`, logits.subarray(0, split), data.subarray(0, split))
  table.floats(`logits, ${codes.length} steps${note}`, logits.subarray(split), data.subarray(split))
  for (const [i, ids] of texts.entries()) {
    const textIds = Int32Array.from(ids)
    const request = {
      prompt: { textIds, voice },
      candidates: 1,
      maxTokens: 60,
      sampling: greedy,
      seed: 0,
      positions: prefix,
    }
    const { candidates } = await session.generate(request)
    const found = candidates[0]
    table.ids(`greedy ${i}${note}`, found.tokens, drawn[i].tokens)
  }
}

async function compareEncoders(session, reference, textStop, table) {
  const { floats, texts, speech } = reference
  const compare = (name, found) => {
    table.floats(`${name} last`, found.lastHidden, floats[`${name}.last`].data)
    table.floats(`${name} pooled`, found.pooled, floats[`${name}.pooled`].data)
    table.floats(`${name} embed`, found.embeds, floats[`${name}.embed`].data)
  }
  for (const [i, ids] of texts.entries()) {
    compare(`text.${i}`, await encodeRow(session, 'text', [...ids, textStop]))
  }
  for (const [i, codes] of speech.entries()) {
    compare(`speech.${i}`, await encodeRow(session, 'speech', codes))
  }
}

async function compareScores(session, reference, table) {
  const { floats, texts, batch } = reference
  const rows = batch.rows.map((row) => Int32Array.from(row))
  const scores = await session.score(Int32Array.from(texts[batch.text]), rows)
  table.floats('scores, batch', scores, floats['scores.batch'].data)
  for (const [i, ids] of texts.entries()) {
    const row = Int32Array.from(reference.greedy[i].speechIds)
    const score = await session.score(Int32Array.from(ids), [row])
    table.floats(`scores, greedy ${i}`, score, floats[`scores.greedy.${i}`].data)
  }
}

async function compareType(name, type, reference) {
  const { createSession } = await import('../../dist/lib/session/session.js')
  const { loadModel } = await import('../../dist/lib/addon/jobs.js')
  const { convertFolder } = await import('../../dist/quantize/convert.js')
  const folder = join(work, name, 'model')
  const gguf = join(work, name, `${type}.gguf`)
  await convertFolder(folder, gguf, { type })
  const model = await loadModel(gguf, { device: options.device ?? 'cpu' })
  const session = createSession(model, { threads: Number(options.threads) })
  const table = new Table(name, type)
  const { text_config } = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8'))
  const voice = await compareVoice(session, reference, table)
  await comparePrefix(session, reference, voice, text_config.eos_token_id, table)
  for (const prefix of positionsKinds) await compareDecoder(session, reference, prefix, voice, table)
  await compareEncoders(session, reference, text_config.eos_token_id, table)
  await compareScores(session, reference, table)
  return table
}

function print(rows) {
  const heading = [
    'checkpoint',
    'type',
    'quantity',
    'compared',
    'max|a-b|/max|b|',
    'L2 relative',
    'cosine',
    'verdict',
  ]
  const lines = [heading, ...rows]
  printTable(lines)
}

async function main() {
  const python = preparePython()
  const wanted = readRecipes()
    .map((recipe) => recipe.name)
    .filter((name) => (options.only ? name === options.only : !(options['skip-full'] && name === 'full')))
  const tables = []
  for (const name of wanted) {
    makeReference(python, name)
    const reference = readReference(name)
    for (const type of ['f32', 'f16', 'q8_0']) tables.push(await compareType(name, type, reference))
  }
  print(tables.flatMap((table) => table.rows))
  if (tables.some((table) => table.failed)) process.exitCode = 1
  if (options.device) return
  const scripts = [
    ...['tokenizer.mjs', 'processing.mjs', 'models.mjs', 'safetensors.mjs', 'speech_univnet.mjs'],
    'conversion.mjs',
  ]
  const passed = scripts.map((name) => {
    const isShort = name === 'conversion.mjs' && options['skip-full']
    const args = [join(here, name), '--python', python, ...(isShort ? ['--skip-full'] : [])]
    return spawnSync(process.execPath, args, { stdio: 'inherit' }).status === 0
  })
  if (passed.includes(false)) process.exitCode = 1
}

await main()
