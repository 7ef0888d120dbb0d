#!/usr/bin/env node
/**
 * Builds the addon: sources by fetch.mjs, then cmake-js over CMakeLists.txt into .build/release (node-gyp wipes
 * build/, so the objects live elsewhere and a second build is quick), then build/Release/clvp.node.
 * Arguments after `--` go to CMake: `node scripts/build.mjs -- --CDCLVP_NATIVE=OFF`.
 */
import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, renameSync } from 'node:fs'
import { createRequire } from 'node:module'
import { availableParallelism } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fetchSources } from './fetch.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const require = createRequire(import.meta.url)

/** What a build needs besides Node, and how to get it. The first command found of each row is enough. */
const tools = [
  {
    need: 'CMake 3.21 or newer',
    commands: ['cmake'],
    remedy: "install it, e.g. 'apt install cmake' or 'brew install cmake'",
  },
  {
    need: 'a C++17 compiler',
    commands:
      process.platform === 'win32' ? ['cmake'] : [process.env.CXX, 'c++', 'g++', 'clang++'].filter(Boolean),
    remedy: "install one, e.g. 'apt install g++' or 'xcode-select --install', or set CXX",
  },
]

export function checkTools() {
  for (const { need, commands, remedy } of tools) {
    const found = commands.some(
      (command) => !spawnSync(command.split(' ')[0], ['--version'], { stdio: 'ignore' }).error,
    )
    if (!found) throw new Error(`a build from source needs ${need}: ${remedy}, then run the build again`)
  }
}

export function build(extra = []) {
  checkTools()
  fetchSources()
  const out = join(root, '.build', 'release')
  const cli = join(dirname(require.resolve('cmake-js/package.json')), 'bin', 'cmake-js')
  const fresh = !existsSync(join(out, 'CMakeCache.txt'))
  const ninja =
    fresh && !spawnSync('ninja', ['--version'], { stdio: 'ignore' }).error ? ['--generator', 'Ninja'] : []
  // Configured each time, so that changed flags count; what has not changed is not compiled again.
  for (const step of [
    ['configure', ...ninja, ...extra],
    ['build', '--parallel', String(availableParallelism())],
  ]) {
    const { status } = spawnSync(process.execPath, [cli, ...step, '--out', out], {
      cwd: root,
      stdio: ['ignore', 2, 2],
    })
    if (status !== 0) throw new Error('the native build failed: the compiler says above why')
  }
  const built = [join(out, 'Release', 'clvp.node'), join(out, 'clvp.node')].find(existsSync)
  if (!built) throw new Error(`the build made no clvp.node in ${out}`)
  install(built)
}

/** Copies and renames, so that a process that has the old addon mapped keeps its file. */
function install(built) {
  const target = join(root, 'build', 'Release', 'clvp.node')
  mkdirSync(dirname(target), { recursive: true })
  copyFileSync(built, `${target}.tmp`)
  renameSync(`${target}.tmp`, target)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const dashes = process.argv.indexOf('--')
  try {
    build(dashes < 0 ? [] : process.argv.slice(dashes + 1))
  } catch (error) {
    console.error(`node-clvp: ${error.message}`)
    process.exitCode = 1
  }
}
