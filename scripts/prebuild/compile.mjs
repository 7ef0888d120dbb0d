#!/usr/bin/env node
/**
 * What prebuildify starts in node-gyp's place: builds the target named by CLVP_TARGET, and leaves the addon with its libraries
 * in build/Release below the current folder.
 */
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { addonSettings, build } from '../build.mjs'
import { fetchSources } from '../fetch.mjs'
import { readPe } from './pe.mjs'
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
  const configure = (...more) =>
    run('cmake', [
      `-S${root}`,
      `-B${objects}`,
      '-GNinja',
      ...zigToolchain(wanted),
      '-DCLVP_NATIVE=OFF',
      `-DCLVP_CPU_VARIANTS=${wanted.variants.join(',')}`,
      `-DCLVP_LIBC=${wanted.libc ?? wanted.platform}`,
      ...addonSettings(out),
      ...more,
    ])
  const make = (...more) =>
    run('cmake', ['--build', objects, '--parallel', String(availableParallelism()), ...more])
  configure('-DCLVP_GGML_EXPORTS=')
  if (wanted.platform === 'win32') {
    make('--target', 'ggml-base')
    configure(`-DCLVP_GGML_EXPORTS=${writeExports(objects)}`)
  }
  make()
}

/**
 * GGML's library on Windows shows all that is in it, and zig's linker takes parts of the C library for its own: what uses GGML's would have them twice.
 * The list of what it shows is therefore made from a first library, without them.
 */
function writeExports(objects) {
  const library = readdirSync(out).find((file) => /clvp-ggml-.*\.dll$/.test(file))
  const { exported } = readPe(readFileSync(join(out, library)))
  const path = join(objects, 'ggml.def')
  const own = exported.filter((name) => !/^(atexit|_CRT_INIT|__mingw_.*|__unw_.*|_Unwind_.*)$/.test(name))
  writeFileSync(path, `EXPORTS\n${own.join('\n')}\n`)
  return path
}

/** One binary, on a Mac with Metal inside. */
function hostBuild() {
  build(['-DCLVP_NATIVE=OFF', '-DGGML_METAL_EMBED_LIBRARY=ON'])
  copyFileSync(join(root, 'build', 'Release', 'clvp.node'), join(out, 'clvp.node'))
}

try {
  if (wanted.zig && process.platform === 'linux') crossBuild()
  else hostBuild()
} catch (error) {
  console.error(`node-clvp: ${error.message}`)
  process.exitCode = 1
}
