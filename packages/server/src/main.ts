/** `clvp serve`, from its arguments to the end of the server. */
import { ClvpError } from 'node-clvp'
import { Server } from './server.js'
import { readSettings, type Settings, UsageError } from './settings.js'

/**
 * Serves until SIGTERM or Ctrl-C. A second signal ends the process as usual.
 *
 * @param argv the arguments behind `clvp serve`
 * @returns the exit status
 */
export async function main(argv: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<number> {
  let settings: Settings
  try {
    settings = readSettings(argv, env)
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    process.stderr.write(`clvp: ${error.message}\nSee 'clvp serve --help'.\n`)
    return 2
  }
  try {
    await serve(settings)
    return 0
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === undefined) throw error
    process.stderr.write(`clvp: ${message} (${code})\n`)
    return error instanceof ClvpError && code === 'CLVP_INVALID_ARGUMENT' ? 2 : 1
  }
}

async function serve(settings: Settings): Promise<void> {
  const stop = new Promise<void>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve())
  })
  const server = await Server.listen(settings)
  const { url } = server
  const tell = (event: string, text: string) => {
    process.stdout.write(`${settings.json ? JSON.stringify({ event, url }) : text}\n`)
  }
  tell('listening', `Listening on ${url}; loading`)
  try {
    await Promise.race([server.load().then(() => tell('ready', `Ready: open ${url} to listen`)), stop])
    await stop
  } finally {
    await server.close()
  }
}
