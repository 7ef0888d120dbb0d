/** What the scripts share that build the core once more, with other settings than the addon's: each in a folder of its own under .build. */
import { spawnSync } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { checkTools } from './build.mjs'
import { fetchSources } from './fetch.mjs'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** Runs a program in sight; throws unless it ends well. */
export function run(program, args, options = {}) {
  const { status, signal } = spawnSync(program, args, { cwd: root, stdio: 'inherit', ...options })
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} failed (${signal ?? status})`)
}

/** Builds all, or some targets. */
export function build(out, settings, ...targets) {
  checkTools()
  fetchSources()
  const ninja = spawnSync('ninja', ['--version'], { stdio: 'ignore' }).error ? [] : ['-G', 'Ninja']
  run('cmake', ['-S', '.', '-B', out, ...ninja, ...settings])
  const only = targets.length > 0 ? ['--target', ...targets] : []
  run('cmake', ['--build', out, '--parallel', String(availableParallelism()), ...only])
}

/** Does a script's work; an error is its last line, and status 1. */
export function main(work) {
  try {
    work()
  } catch (error) {
    console.error(`node-clvp: ${error.message}`)
    process.exitCode = 1
  }
}
