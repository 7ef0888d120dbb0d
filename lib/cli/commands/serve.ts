/** Hands the command line over to the package of the server, which has its own dependencies. */
import type { ForeignCommand } from '../command.js'
import { otherPackage } from '../other_package.js'

export const serve: ForeignCommand = {
  name: 'serve',
  summary: "Serve models over HTTP: OpenAI's speech API, voices, candidates, scores, and a page to listen",
  async runAlone(argv) {
    const server = await otherPackage('@node-clvp/server', 'a server')
    const { main } = server as { main(argv: readonly string[]): Promise<number> }
    return main(argv)
  },
}
