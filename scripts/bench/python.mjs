/** The Python of the comparisons with transformers: a virtual environment in .cache/parity-venv, made once. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

const windows = process.platform === 'win32'

function must(command, args) {
  const { status, error } = spawnSync(command, args, { stdio: ['ignore', 2, 2] })
  if (error) throw error
  if (status !== 0) throw new Error(`${command} ended with status ${status}`)
}

export function findPython(root) {
  const venv = join(root, '.cache/parity-venv')
  const python = join(venv, windows ? 'Scripts/python.exe' : 'bin/python')
  if (spawnSync(python, ['-c', 'import torch, transformers']).status !== 0) {
    must(windows ? 'python' : 'python3', ['-m', 'venv', venv])
    must(python, ['-m', 'pip', 'install', '--quiet', '-r', join(root, 'scripts/parity/requirements.txt')])
  }
  return python
}
