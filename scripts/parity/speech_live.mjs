/**
 * The stages that turn codes into sound beside tortoise-tts 3.0.0's own classes and transformers' UnivNetModel, computed here and now on
 * random checkpoints of several sizes: HiFi-GAN, passes and samplers of the diffusion model, its voices, UnivNet, random voices. Ends with
 * 1 when anything differs. Part of `npm run parity:tortoise`.
 *
 *   node scripts/parity/speech_live.mjs [--python PATH] [--full] [--only NAME] [--threads N] [--write-golden]
 *
 * --python: see tortoise_venv.mjs. Everything is converted to F32: floats agree within 1e-4 of the largest, sound within 1e-4 of full
 * scale, spectrograms that were sampled within 1e-3. --full adds the published size, 10 GB of disk and memory; --only takes one size, or
 * `convergence`. --write-golden keeps the answers of one small size in test/golden/speech.json.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { compareEnds } from '../../test/helpers/speech_answers.js'
import { goldenSize, publishedSize, sizes, smoothSize } from '../../test/helpers/speech_case.js'
import { compareSubjects, convertSpeechCase, writeSpeechCase } from '../../test/helpers/speech_models.js'
import { compareConvergence } from './speech_convergence.mjs'
import { printTable } from './table.mjs'
import { preparePython } from './tortoise_venv.mjs'

const HERE = fileURLToPath(new URL('.', import.meta.url))
const GOLDEN = fileURLToPath(new URL('../../test/golden/speech.json', import.meta.url))
const CONVERGENCE = 'convergence'
const SUBJECTS = [
  ...['sounds', 'mels', 'conditions', 'voices', 'forwards', 'samples', 'vocodes', 'univnets', 'chains'],
  'randoms',
]

const { values: options } = parseArgs({
  options: {
    python: { type: 'string' },
    full: { type: 'boolean', default: false },
    only: { type: 'string' },
    threads: { type: 'string', default: '2' },
    'write-golden': { type: 'boolean', default: false },
  },
})
const threads = Number(options.threads)

function askReference(python, folder, asked) {
  const path = join(folder, 'case.json')
  writeFileSync(path, JSON.stringify({ ...asked, folder }))
  const args = [join(HERE, 'speech_reference.py'), '--case', path, '--threads', options.threads]
  const { status, stderr, error } = spawnSync(python, args, { encoding: 'utf8' })
  if (error || status !== 0) throw error ?? new Error(`The reference failed: ${stderr}`)
  return JSON.parse(readFileSync(join(folder, 'answers.json'), 'utf8'))
}

/** Runs both sides on one size; gives the rows of its comparison. */
async function compareSize(python, size, work) {
  const folder = join(work, size.name)
  const asked = writeSpeechCase(size, folder)
  const answers = askReference(python, folder, asked)
  if (size === goldenSize && options['write-golden']) writeFileSync(GOLDEN, `${JSON.stringify(answers)}\n`)
  const files = await convertSpeechCase(size, folder)
  rmSync(folder, { recursive: true })
  const rows = await compareSubjects(files, asked, SUBJECTS, answers, { threads })
  for (const file of Object.values(files)) rmSync(file)
  return [...rows, compareEnds(answers.rows)].map((row) => ({ size: size.name, ...row }))
}

function print(rows) {
  const heading = ['size', 'quantity', 'compared', 'max|a-b|/max|b|', 'L2 relative', 'limit', 'verdict']
  const cells = rows.map(({ size, quantity, compared, max, l2, limit, passed }) => {
    const numbers = [max, l2, limit].map((value) => (value === 0 ? '-' : value.toExponential(1)))
    return [size, quantity, compared, ...numbers, passed ? 'ok' : 'FAIL']
  })
  printTable([heading, ...cells])
}

async function compareAll(python, chosen) {
  const work = mkdtempSync(join(tmpdir(), 'clvp-speech-'))
  const rows = []
  let converges = true
  try {
    for (const size of chosen) {
      console.error(`> ${size.name}`)
      rows.push(...(await compareSize(python, size, work)))
    }
    if (rows.length > 0) print(rows)
    if (!options.only || options.only === CONVERGENCE) {
      console.log()
      converges = await compareConvergence(join(work, smoothSize.name), { threads })
    }
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
  return converges && rows.every(({ passed }) => passed)
}

const isFull = options.full || options.only === publishedSize.name
const all = [...sizes, goldenSize, ...(isFull ? [publishedSize] : [])]
const chosen = all.filter(({ name }) => !options.only || name === options.only)
if (chosen.length === 0 && options.only !== CONVERGENCE) throw new Error(`No size is called ${options.only}`)
const python = chosen.length > 0 ? preparePython(options.python) : undefined
if (!(await compareAll(python, chosen))) process.exitCode = 1
