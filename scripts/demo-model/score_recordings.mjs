#!/usr/bin/env node
/**
 * How well the demo model tells what recordings say: held-out sentences spoken by espeak-ng, as WAV files, encoded and scored
 * from the sound alone. Needs espeak-ng's library and the Python of held_out.py. Ends with 1 if the right text is first among
 * all texts for less than 95 % of the recordings.
 *
 *   npm run build:lib
 *   node scripts/demo-model/score_recordings.mjs [--count 64] [--python FILE]
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Clvp } from '../../dist/lib/index.js'
import { findPython, here, run } from './python.mjs'

const goal = 0.95

const { values: options } = parseArgs({
  options: { count: { type: 'string', default: '64' }, python: { type: 'string' } },
})

/** Is the first the largest? */
const isFirst = ([own, ...others]) => others.every((other) => other < own)
const share = (right, all) => `${right} of ${all} (${((100 * right) / all).toFixed(1)} %)`

const folder = mkdtempSync(join(tmpdir(), 'clvp-recordings-'))
const clvp = await Clvp.load(Clvp.demo)
try {
  const script = join(here, 'held_out_wav.py')
  run(options.python ?? findPython(), [script, '--count', options.count, '--out', folder])
  const sentences = JSON.parse(readFileSync(join(folder, 'texts.json'), 'utf8'))
  const files = sentences.map((_, i) => join(folder, `${String(i).padStart(3, '0')}.wav`))
  const texts = sentences.map(({ text }) => text)
  const { scores } = await clvp.scoreTable(texts, files)
  const ownFirst = (row, i) => isFirst([row[i], ...row.toSpliced(i, 1)])
  const among = scores.filter(ownFirst).length
  const columns = texts.map((_, j) => scores.map((row) => row[j]))
  const heard = columns.filter(ownFirst).length
  let near = 0
  for (const [i, { text, misses }] of sentences.entries()) {
    const { scores } = await clvp.scoreTable([text, ...misses], files[i])
    if (isFirst(scores[0])) near++
  }
  console.log(`right text first among all ${texts.length} texts: ${share(among, files.length)}`)
  console.log(`right recording first among all ${files.length} recordings: ${share(heard, files.length)}`)
  console.log(
    `right text first among it and ${sentences[0].misses.length} near misses: ${share(near, files.length)}`,
  )
  process.exitCode = among >= goal * files.length ? 0 : 1
} finally {
  await clvp.dispose()
  rmSync(folder, { recursive: true })
}
