#!/usr/bin/env node
/**
 * Builds the documentation into static pages: README, the documents, the recipes, and the API reference. `npm run docs:site`
 * writes them to .build/site. A link that leads to nothing, and a doc comment with a fault, fail.
 */
import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brokenLinks } from './links.mjs'

const root = fileURLToPath(new URL('../..', import.meta.url))
const site = join(root, '.build', 'site')
const typedoc = join(
  dirname(createRequire(import.meta.url).resolve('typedoc/package.json')),
  'bin',
  'typedoc',
)

/** Pages beside README, which is the first. */
const documents = ['docs/*.md', 'docs/benchmarks/*.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'SECURITY.md']

const args = documents.flatMap((each) => ['--projectDocuments', each])
const { status } = spawnSync(process.execPath, [typedoc, ...args, '--out', site], {
  cwd: root,
  stdio: 'inherit',
})
if (status !== 0) process.exit(1)

const faults = brokenLinks(site)
for (const fault of faults) process.stderr.write(`${fault}\n`)
if (faults.length > 0) process.exit(1)
process.stdout.write(`${join(site, 'index.html')}: all links lead somewhere\n`)
