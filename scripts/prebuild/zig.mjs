/** Zig as a cross compiler: programs named as CMake and ccache expect them, each for one target. */
import { join } from 'node:path'
import { python, root, sitePackages, write } from './tools.mjs'

/** GGML asks for Arm's architectures, and zig knows CPUs by name only. */
const cpus = {
  'armv8-a': 'generic',
  'armv8.2-a+dotprod+fp16': 'generic+v8_2a+dotprod+fullfp16',
}
const renames = Object.entries(cpus).map(([march, cpu]) => `    -march=${march}) arg=-mcpu=${cpu} ;;\n`)
const translate = `for arg do\n  shift\n  case $arg in\n${renames.join('')}  esac\n  set -- "$@" "$arg"\ndone\n`

/** Writes the programs if need be, and returns CMake's settings that use them. */
export function zigToolchain({ name, zig, processor }) {
  const program = join(sitePackages(python('requirements.txt')), 'ziglang/zig')
  const folder = join(root, '.cache/zig', name)
  const cache = join(root, '.cache/zig/cache')
  const tool = (as, args) => {
    const path = join(folder, as)
    const text = `#!/bin/sh\n${translate}ZIG_GLOBAL_CACHE_DIR='${cache}' exec '${program}' ${args} "$@"\n`
    write(path, text, 0o755)
    return path
  }
  return [
    '-DCMAKE_SYSTEM_NAME=Linux',
    `-DCMAKE_SYSTEM_PROCESSOR=${processor}`,
    `-DCMAKE_C_COMPILER=${tool('clang', `cc -target ${zig}`)}`,
    `-DCMAKE_CXX_COMPILER=${tool('clang++', `c++ -target ${zig}`)}`,
    `-DCMAKE_AR=${tool('ar', 'ar')}`,
    `-DCMAKE_RANLIB=${tool('ranlib', 'ranlib')}`,
    // What nobody looks up by name is left out of the binaries.
    '-DCMAKE_SHARED_LINKER_FLAGS=-Wl,--strip-all',
    '-DCMAKE_MODULE_LINKER_FLAGS=-Wl,--strip-all',
    '-DCMAKE_POLICY_DEFAULT_CMP0056=NEW',
  ]
}
