/** A Python that has the packages of requirements.txt, in a virtual environment that is made once: .cache/demo-venv. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const windows = process.platform === 'win32'
export const root = fileURLToPath(new URL('../..', import.meta.url))
export const here = join(root, 'scripts/demo-model')

/** Runs a command in sight; throws unless it ends well. */
export function run(command, args) {
  const { status, error } = spawnSync(command, args, { stdio: ['ignore', 2, 2] })
  if (error) throw error
  if (status !== 0) throw new Error(`${command} ${args[0]} ended with status ${status}`)
}

export function findPython() {
  const venv = join(root, '.cache/demo-venv')
  const python = join(venv, windows ? 'Scripts/python.exe' : 'bin/python')
  if (spawnSync(python, ['-c', 'import gguf, torch, transformers']).status !== 0) {
    run(windows ? 'python' : 'python3', ['-m', 'venv', venv])
    run(python, ['-m', 'pip', 'install', '--quiet', '-r', join(here, 'requirements.txt')])
  }
  return python
}
