#!/usr/bin/env node
/**
 * Makes a checkout ready: builds the addon, lib and the packages, each only where it is missing or older than its sources. `npm run demo` and
 * `npm test` call it, so that both work on a fresh clone after `npm ci`.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from './build.mjs'
import { writeCommonJs } from './commonjs.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const require = createRequire(import.meta.url)

/** When the newest file of some files and folders was written; 0 if there is none. */
export function newest(paths) {
  let time = 0
  for (const path of paths) {
    const found = statSync(path, { throwIfNoEntry: false })
    if (!found) continue
    const own = found.isDirectory()
      ? newest(readdirSync(path).map((name) => join(path, name)))
      : found.mtimeMs
    time = Math.max(time, own)
  }
  return time
}

/** Is what was made missing, or older than one of its sources? */
export function isStale(made, sources) {
  return !existsSync(made) || statSync(made).mtimeMs < newest(sources)
}

const at = (...names) => names.map((name) => join(root, name))

/** The sources of the addon. */
const nativeSources = at('native', 'CMakeLists.txt', 'scripts/build.mjs', 'scripts/sources.json')

function compile(project) {
  const tsc = join(dirname(require.resolve('typescript/package.json')), 'bin', 'tsc')
  const { status } = spawnSync(process.execPath, [tsc, '-p', project], { cwd: root, stdio: ['ignore', 2, 2] })
  if (status !== 0) throw new Error(`${project} could not be compiled: tsc says above why`)
}

/** Compiles lib, and each package, where that is due. */
export function readyLib() {
  const shared = at('tsconfig.json', 'package.json')
  const sources = [...shared, ...at('lib', 'quantize', 'scripts/commonjs.mjs')]
  if (isStale(join(root, 'dist/lib/index.cjs'), sources)) {
    compile('tsconfig.json')
    writeCommonJs()
  }
  for (const name of readdirSync(join(root, 'packages'))) {
    const folder = join('packages', name)
    const sources = at(join(folder, 'src'), join(folder, 'tsconfig.json'), 'dist/lib/index.js')
    if (isStale(join(root, folder, 'dist/index.js'), sources)) compile(folder)
  }
}

/** Builds the addon where that is due. A prebuilt one will do if none was built here. */
async function readyAddon() {
  const { addonPaths } = await import('../dist/lib/addon/addon.js')
  const found = addonPaths().find(existsSync)
  if (!found || isStale(found, nativeSources)) build()
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    readyLib()
    await readyAddon()
  } catch (error) {
    console.error(`node-clvp: ${error.message}`)
    process.exitCode = 1
  }
}
