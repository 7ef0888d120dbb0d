#!/usr/bin/env node
/**
 * Runs test files by Windows' binaries under wine, one after the other, and counts what passes:
 *
 *   node scripts/prebuild/wine_tests.mjs [FILE ...]     # default: all test files of the package; files given are those alone
 *
 * A file that takes more than two minutes is stopped, and counted as failed. Ends with 1 if any failed.
 */
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './tools.mjs'
import { runByFile, wineEnv, wineNode, wineNodes } from './wine.mjs'

const everyFile = () =>
  readdirSync(join(root, 'test'), { recursive: true })
    .filter((file) => file.endsWith('.test.js'))
    .map((file) => join('test', file))
    .toSorted()
const files = process.argv.length > 2 ? process.argv.slice(2) : everyFile()
const env = { ...process.env, ...wineEnv(), PREBUILDS_ONLY: '1' }
const total = { passed: 0, failed: 0, skipped: 0, files: 0 }
for (const file of files) {
  const { status, out, err } = runByFile(
    'wine',
    [wineNode(wineNodes.at(-1)), '--import', './scripts/prebuild/wine_links.mjs', file],
    {
      env,
      timeout: 120_000,
    },
  )
  // tap ends with a line such as: # { total: 14, pass: 10, fail: 4 }
  const { pass = 0, fail = 0, skip = 0 } = countsOf(/^# \{ (.*) \}$/m.exec(out)?.[1] ?? '')
  const isWhole = status === 0
  total.passed += pass
  total.skipped += skip
  total.failed += isWhole ? 0 : Math.max(1, fail)
  if (isWhole) total.files++
  else console.log(`${file}: status ${status}, ${fail} failed; ${firstLine(out, err)}`)
}
spawnSync('wineserver', ['-k'], { env })
const { passed, failed, skipped } = total
console.log(`${total.files} of ${files.length} files; ${passed} passed, ${failed} failed, ${skipped} skipped`)
process.exitCode = failed > 0 ? 1 : 0

function countsOf(text) {
  return Object.fromEntries(
    [...text.matchAll(/(\w+): (\d+)/g)].map(([, name, count]) => [name, Number(count)]),
  )
}

function firstLine(out, err) {
  const line = /^\s*not ok \d+ - (.*)$/m.exec(out)?.[1] ?? err.trim().split('\n').at(-1)
  return line.slice(0, 150)
}
