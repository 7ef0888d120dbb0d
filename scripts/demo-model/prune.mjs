#!/usr/bin/env node
/**
 * What `prune` saves and loses on the demo model: sentences that are drawn with and without it, in turn. Prints a table: the time, the score that
 * the best candidate lost on average, and how often the best was given up. Needs python3 for the sentences.
 *
 *   npm run build:lib
 *   node scripts/demo-model/prune.mjs [--count 64] [--candidates 16] [--model FILE]
 */
import { execFileSync } from 'node:child_process'
import { parseArgs } from 'node:util'
import { Clvp } from '../../dist/lib/index.js'
import { here } from './python.mjs'
import { mean } from './statistics.mjs'

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '64' },
    candidates: { type: 'string', default: '16' },
    model: { type: 'string', default: Clvp.demo },
  },
})
const shares = [0, 0.1, 0.25, 0.5, 0.75]
const script = `import sys; sys.path.insert(0, ${JSON.stringify(here)})
from sentences import sentences
print("\\n".join(sentences(${Number(values.count)}, 4242)))`
const texts = execFileSync('python3', ['-c', script], { encoding: 'utf8' }).trim().split('\n')

const clvp = await Clvp.load(values.model)
const voice = await clvp.voice(Clvp.demoVoice)
const found = shares.map(() => ({ times: [], lost: [], left: [] }))
for (const [seed, text] of texts.entries()) {
  let best
  for (const [i, prune] of shares.entries()) {
    const result = await clvp.generate(text, { voice, candidates: Number(values.candidates), seed, prune })
    best ??= result.best.score
    found[i].times.push(result.timings.totalMs)
    found[i].lost.push(best - result.best.score)
    found[i].left.push(result.candidates.length)
  }
}
await clvp.dispose()

const totals = found.map(({ times }) => times)
const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1]
console.log('share  candidates left  score lost  best given up  time against none')
for (const [i, { lost, left }] of found.entries()) {
  const ratio = median(totals[i].map((time, k) => time / totals[0][k]))
  const given = lost.filter((each) => each > 1e-3).length
  console.log(
    [
      String(shares[i]).padStart(5),
      mean(left).toFixed(1).padStart(15),
      mean(lost).toFixed(3).padStart(10),
      `${((100 * given) / lost.length).toFixed(0)} %`.padStart(13),
      ratio.toFixed(2).padStart(17),
    ].join('  '),
  )
}
