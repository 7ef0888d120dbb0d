/**
 * The programs that a build needs: CMake, ninja or make, a C++ compiler. What the system lacks comes from PyPI into .cache/tools, in the versions
 * of sources.json, without root: cmake, ninja, and on Linux zig as the compiler. `pip install --target` needs neither Python's venv module, which
 * Debian packs apart, nor a system that lets pip install.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { zigPrograms } from './zig.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const windows = process.platform === 'win32'
const sources = JSON.parse(readFileSync(join(root, 'scripts', 'sources.json'), 'utf8'))

/** Does the command run, and is it new enough? */
function works(command, oldest = 0) {
  const { error, stdout } = spawnSync(command, ['--version'], { encoding: 'utf8' })
  if (error) return false
  const [, major, minor] = /(\d+)\.(\d+)/.exec(stdout) ?? []
  return oldest === 0 || Number(major) * 1000 + Number(minor) >= oldest
}

const compilers = () => [process.env.CXX, 'c++', 'g++', 'clang++'].filter(Boolean)

/** What a build needs, how to see it, and the package of PyPI that has it. */
const needs = {
  cmake: { what: 'CMake 3.21 or newer', isHere: () => works('cmake', 3021), package: 'cmake' },
  make: { what: 'ninja or make', isHere: () => windows || works('ninja') || works('make'), package: 'ninja' },
  compiler: {
    what: 'a C++17 compiler',
    // On Windows CMake looks for Visual Studio, which is not on the PATH.
    isHere: () => windows || compilers().some((command) => works(command.split(' ')[0])),
    package: process.platform === 'linux' ? 'ziglang' : undefined,
  },
}

/** The names of what this system lacks: 'cmake', 'make', 'compiler'. */
export function missingTools() {
  return Object.keys(needs).filter((name) => !needs[name].isHere())
}

/** Python's command, with pip; undefined if there is none. */
export function pythonWithPip() {
  const commands = windows ? ['python', 'py'] : ['python3', 'python']
  return commands.find((command) => spawnSync(command, ['-m', 'pip', '--version']).status === 0)
}

const folderOf = (name) => join(root, '.cache', 'tools', `${name}-${sources.tools[name]}`)

/** The folder of a package of PyPI; installs it once. */
export function fromPypi(name) {
  const folder = folderOf(name)
  if (existsSync(folder)) return folder
  const version = sources.tools[name]
  const python = pythonWithPip()
  if (!python) throw new Error('no Python 3 with pip was found')
  mkdirSync(dirname(folder), { recursive: true })
  const staged = `${folder}.${process.pid}.tmp`
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check']
  const wanted = ['--only-binary', ':all:', '--target', staged, `${name}==${version}`]
  const { status, error, stderr } = spawnSync(python, [...pip, ...wanted], { encoding: 'utf8' })
  try {
    if (error || status !== 0) {
      throw new Error(
        `pip could not install ${name} ${version}: ${error?.message ?? stderr.trim().split('\n').at(-1)}`,
      )
    }
    renameSync(staged, folder)
  } catch (error) {
    if (!existsSync(folder)) throw error // otherwise another process was faster
  } finally {
    rmSync(staged, { recursive: true, force: true })
  }
  return folder
}

/** Where each package has its programs. */
const programs = {
  cmake: (folder) => ({ path: join(folder, 'cmake', 'data', 'bin') }),
  make: (folder) => ({ path: join(folder, 'bin') }),
  compiler: (folder) => ({ settings: zigPrograms(join(folder, 'ziglang', 'zig'), 'host') }),
}

/** One message for all that is missing, with every way to get it. */
function remedy(missing, why) {
  const list = missing.map((name) => needs[name].what).join(' and ')
  const install =
    process.platform === 'darwin'
      ? "'xcode-select --install' and 'brew install cmake'"
      : windows
        ? 'Visual Studio with its C++ tools and CMake'
        : "'apt install cmake g++', 'dnf install cmake gcc-c++' or 'apk add cmake g++ make'"
  const python = missing.every((name) => needs[name].package)
    ? `, or install Python 3 with pip (e.g. 'apt install python3-pip'), from which the build takes it without root`
    : ''
  return `a build from source needs ${list}, which this system lacks: install it, e.g. by ${install}${python}; then run the build again. PyPI could not help: ${why}`
}

/**
 * Finds or fetches what a build needs.
 *
 * @returns settings for CMake, and the environment in which `cmake`, `ctest` and `ninja` are found
 */
export function toolchain() {
  const missing = missingTools()
  const env = { ...process.env }
  const settings = []
  if (missing.length === 0) return { env, settings }
  const packages = missing.map((name) => needs[name].package)
  if (packages.includes(undefined)) throw new Error(remedy(missing, 'it has no compiler for this system'))
  const absent = packages.filter((name) => !existsSync(folderOf(name)))
  if (absent.length > 0) {
    if (!pythonWithPip()) throw new Error(remedy(missing, 'no Python 3 with pip was found'))
    const names = absent.map((name) => `${name} ${sources.tools[name]}`).join(', ')
    const lacks = missing.map((name) => needs[name].what).join(', ')
    console.error(
      `node-clvp: this system lacks ${lacks}: taking ${names} from PyPI into ${dirname(folderOf('cmake'))}`,
    )
  }
  try {
    for (const name of missing) {
      const found = programs[name](fromPypi(needs[name].package))
      if (found.path) env.PATH = `${found.path}${delimiter}${env.PATH ?? ''}`
      settings.push(...(found.settings ?? []))
    }
  } catch (error) {
    throw new Error(remedy(missing, error.message))
  }
  return { env, settings }
}
