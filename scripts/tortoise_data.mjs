#!/usr/bin/env node
/**
 * Writes quantize/data/tortoise.json: the tokens, merges and mel norms that tortoise's checkpoints were trained with, so that
 * the two checkpoints are enough. They are taken from the files data/tokenizer.json and data/mel_norms.pth of the PyPI package
 * tortoise-tts 3.0.0 (Apache-2.0, as its metadata and its LICENSE say), whose hashes are checked.
 *
 *   pip download --no-deps tortoise-tts==3.0.0      # a wheel, which is a zip; unpack it
 *   node scripts/tortoise_data.mjs FOLDER           # the unpacked folder, with tortoise/data in it
 *
 * It uses the package's own readers, so it needs `npm run build:lib`.
 */
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { argv } from 'node:process'
import { fileURLToPath } from 'node:url'
import { readNumbers } from '../dist/quantize/formats/numbers.js'
import { SINGLE_TENSOR } from '../dist/quantize/formats/state_dict.js'
import { TorchFile } from '../dist/quantize/formats/torch_file.js'

const target = fileURLToPath(new URL('../quantize/data/tortoise.json', import.meta.url))
const hashes = {
  'tokenizer.json': 'd1fa6e9b4741bb75b284331b833347c166ba8b0518e187f7370f123149ed87bb',
  'mel_norms.pth': '1f69422a8a8f344c4fca2f0c6b8d41d2151d6615b7321e48e6bb15ae949b119c',
}

const folder = argv[2]
if (folder === undefined)
  throw new Error('Expected the folder of the unpacked package: node scripts/tortoise_data.mjs FOLDER')

function checked(name) {
  const path = join(folder, 'tortoise', 'data', name)
  const hash = createHash('sha256').update(readFileSync(path)).digest('hex')
  if (hash !== hashes[name]) throw new Error(`Expected ${path} of tortoise-tts 3.0.0 but its hash is ${hash}`)
  return path
}

const { vocab, merges } = JSON.parse(readFileSync(checked('tokenizer.json'), 'utf8')).model
const tokens = Object.entries(vocab)
  .sort(([, a], [, b]) => a - b)
  .map(([token]) => token)
if (tokens.some((token, id) => vocab[token] !== id)) throw new Error('Expected ids without a gap')
const file = await TorchFile.open(checked('mel_norms.pth'))
const melNorms = [...(await readNumbers(file.tensors.get(SINGLE_TENSOR)))]
await file.close()
writeFileSync(target, `${JSON.stringify({ tokens, merges, melNorms })}\n`)
console.log(`${target}: ${tokens.length} tokens, ${merges.length} merges, ${melNorms.length} norms`)
