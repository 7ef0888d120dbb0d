#!/usr/bin/env node
/**
 * Compares sound of UnivNet with that of transformers' UnivNetModel, run now, on the folders that it saves: small sizes, with plain weights
 * and with weight norms. Sound agrees within 1e-4 of full scale. Ends with 1 if it does not. Part of `npm run parity`; speech_live.mjs
 * compares with the transformers that tortoise-tts runs on.
 *
 *   npm run build:lib
 *   node scripts/parity/speech_univnet.mjs [--python .cache/parity-venv/bin/python]
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { sizes } from '../../test/helpers/speech_case.js'
import { compareSubjects, convertSpeechCase, writeSpeechCase } from '../../test/helpers/speech_models.js'
import { printTable } from './table.mjs'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const { values: options } = parseArgs({
  options: { python: { type: 'string', default: join(ROOT, '.cache/parity-venv/bin/python') } },
})

async function compareSize(size, work) {
  const folder = join(work, size.name)
  const asked = writeSpeechCase(size, folder)
  const path = join(folder, 'case.json')
  writeFileSync(path, JSON.stringify({ ...asked, folder }))
  const script = join(ROOT, 'scripts/parity/speech_univnet.py')
  const { status, stderr, error } = spawnSync(options.python, [script, '--case', path], { encoding: 'utf8' })
  if (error || status !== 0) throw error ?? new Error(`The reference failed: ${stderr}`)
  const answers = JSON.parse(readFileSync(join(folder, 'answers.json'), 'utf8'))
  const files = await convertSpeechCase(size, folder)
  const rows = await compareSubjects(files, asked, ['univnets'], answers)
  return rows.map((row) => ({ size: size.name, ...row }))
}

const work = mkdtempSync(join(tmpdir(), 'clvp-univnet-'))
try {
  const rows = []
  for (const size of sizes) rows.push(...(await compareSize(size, work)))
  const cells = rows.map(({ size, quantity, compared, max, l2, passed }) => {
    return [size, quantity, compared, max.toExponential(1), l2.toExponential(1), passed ? 'ok' : 'FAIL']
  })
  printTable([['size', 'quantity', 'compared', 'max|a-b|/max|b|', 'L2 relative', 'verdict'], ...cells])
  if (!rows.every(({ passed }) => passed)) process.exitCode = 1
} finally {
  rmSync(work, { recursive: true, force: true })
}
