/**
 * `npm run parity:tortoise`: our results beside those of tortoise-tts 3.0.0's own classes, and of the transformers that it runs on,
 * computed here and now on random checkpoints. Ends with 1 when anything differs.
 *
 *   node scripts/parity/tortoise_live.mjs [--python PATH] [--full] [--only NAME] [--threads N] [--write-golden]
 *
 * It makes a virtual environment in .cache/tortoise-venv (--python: use another one; requirements-tortoise.txt says what must be in it).
 * tortoise's UnifiedVoice and CLVP save their weights as autoregressive.pth and clvp2.pth, which we convert to F32: codes are equal,
 * floats agree within 1e-4 of the largest. --full adds the published sizes, 10 GB of disk and memory; --only takes one size, and nothing of
 * what follows. Then come models.mjs, on what draws, tortoise_text.mjs, split.mjs, and speech_live.mjs, from latents to sound.
 * --write-golden keeps the answers of one small size in test/golden/tortoise.json.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { convertFolder } from '../../dist/lib/index.js'
import { makeVocabulary } from '../../test/helpers/checkpoint.js'
import { writePairAlone } from '../../test/helpers/tortoise.js'
import { answerCase, compareAnswers } from '../../test/helpers/tortoise_answers.js'
import { goldenSize, makeCase, recipeOf } from '../../test/helpers/tortoise_case.js'
import { printTable } from './table.mjs'
import { preparePython } from './tortoise_venv.mjs'

const HERE = fileURLToPath(new URL('.', import.meta.url))
const GOLDEN = fileURLToPath(new URL('../../test/golden/tortoise.json', import.meta.url))
/** Words of tortoise's own vocabulary, for which no tokenizer need be beside the pair. */
const OWN_WORDS = 256
const TEXTS = 2000

/** Towers of several widths, few and many layers, another vocabulary, rows that fill the longest. */
const SIZES = [
  {
    ...{ name: 'tiny', seed: 1, layers: 1, width: 64, codes: 300, positions: 120, texts: 60, words: 256 },
    ...{ text: { width: 64, layers: 1 }, speech: { width: 64, layers: 1 }, latent: 64 },
    ...{ lengths: [1, 9, 40], maxTokens: 80, rows: [1, 40, 497, 498, 499, 500] },
  },
  {
    ...{ name: 'deep', seed: 2, layers: 12, width: 128, codes: 600, positions: 200, texts: 80, words: 256 },
    ...{ text: { width: 128, layers: 10 }, speech: { width: 128, layers: 12 }, latent: 128 },
    ...{ lengths: [3, 21], maxTokens: 60, rows: [2, 150, 500] },
  },
  {
    ...{ name: 'uneven', seed: 3, layers: 3, width: 192, codes: 1000, positions: 131, texts: 47, words: 90 },
    ...{ text: { width: 128, layers: 2 }, speech: { width: 320, layers: 4 }, latent: 96 },
    ...{ lengths: [5, 42], maxTokens: 100, rows: [7, 77, 500] },
  },
  {
    ...{ name: 'wide', seed: 4, layers: 4, width: 768, codes: 8194, positions: 608, texts: 404, words: 256 },
    ...{ text: { width: 512, layers: 3 }, speech: { width: 768, layers: 3 }, latent: 512 },
    ...{ lengths: [12, 120], maxTokens: 40, rows: [100, 500] },
  },
  goldenSize,
]
const PUBLISHED = {
  ...{
    name: 'published',
    seed: 5,
    layers: 30,
    width: 1024,
    codes: 8194,
    positions: 608,
    texts: 404,
    words: 256,
  },
  ...{ text: { width: 768, layers: 20 }, speech: { width: 768, layers: 20 }, latent: 768 },
  ...{ lengths: [30], maxTokens: 24, rows: [60, 499] },
}

const { values: options } = parseArgs({
  options: {
    python: { type: 'string' },
    full: { type: 'boolean', default: false },
    only: { type: 'string' },
    threads: { type: 'string', default: '2' },
    'write-golden': { type: 'boolean', default: false },
  },
})

/** What our converter needs beside a pair that was not trained with tortoise's tokenizer. */
function writeTokenizer(folder, words) {
  const { tokens, merges } = makeVocabulary(words)
  const vocab = Object.fromEntries(tokens.map((token, i) => [token, i]))
  writeFileSync(join(folder, 'tokenizer.json'), JSON.stringify({ model: { type: 'BPE', vocab, merges } }))
}

function askReference(python, folder, asked) {
  const path = join(folder, 'case.json')
  writeFileSync(path, JSON.stringify({ ...asked, folder }))
  const args = [join(HERE, 'tortoise_live_reference.py'), '--case', path, '--threads', options.threads]
  const { status, stderr, error } = spawnSync(python, args, { encoding: 'utf8' })
  if (error || status !== 0) throw error ?? new Error(`The reference failed: ${stderr}`)
  return JSON.parse(readFileSync(join(folder, 'answers.json'), 'utf8'))
}

/** Runs both sides on one size; gives the rows of its comparison. */
async function compareSize(python, size, work) {
  const folder = join(work, size.name)
  mkdirSync(folder)
  const asked = makeCase(size)
  // A pair that needs no torch: the tests make the same.
  if (size === goldenSize) writePairAlone(recipeOf(size), folder)
  const answers = askReference(python, folder, asked)
  if (size === goldenSize && options['write-golden']) writeFileSync(GOLDEN, `${JSON.stringify(answers)}\n`)
  if (size.words !== OWN_WORDS) writeTokenizer(folder, size.words)
  const file = `${folder}.gguf`
  await convertFolder(folder, file, { type: 'f32' })
  rmSync(folder, { recursive: true })
  const found = await answerCase(file, asked, { threads: Number(options.threads) })
  rmSync(file)
  return compareAnswers(asked, found, answers).map((row) => ({ size: size.name, ...row }))
}

function print(rows) {
  const cells = rows.map(({ size, quantity, compared, result, passed }) => {
    return [size, quantity, compared, result, passed ? 'ok' : 'FAIL']
  })
  const lines = [['size', 'quantity', 'compared', 'max|a-b|/max|b|', 'verdict'], ...cells]
  printTable(lines)
}

/** Runs another comparison in sight: whether it found all equal. */
function passes(name, args) {
  console.log(`\n${[name, ...args].join(' ')}`)
  return spawnSync(process.execPath, [join(HERE, name), ...args], { stdio: 'inherit' }).status === 0
}

async function compareAll(python) {
  const sizes = [...SIZES, ...(options.full || options.only === PUBLISHED.name ? [PUBLISHED] : [])]
  const chosen = sizes.filter(({ name }) => !options.only || name === options.only)
  if (chosen.length === 0) throw new Error(`No size is called ${options.only}`)
  const work = mkdtempSync(join(tmpdir(), 'clvp-tortoise-'))
  const rows = []
  try {
    for (const size of chosen) {
      console.error(`> ${size.name}`)
      rows.push(...(await compareSize(python, size, work)))
    }
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
  print(rows)
  return rows.every(({ passed }) => passed)
}

const python = preparePython(options.python)
const passed = [await compareAll(python)]
if (!options.only) {
  passed.push(passes('models.mjs', ['--python', python, '--cached']))
  passed.push(passes('tortoise_text.mjs', ['--python', python, '--count', String(TEXTS)]))
  passed.push(passes('split.mjs', ['--python', python]))
  const more = ['--threads', options.threads, ...(options.full ? ['--full'] : [])]
  passed.push(passes('speech_live.mjs', ['--python', python, ...more]))
}
if (passed.includes(false)) process.exitCode = 1
