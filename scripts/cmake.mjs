/** What the scripts share that build the core once more, with other settings than the addon's: each in a folder of its own under .build. */
import { spawnSync } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { checkTools } from './build.mjs'
import { fetchSources } from './fetch.mjs'
import { root, run as runAside } from './prebuild/tools.mjs'

export { root }

/** Runs a program whose output is what the script is for; throws unless it ends well. */
export const run = (program, args, options) => runAside(program, args, { stdio: 'inherit', ...options })

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
