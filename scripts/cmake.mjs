/** What the scripts share that build the core once more, with other settings than the addon's: each in a folder of its own under .build. */
import { runCMake } from './build.mjs'
import { root, run as runAside } from './prebuild/tools.mjs'

export { root }

/** Runs a program whose output is what the script is for; throws unless it ends well. */
export const run = (program, args, options) => runAside(program, args, { stdio: 'inherit', ...options })

/** Builds all, or some targets. Returns the environment in which CMake's programs are found. */
export const build = (out, settings, ...targets) => runCMake(out, settings, targets, 'inherit')

/** Does a script's work; an error is its last line, and status 1. */
export function main(work) {
  try {
    work()
  } catch (error) {
    console.error(`node-clvp: ${error.message}`)
    process.exitCode = 1
  }
}
