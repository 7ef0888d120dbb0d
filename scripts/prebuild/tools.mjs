/** What the scripts of this folder share: running programs in sight, and a Python with packages pinned by requirements.txt. */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const windows = process.platform === 'win32'
export const root = fileURLToPath(new URL('../..', import.meta.url))
export const here = join(root, 'scripts/prebuild')

/** Runs a command with its output on stderr; throws unless it ends well. */
export function run(command, args, options = {}) {
  const { status, signal, error } = spawnSync(command, args, {
    cwd: root,
    stdio: ['ignore', 2, 2],
    ...options,
  })
  if (error) throw error
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${signal ?? `status ${status}`}`)
}

/** What a command prints. */
export function output(command, args, options = {}) {
  const { status, error, stdout, stderr } = spawnSync(command, args, {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    ...options,
  })
  if (error) throw error
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with status ${status}: ${stderr}`)
  return stdout
}

/** A Python in .cache/prebuild-venv with the packages of requirements files of this folder; they are installed once. */
export function python(...requirements) {
  const venv = join(root, '.cache/prebuild-venv')
  const program = join(venv, windows ? 'Scripts/python.exe' : 'bin/python')
  if (!existsSync(program)) run(windows ? 'python' : 'python3', ['-m', 'venv', venv])
  for (const name of requirements) {
    const wanted = readFileSync(join(here, name), 'utf8')
    const stamp = join(venv, name)
    if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) continue
    run(program, ['-m', 'pip', 'install', '--quiet', '-r', join(here, name)])
    writeFileSync(stamp, wanted)
  }
  return program
}

/** The folder that Python packages lie in. */
export function sitePackages(program) {
  return output(program, ['-c', 'import sysconfig; print(sysconfig.get_path("purelib"))']).trim()
}
