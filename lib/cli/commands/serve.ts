/** Hands the command line over to the package of the server, which has its own dependencies. */
import { ClvpError } from '../../base/errors.js'
import type { ForeignCommand } from '../command.js'

const server = '@node-clvp/server'

export const serve: ForeignCommand = {
  name: 'serve',
  summary: "Serve models over HTTP: OpenAI's speech API, voices, candidates, scores, and a page to listen",
  async runAlone(argv) {
    const { main } = (await load()) as { main(argv: readonly string[]): Promise<number> }
    return main(argv)
  },
}

async function load(): Promise<unknown> {
  try {
    return await import(server)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code !== 'ERR_MODULE_NOT_FOUND' || !message.includes(`'${server}'`)) throw error
    throw new ClvpError(
      'CLVP_UNSUPPORTED',
      `Expected the package ${server} beside node-clvp but found none: run npm install ${server}`,
      { cause: error },
    )
  }
}
