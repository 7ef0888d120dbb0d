#!/usr/bin/env node
/**
 * Puts the C and C++ sources the build needs into third_party/. From packages pinned by hash in sources.json:
 * GGML from the git bundle inside an npm package, miniaudio and stb_vorbis from a PyPI source package. From node_modules: the headers of Node-API,
 * so that the published package has them too. Does nothing where they are there already. Run by scripts/build.mjs; `--force` fetches again.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fromPypi, pythonWithPip } from './toolchain.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const require = createRequire(import.meta.url)
const sources = JSON.parse(readFileSync(join(root, 'scripts', 'sources.json'), 'utf8'))

/** Runs a program; on failure says which step failed, what the program said, and the way out. */
function run(step, program, args, options = {}) {
  try {
    return execFileSync(program, args, { stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8', ...options })
  } catch (error) {
    const said = String(error.stderr || error.message)
      .trim()
      .split('\n')
      .slice(-3)
      .join('\n  ')
    const cause = error.code === 'ENOENT' ? `the program '${program}' was not found` : said
    throw new Error(`could not ${step}: ${cause}`)
  }
}

function sha(algorithm, encoding, file) {
  return createHash(algorithm).update(readFileSync(file)).digest(encoding)
}

function check(what, expected, actual) {
  if (actual !== expected)
    throw new Error(`${what} has hash ${actual}, but ${expected} is pinned: refusing to use it`)
}

/** Moves a finished folder to its place in one step, so that a cut fetch never looks like a whole one. */
function place(from, name, version) {
  const target = join(root, 'third_party', name)
  writeFileSync(join(from, '.version'), `${version}\n`)
  mkdirSync(dirname(target), { recursive: true })
  rmSync(target, { recursive: true, force: true })
  const staged = `${target}.${process.pid}.tmp`
  cpSync(from, staged, { recursive: true })
  renameSync(staged, target)
}

/** Checks ggml's folder and the licence out of a git bundle: by git, or where there is none by dulwich, which PyPI has. */
function checkOut(bundle, commit, clone) {
  if (!spawnSync('git', ['--version']).error) {
    run('read the git bundle', 'git', ['clone', '--quiet', '--no-checkout', bundle, clone])
    run('check out ggml', 'git', ['-C', clone, 'checkout', '--quiet', commit, '--', 'ggml', 'LICENSE'])
    return
  }
  const dulwich = fromPypi('dulwich')
  const script = join(root, 'scripts', 'check_out.py')
  run('read the git bundle by dulwich', pythonWithPip(), [script, dulwich, bundle, commit, clone])
}

function fetchGgml(work) {
  const { package: name, integrity, bundle, commit, version } = sources.ggml
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'
  // `npm pack --dry-run` of this package calls this script, and npm gives its settings to what it calls.
  const args = ['pack', name, '--silent', '--dry-run=false', '--pack-destination', work]
  run(`download ${name} from the npm registry`, npm, args, { shell: process.platform === 'win32' })
  const tarball = join(
    work,
    readdirSync(work).find((file) => file.endsWith('.tgz')),
  )
  check(name, integrity, `sha512-${sha('sha512', 'base64', tarball)}`)
  run('unpack the npm package', 'tar', ['-xzf', tarball, '-C', work, bundle])
  const clone = join(work, 'llama')
  checkOut(join(work, bundle), commit, clone)
  cpSync(join(clone, 'LICENSE'), join(clone, 'ggml', 'LICENSE'))
  place(join(clone, 'ggml'), 'ggml', version)
}

function fetchMiniaudio(work) {
  const { package: name, sha256, version } = sources.miniaudio
  const requirements = join(work, 'requirements.txt')
  writeFileSync(requirements, `${name} --hash=sha256:${sha256}\n`)
  const python = pythonWithPip()
  if (!python) throw new Error(`could not download ${name} from PyPI: no Python 3 with pip was found`)
  const args = ['-m', 'pip', 'download', '--quiet', '--no-deps', '--no-binary', name.split('==')[0]]
  run(`download ${name} from PyPI`, python, [...args, '--require-hashes', '-d', work, '-r', requirements])
  const tarball = join(
    work,
    readdirSync(work).find((file) => file.endsWith('.tar.gz')),
  )
  check(name, sha256, sha('sha256', 'hex', tarball))
  run('unpack the miniaudio source', 'tar', ['-xzf', tarball, '-C', work])
  const folder = join(
    work,
    readdirSync(work).find((file) => /^miniaudio-[\d.]+$/.test(file)),
  )
  const keep = join(work, 'keep')
  mkdirSync(keep)
  for (const file of ['miniaudio/miniaudio.h', 'miniaudio/stb_vorbis.c', 'LICENSE']) {
    cpSync(join(folder, file), join(keep, file.split('/').pop()))
  }
  place(keep, 'miniaudio', version)
}

/** The headers of Node-API for C and C++, and the names that Windows imports. */
function copyNodeApi(work) {
  const c = dirname(require.resolve('node-api-headers/package.json'))
  const cpp = dirname(require.resolve('node-addon-api/package.json'))
  const keep = join(work, 'keep')
  mkdirSync(keep)
  for (const folder of [join(c, 'include'), join(c, 'def')]) cpSync(folder, keep, { recursive: true })
  for (const name of ['napi.h', 'napi-inl.h']) cpSync(join(cpp, name), join(keep, name))
  cpSync(join(c, 'LICENSE'), join(keep, 'LICENSE'))
  cpSync(join(cpp, 'LICENSE.md'), join(keep, 'LICENSE.node-addon-api'))
  place(keep, 'node-api', nodeApiVersion())
}

/** What this checkout has; undefined in an installed package, which holds the headers and not their packages. */
function nodeApiVersion() {
  const versionOf = (name) =>
    JSON.parse(readFileSync(require.resolve(`${name}/package.json`), 'utf8')).version
  try {
    return `${versionOf('node-api-headers')} ${versionOf('node-addon-api')}`
  } catch {
    return undefined
  }
}

function have(name) {
  const stamp = join(root, 'third_party', name, '.version')
  if (!existsSync(stamp)) return false
  const wanted = name === 'node-api' ? nodeApiVersion() : sources[name].version
  return wanted === undefined || readFileSync(stamp, 'utf8').trim() === wanted
}

const remedies = {
  ggml: 'Connect to the npm registry (npm, tar, and git or Python 3 with pip are needed), or set GGML_SOURCE_DIR to a ggml source folder',
  miniaudio: 'Connect to PyPI (Python 3 with pip is needed)',
  'node-api': "Install the development dependencies with 'npm ci'",
}

/** Fetches what is missing. `GGML_SOURCE_DIR` stands in for third_party/ggml. */
export function fetchSources({ force = false } = {}) {
  const wanted = { 'node-api': copyNodeApi, miniaudio: fetchMiniaudio, ggml: fetchGgml }
  const given = process.env.GGML_SOURCE_DIR
  if (given) {
    if (!existsSync(join(given, 'CMakeLists.txt'))) {
      throw new Error(
        `GGML_SOURCE_DIR is ${given}, which has no CMakeLists.txt: name a ggml source folder, or unset it`,
      )
    }
    delete wanted.ggml
  }
  for (const [name, fetch] of Object.entries(wanted)) {
    if (have(name) && !force) continue
    const work = mkdtempSync(join(tmpdir(), 'clvp-fetch-'))
    try {
      if (sources[name]) {
        console.error(`fetching ${name} ${sources[name].version} (${sources[name].package})`)
      }
      fetch(work)
    } catch (error) {
      throw new Error(`${error.message}\n${remedies[name]}, then run the build again.`)
    } finally {
      rmSync(work, { recursive: true, force: true })
    }
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    fetchSources({ force: process.argv.includes('--force') })
  } catch (error) {
    console.error(`node-clvp: ${error.message}`)
    process.exitCode = 1
  }
}
