#!/usr/bin/env node
/**
 * Builds the addon: sources by fetch.mjs, tools by toolchain.mjs, CMake (by cmake-js, where it is installed) over CMakeLists.txt into .build/release, then
 * build/Release/clvp.node.
 * Arguments after `--` go to CMake: `node scripts/build.mjs -- -DCLVP_NATIVE=OFF`. `npx clvp build` runs it in an installed package.
 */
import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, renameSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fetchSources } from './fetch.mjs'
import { toolchain } from './toolchain.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const out = join(root, '.build', 'release')

/** CMake's settings for the addon, which goes into `folder`. */
export const addonSettings = (folder) => ['-DCLVP_ADDON=ON', `-DCMAKE_LIBRARY_OUTPUT_DIRECTORY=${folder}`]

/**
 * Runs CMake over CMakeLists.txt, with sources and tools in their places. What has not changed is not compiled again.
 *
 * @returns the environment in which CMake's programs are found
 */
export function runCMake(folder, settings, targets = [], stdio = ['ignore', 2, 2]) {
  const tools = toolchain()
  fetchSources()
  const run = (args) => {
    const { status, error } = spawnSync('cmake', args, { cwd: root, stdio, env: tools.env })
    if (error) throw error
    if (status !== 0) throw new Error('the native build failed: the compiler says above why')
  }
  const hasNinja = !spawnSync('ninja', ['--version'], { stdio: 'ignore', env: tools.env }).error
  const isFresh = !existsSync(join(folder, 'CMakeCache.txt'))
  const generator = isFresh && hasNinja ? ['-G', 'Ninja'] : []
  const release = ['-DCMAKE_BUILD_TYPE=Release', '--no-warn-unused-cli']
  run(['-S', root, '-B', folder, ...generator, ...release, ...tools.settings, ...settings])
  const only = targets.length > 0 ? ['--target', ...targets] : []
  run(['--build', folder, '--config', 'Release', '--parallel', String(availableParallelism()), ...only])
  return tools.env
}

/** The program of cmake-js, which a checkout has in its own node_modules, and an installed package has not. */
const cmakeJs = join(root, 'node_modules', 'cmake-js', 'bin', 'cmake-js')

/**
 * The same as {@link runCMake} by cmake-js, which runs CMake with the settings that addons have elsewhere. The package does without it: it brings 38
 * others, which each user would have to install for a build that few need.
 */
function runCMakeJs(settings) {
  const tools = toolchain()
  fetchSources()
  const run = (...args) => {
    const { status } = spawnSync(process.execPath, [cmakeJs, ...args, '--out', out], {
      cwd: root,
      stdio: ['ignore', 2, 2],
      env: tools.env,
    })
    if (status !== 0) throw new Error('the native build failed: the compiler says above why')
  }
  const hasNinja = !spawnSync('ninja', ['--version'], { stdio: 'ignore', env: tools.env }).error
  const isFresh = !existsSync(join(out, 'CMakeCache.txt'))
  const generator = isFresh && hasNinja ? ['--generator', 'Ninja'] : []
  const given = [...tools.settings, ...settings].map((setting) => setting.replace(/^-D/, '--CD'))
  run('configure', ...generator, ...given)
  run('build', '--parallel', String(availableParallelism()))
  return tools.env
}

/** Builds and installs the addon. */
export function build(settings = []) {
  const folder = join(out, 'Release')
  const all = [...addonSettings(folder), ...settings]
  const env = existsSync(cmakeJs) ? runCMakeJs(all) : runCMake(out, all)
  const built = [join(folder, 'clvp.node'), join(folder, 'Release', 'clvp.node')].find(existsSync)
  if (!built) throw new Error(`the build made no clvp.node in ${out}`)
  install(built)
  return env
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
