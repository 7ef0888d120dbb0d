/**
 * Compares the configurations, the tokenizer's calls, the feature extractor and the processor with transformers', live, and
 * lets transformers read what ours save and ours read what transformers saves. Ends with 1 when anything differs.
 *
 *   npm run build:lib
 *   node scripts/parity/processing.mjs [--python .cache/parity-venv/bin/python]
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { exit } from 'node:process'
import { fileURLToPath } from 'node:url'
import { isDeepStrictEqual, parseArgs } from 'node:util'
import * as api from '../../dist/lib/index.js'
import {
  compareConfigs,
  compareExtractor,
  compareProcessor,
  compareTokenizer,
  relativeError,
} from '../../test/helpers/processing.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const REFERENCE = join(ROOT, 'scripts/parity/processing_reference.py')
const LIMIT = 1e-5
const DIFFERENCES_SHOWN = 5

const { values: options } = parseArgs({
  options: { python: { type: 'string', default: join(ROOT, '.cache/parity-venv/bin/python') } },
})
if (!existsSync(options.python)) {
  throw new Error(`No Python at ${options.python}: give one that has transformers with --python`)
}

function askReference(folder, ...args) {
  const out = join(folder, 'answered.json')
  const run = spawnSync(options.python, [REFERENCE, ...args, '--out', out], { encoding: 'utf8' })
  if (run.status !== 0) throw new Error(`The reference failed: ${run.stderr || run.error}`)
  return JSON.parse(readFileSync(out, 'utf8'))
}

/** What ours write: byte for byte as transformers writes it, and read by it as it was meant. */
async function* compareFiles(folder, answers, { vocab, merges }) {
  const at = (name) => join(folder, name)
  const small = {
    textConfig: { vocabSize: 64, hiddenSize: 48, numAttentionHeads: 4 },
    logitScaleInitValue: 1,
  }
  const config = new api.ClvpConfig(small)
  const encoder = new api.ClvpEncoderConfig({ dropout: 0, layerNormEps: 1e-12, initializerFactor: 2 })
  const decoder = new api.ClvpDecoderConfig({ nInner: 100, eosTokenId: [5, 6], initializerRange: 1 })
  const extractor = api.ClvpFeatureExtractor.fromDict(answers.extractors['norms, left, loud'])
  const tokenizer = new api.ClvpTokenizer({ vocab, merges, paddingSide: 'left', truncationSide: 'left' })
  const processor = new api.ClvpProcessor(extractor, new api.ClvpTokenizer({ vocab, merges }))
  const made = { config, encoder, decoder, extractor, tokenizer, processor }
  for (const [name, object] of Object.entries(made)) await object.savePretrained(at(name))
  const loaded = askReference(folder, '--load', folder)

  const reads = (what, expected, actual) => ({
    method: `transformers reads ${what}`,
    asked: what,
    expected,
    actual,
  })
  const text = (name, file) => readFileSync(join(at(name), file), 'utf8')
  yield reads('config.json', text('config', 'config.json'), loaded.config)
  yield reads('encoder config.json', text('encoder', 'config.json'), loaded.encoder)
  yield reads('decoder config.json', text('decoder', 'config.json'), loaded.decoder)
  yield reads('speech_config', config.speechConfig.toJSON(), JSON.parse(loaded.speech))
  yield reads('preprocessor_config.json', text('extractor', 'preprocessor_config.json'), loaded.extractor)
  yield reads('processor_config.json', text('processor', 'preprocessor_config.json'), loaded.processor)
  yield reads('vocabulary', tokenizer.getVocab(), loaded.vocab)
  yield reads('tokenizer_config.json', ['left', 'left'], loaded.sides)
  for (const [index, one] of loaded.texts.entries()) {
    const ids = Array.from(tokenizer.encode(one))
    yield reads('merges.txt', ids, loaded.ids[index])
    yield reads('processor tokenizer', ids, loaded['processor ids'][index])
  }

  const [folders, written] = [
    { 'config.json': 'written', 'preprocessor_config.json': 'extractor' },
    answers.files,
  ]
  await api.ClvpConfig.fromDict(JSON.parse(written['config.json'])).savePretrained(at('written'))
  for (const [file, expected] of Object.entries(written)) {
    const actual = text(folders[file] ?? 'processor', file)
    yield { method: 'files byte for byte', asked: file, expected, actual }
  }
  yield* readsOurs(at('theirs'), written, { vocab, merges }, extractor)
}

/** What transformers writes, merges without their version line and all, ours read. */
async function* readsOurs(folder, written, { vocab, merges }, extractor) {
  mkdirSync(folder)
  for (const [file, content] of Object.entries(written)) {
    if (file !== 'preprocessor_config.json') writeFileSync(join(folder, file), content)
  }
  writeFileSync(join(folder, 'vocab.json'), JSON.stringify(vocab))
  writeFileSync(join(folder, 'merges.txt'), `${merges.join('\n')}\n`)
  const processor = await api.ClvpProcessor.fromPretrained(folder)
  const reads = (asked, expected, actual) => ({ method: 'ours reads theirs', asked, expected, actual })
  yield reads('extractor', extractor.toJSON(), processor.featureExtractor.toJSON())
  yield reads('merges', merges, [...processor.tokenizer.merges])
  const config = await api.ClvpConfig.fromPretrained(folder)
  yield reads('config', JSON.parse(written['config.json']), config.toJSON())
  const decoder = await api.ClvpDecoderConfig.fromPretrained(folder)
  yield reads('decoder', config.decoderConfig.toJSON(), decoder.toJSON())
}

/** The table's lines, and what differs. */
class Tally {
  rows = new Map()
  differences = []

  add({ method, asked, expected, actual, floats }) {
    const row = this.rows.get(method) ?? { compared: 0, equal: 0, 'largest relative error': undefined }
    const error = floats ? relativeError(floats) : undefined
    const equal = floats ? error <= LIMIT : isDeepStrictEqual(actual, expected)
    row.compared++
    row.equal += equal ? 1 : 0
    if (error !== undefined)
      row['largest relative error'] = Math.max(row['largest relative error'] ?? 0, error)
    this.rows.set(method, row)
    if (!equal) this.differences.push({ method, asked, ...(floats ? { error } : { expected, actual }) })
  }

  print() {
    const shown = [...this.rows].map(([method, row]) => {
      const error = row['largest relative error']
      return { method, ...row, 'largest relative error': error === undefined ? '' : error.toExponential(2) }
    })
    console.table(shown)
    const total = shown.reduce((sum, { compared }) => sum + compared, 0)
    console.log(`${total} comparisons, ${this.differences.length} differ`)
    for (const one of this.differences.slice(0, DIFFERENCES_SHOWN)) console.log(JSON.stringify(one))
  }
}

const tally = new Tally()
const folder = mkdtempSync(join(tmpdir(), 'clvp-processing-'))
try {
  const vocabulary = JSON.parse(readFileSync(join(ROOT, 'test/golden/tokenizer.json'), 'utf8'))
  const answers = askReference(folder)
  for (const one of compareConfigs(answers, api)) tally.add(one)
  for await (const one of compareTokenizer(answers, api, vocabulary)) tally.add(one)
  for await (const one of compareExtractor(answers, api)) tally.add(one)
  for await (const one of compareProcessor(answers, api, vocabulary)) tally.add(one)
  for await (const one of compareFiles(folder, answers, vocabulary)) tally.add(one)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
tally.print()
exit(tally.differences.length > 0 ? 1 : 0)
