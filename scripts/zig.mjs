/** Zig as a C and C++ compiler: programs named as CMake and ccache expect them, each for one target. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const cacheFolder = join(dirname(dirname(fileURLToPath(import.meta.url))), '.cache', 'zig')

/** GGML asks for Arm's architectures, and zig knows CPUs by name only. */
const cpus = {
  'armv8-a': 'generic',
  'armv8.2-a+dotprod+fp16': 'generic+v8_2a+dotprod+fullfp16',
}
const renames = Object.entries(cpus).map(([march, cpu]) => `    -march=${march}) arg=-mcpu=${cpu} ;;\n`)
const translate = `for arg do\n  shift\n  case $arg in\n${renames.join('')}  esac\n  set -- "$@" "$arg"\ndone\n`

/** Writes a program; one that is there already keeps its date, by which ccache knows compilers. */
function write(path, text) {
  if (existsSync(path) && readFileSync(path, 'utf8') === text) return
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text, { mode: 0o755 })
}

/**
 * Writes the programs if need be, and returns CMake's settings that name them.
 *
 * @param zig   the program
 * @param name  the folder of the programs
 * @param target  such as 'x86_64-linux-gnu.2.28'; without one, this machine
 */
export function zigPrograms(zig, name, target) {
  const forTarget = target ? ` -target ${target}` : ''
  const tool = (as, args) => {
    const path = join(cacheFolder, name, as)
    write(
      path,
      `#!/bin/sh\n${translate}ZIG_GLOBAL_CACHE_DIR='${join(cacheFolder, 'cache')}' exec '${zig}' ${args} "$@"\n`,
    )
    return path
  }
  return [
    `-DCMAKE_C_COMPILER=${tool('clang', `cc${forTarget}`)}`,
    `-DCMAKE_CXX_COMPILER=${tool('clang++', `c++${forTarget}`)}`,
    `-DCMAKE_AR=${tool('ar', 'ar')}`,
    `-DCMAKE_RANLIB=${tool('ranlib', 'ranlib')}`,
    `-DCMAKE_RC_COMPILER=${tool('rc', 'rc')}`, // which CMake asks for on Windows alone
  ]
}
