#!/usr/bin/env node
/**
 * What prebuildify starts in node-gyp's place: builds the target named by CLVP_TARGET, and leaves the addon with its libraries
 * in build/Release below the current folder.
 */
import { copyFileSync, mkdirSync, rmSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { addonSettings, build } from '../build.mjs'
import { fetchSources } from '../fetch.mjs'
import { target } from './targets.mjs'
import { root, run } from './tools.mjs'
import { zigToolchain } from './zig.mjs'

const wanted = target(process.env.CLVP_TARGET)
const out = join(process.cwd(), 'build', 'Release')
rmSync(out, { recursive: true, force: true })
mkdirSync(out, { recursive: true })

function crossBuild() {
  const objects = join(process.cwd(), 'objects')
  fetchSources()
  run('cmake', [
    `-S${root}`,
    `-B${objects}`,
    '-GNinja',
    ...zigToolchain(wanted),
    '-DCLVP_NATIVE=OFF',
    `-DCLVP_CPU_VARIANTS=${wanted.variants.join(',')}`,
    `-DCLVP_LIBC=${wanted.libc}`,
    ...addonSettings(out),
  ])
  run('cmake', ['--build', objects, '--parallel', String(availableParallelism())])
}

/** One binary, on a Mac with Metal inside. */
function hostBuild() {
  build(['-DCLVP_NATIVE=OFF', '-DGGML_METAL_EMBED_LIBRARY=ON'])
  copyFileSync(join(root, 'build', 'Release', 'clvp.node'), join(out, 'clvp.node'))
}

try {
  if (wanted.zig) crossBuild()
  else hostBuild()
} catch (error) {
  console.error(`node-clvp: ${error.message}`)
  process.exitCode = 1
}
