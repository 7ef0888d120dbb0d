/** Runs `clvp batch` on the demo model: in this process, or in one of its own where it is to be killed. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { linesOf } from '../../dist/lib/batch/merge_file.js'
import { mergedRecords } from '../../dist/lib/batch/results.js'
import { FolderStore } from '../../dist/lib/batch/store.js'
import { findEntry } from '../../dist/lib/cli/catalogue.js'
import { UsageError } from '../../dist/lib/cli/command.js'
import { parse } from '../../dist/lib/cli/parser.js'
import { ClvpError } from '../../dist/lib/index.js'

export const main = fileURLToPath(new URL('../../dist/lib/cli/main.js', import.meta.url))

/** Short rows of the fastest kind that draws. */
export const few = ['--model', 'demo', '-n', '1', '--max-tokens', '8', '--threads', '1']

const sentences = ['The red apple is here.', 'Good morning Anna.', 'We saw dogs.', 'My brother works late.']

/** Rows with different ids. */
export function someRows(count, first = 0) {
  return Array.from({ length: count }, (_, i) => ({ id: `r${first + i}`, text: sentences[(first + i) % 4] }))
}

export function writeRows(file, rows) {
  const lines = rows.map((row) => (typeof row === 'string' ? row : JSON.stringify(row)))
  writeFileSync(file, lines.map((line) => `${line}\n`).join(''))
}

/** Commands with the paths of a folder. */
export function batchIn(folder) {
  const at = (...names) => join(folder, ...names)
  const inFolder = (word) => (/^[\w-]+(\.(jsonl|csv|tsv|txt|parquet))?$/.test(word) ? at(word) : word)
  /** @param input path in the folder, or '' for none; `-o` too */
  const run = async (name, input, ...args) => {
    const command = await findEntry(['batch', name]).entry.load()
    const argv = args.map((word, i) => (['-o', '--out'].includes(args[i - 1]) ? inFolder(word) : word))
    const context = { signal: new AbortController().signal, progress() {} }
    try {
      const {
        text,
        json,
        status = 0,
      } = await command.run(parse(command, [...(input === '' ? [] : [at(input)]), ...argv]), context)
      return { status, text, json, error: '' }
    } catch (error) {
      if (!(error instanceof ClvpError || error instanceof UsageError)) throw error
      const status = error instanceof UsageError || error.code === 'CLVP_INVALID_ARGUMENT' ? 2 : 1
      return { status, text: '', json: undefined, error: `${error.message} (${error.code ?? 'usage'})` }
    }
  }
  /** A process that can be killed. */
  const start = (...args) => {
    // Without tap's own hooks, which change what signals do.
    const env = { ...process.env, NODE_OPTIONS: '' }
    const options = { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'], env }
    const child = spawn(process.execPath, [main, 'batch', ...args], options)
    const output = { stdout: '', stderr: '' }
    for (const name of ['stdout', 'stderr']) {
      child[name].on('data', (data) => {
        output[name] += data
      })
    }
    const ended = once(child, 'close').then(([status, signal]) => ({ status, signal, ...output }))
    return { child, ended }
  }
  /** The merged lines of a run. */
  const merged = async (out, isPartial = false) => {
    let lines = ''
    for await (const part of mergedRecords(new FolderStore(at(out)), isPartial)) lines += linesOf(part)
    return lines
  }
  const records = async (out, isPartial = false) => {
    const lines = (await merged(out, isPartial)).split('\n').filter(Boolean)
    return lines.map((line) => JSON.parse(line))
  }
  return { run, start, merged, records, at }
}
