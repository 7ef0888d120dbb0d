#!/usr/bin/env node
/**
 * Builds the package's binaries into prebuilds/, through prebuildify: `npm run prebuilds [-- TARGET ...]`, by default all
 * that this host can build. Ends with a check of what they ask of the system.
 */
import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import prebuildify from 'prebuildify'
import { checkMachO } from './macho.mjs'
import { checkPe } from './pe.mjs'
import { checkSymbols } from './symbols.mjs'
import { buildable, target } from './targets.mjs'
import { here, root } from './tools.mjs'

/** Two C libraries share a folder: only this target's files are taken away. */
function clear(folder, libc) {
  mkdirSync(folder, { recursive: true })
  for (const file of readdirSync(folder)) {
    if (!libc || file.split(/[.-]/).includes(libc)) rmSync(join(folder, file))
  }
}

async function prebuild({ name, platform, arch, libc }) {
  const folder = join(root, 'prebuilds', `${platform}-${arch}`)
  const cwd = join(root, '.build', 'prebuild', name)
  mkdirSync(cwd, { recursive: true })
  clear(folder, libc)
  process.env.CLVP_TARGET = name
  await promisify(prebuildify)({
    cwd,
    out: root,
    name: 'node-clvp',
    targets: [process.versions.node],
    napi: true,
    platform,
    arch,
    libc: libc ?? '',
    tagLibc: Boolean(libc),
    nodeGyp: join(here, process.platform === 'win32' ? 'compile.cmd' : 'compile.mjs'),
  })
  return folder
}

const checks = { linux: checkSymbols, darwin: checkMachO, win32: checkPe }

const { positionals } = parseArgs({ allowPositionals: true })
try {
  for (const name of positionals.length > 0 ? positionals : buildable()) {
    const wanted = target(name)
    const folder = await prebuild(wanted)
    checks[wanted.platform](folder, wanted)
  }
} catch (error) {
  console.error(`node-clvp: ${error.message}`)
  process.exitCode = 1
}
