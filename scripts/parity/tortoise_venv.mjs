/** A Python that has tortoise-tts and what it needs on a CPU: see requirements-tortoise.txt. */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const REQUIREMENTS = join(ROOT, 'scripts/parity/requirements-tortoise.txt')
const WITHOUT_DEPENDENCIES = ['tortoise-tts==3.0.0', 'torchaudio==2.11.0']

function run(command, args) {
  console.error(`> ${command} ${args.join(' ')}`)
  const { status, error } = spawnSync(command, args, { stdio: ['ignore', 'inherit', 'inherit'] })
  if (error) throw error
  if (status !== 0) throw new Error(`${command} ended with status ${status}`)
}

function ask(python, code) {
  const { status, stdout } = spawnSync(python, ['-c', code], { encoding: 'utf8' })
  return status === 0 ? stdout.trim() : undefined
}

/** torchaudio's compiled libraries, which do not fit every build of torch; its Python part does without. */
function removeLibraries(python) {
  const find = 'import importlib.util as u; print(u.find_spec("torchaudio").submodule_search_locations[0])'
  const folder = join(ask(python, find), 'lib')
  for (const name of readdirSync(folder)) if (/\.(so|pyd|dylib)$/.test(name)) rmSync(join(folder, name))
}

/**
 * The given Python, or one in a virtual environment that is made once.
 *
 * @param {string} [given] of the command line
 */
export function preparePython(given) {
  if (given) return given
  const venv = join(ROOT, '.cache/tortoise-venv')
  const isWindows = process.platform === 'win32'
  const python = join(venv, isWindows ? 'Scripts/python.exe' : 'bin/python')
  if (existsSync(python) && ask(python, 'import tortoise.api') !== undefined) return python
  run(isWindows ? 'python' : 'python3', ['-m', 'venv', venv])
  run(python, ['-m', 'pip', 'install', '--quiet', '-r', REQUIREMENTS])
  run(python, ['-m', 'pip', 'install', '--quiet', '--no-deps', ...WITHOUT_DEPENDENCIES])
  removeLibraries(python)
  return python
}
