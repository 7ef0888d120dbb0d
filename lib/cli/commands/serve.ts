/** Hands the command line over to the package of the server, which has its own dependencies. */
import type { ForeignCommand, Usage } from '../command.js'
import { otherPackage } from '../other_package.js'

interface ServerPackage {
  usage: Usage
  main(argv: readonly string[]): Promise<number>
}

/** @throws ClvpError CLVP_UNSUPPORTED if the package is not installed */
export async function serveCommand(): Promise<ForeignCommand> {
  const { usage, main } = (await otherPackage('@node-clvp/server', 'a server')) as ServerPackage
  return { ...usage, runAlone: main }
}
