#!/usr/bin/env node
/** Formats the C and C++ sources with clang-format; with --check only says which are not formatted. */
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const folders = ['native', 'test/native', 'test/faults', 'test/fuzz', 'examples', 'scripts/bench']
const files = folders.flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true })
    .filter((name) => /\.(h|c|cpp)$/.test(name))
    .map((name) => join(folder, name)),
)

const tool = join(
  dirname(createRequire(import.meta.url).resolve('clang-format-node/package.json')),
  'build',
  'cli.js',
)
const mode = process.argv.includes('--check') ? ['--dry-run', '--Werror'] : ['-i']
const { status } = spawnSync(process.execPath, [tool, ...mode, ...files], { cwd: root, stdio: 'inherit' })
process.exitCode = status ?? 1
