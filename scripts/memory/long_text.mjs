#!/usr/bin/env node
/**
 * What `clvp speak` takes for long texts, each in a process of its own, and what Ctrl-C costs. Not on Windows, which has no such signal.
 *
 *   node scripts/memory/long_text.mjs model.gguf [--words 100,500,2000] [-- FLAGS of clvp speak]
 *
 * The last text is spoken once more with --parts, stopped after a third of its parts, and spoken again: the sound must be the same.
 * Ends with 1 if it is not, or if more than one part was lost.
 */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { Clvp } from '../../dist/lib/index.js'

const main = fileURLToPath(new URL('../../dist/lib/cli/main.js', import.meta.url))
const passed = process.argv.indexOf('--')
const own = process.argv.slice(2, passed < 0 ? undefined : passed)
const { values, positionals } = parseArgs({
  args: own,
  options: { words: { type: 'string', default: '100,500,2000' } },
  allowPositionals: true,
})
if (positionals.length !== 1) throw new Error('which model? See the comment at the top')
const flags = [
  ...['--voice', Clvp.demoVoice, '--seed', '1', '--gates', 'off'],
  ...(passed < 0 ? [] : process.argv.slice(passed + 1)),
]

const folder = mkdtempSync(join(tmpdir(), 'clvp-long-'))
const at = (name) => join(folder, name)

/** Sentences of 7 to 13 words, all unlike. */
function textOf(words) {
  const known =
    'the old house near a river had seven small windows and one green door that nobody opened'.split(' ')
  const sentences = []
  for (let left = words, n = 0; left > 0; n++) {
    const length = Math.min(left, 7 + (n % 7))
    const picked = Array.from({ length }, (_, i) => known[(5 * n + i * (1 + (n % 5))) % known.length])
    sentences.push(`${picked[0][0].toUpperCase()}${picked.join(' ').slice(1)}.`)
    left -= length
  }
  return sentences.join(' ')
}

const command = (words, ...args) => [
  ...[main, 'speak', resolve(positionals[0]), '--text-file', at(`${words}.txt`)],
  ...flags,
  ...args,
]

function speak(words, ...args) {
  const { status, stdout, stderr } = spawnSync(process.execPath, command(words, '--json', ...args), {
    encoding: 'utf8',
    maxBuffer: 2 ** 30,
  })
  if (status !== 0) throw new Error(stderr)
  return JSON.parse(stdout)
}

const partsIn = (name) =>
  existsSync(at(name)) ? readdirSync(at(name)).filter((each) => each.endsWith('.json')) : []

/** Speaks until a number of parts are there, then presses Ctrl-C. */
async function interrupt(words, parts, ...args) {
  const child = spawn(process.execPath, command(words, ...args), { stdio: 'ignore' })
  const ended = once(child, 'exit')
  while (child.exitCode === null && partsIn('parts').length < parts) await sleep(5)
  child.kill('SIGINT')
  return (await ended)[0]
}

try {
  const lengths = values.words.split(',').map(Number)
  console.log('| words | parts | sound | took | peak memory | file |\n|---|---|---|---|---|---|')
  let last
  for (const words of lengths) {
    writeFileSync(at(`${words}.txt`), textOf(words))
    last = speak(words, '-o', at(`${words}.wav`))
    const cells = [
      String(last.parts.length),
      `${last.seconds.toFixed(0)} s`,
      `${(last.timings.totalMs / 1000).toFixed(1)} s`,
      `${(last.timings.peakRssBytes / 1e6).toFixed(0)} MB`,
      `${(readFileSync(at(`${words}.wav`)).length / 1e6).toFixed(1)} MB`,
    ]
    console.log(`| ${words} | ${cells.join(' | ')} |`)
  }
  const words = lengths.at(-1)
  const resumable = ['-o', at('again.wav'), '--parts', at('parts')]
  const wanted = Math.ceil(last.parts.length / 3)
  const code = await interrupt(words, wanted, ...resumable)
  const kept = partsIn('parts').length
  const isHalf = existsSync(at('again.wav'))
  speak(words, ...resumable)
  const isSame = readFileSync(at('again.wav')).equals(readFileSync(at(`${words}.wav`)))
  console.log(
    `Ctrl-C after ${wanted} of ${last.parts.length} parts: exit status ${code}, ${kept} parts kept, ${isHalf ? 'half a file' : 'no file'}; spoken again: ${isSame ? 'the same file' : 'ANOTHER FILE'}`,
  )
  if (code !== 130 || kept < wanted || isHalf || !isSame) process.exitCode = 1
} finally {
  rmSync(folder, { recursive: true })
}
