/** A server in this process for tests, on a free port of this machine. */
import { setTimeout as sleep } from 'node:timers/promises'
import { readSettings, Server } from '@node-clvp/server'
import { Clvp } from '../../dist/lib/index.js'
import { makeSpeakingModel } from './speaking_model.js'

/**
 * Starts a server, which is closed when the test ends.
 *
 * @param argv as behind `clvp serve`
 */
export async function startServer(t, ...argv) {
  const server = await Server.listen(readSettings([...argv, '--port', '0', '--log-level', 'silent'], {}))
  t.teardown(() => server.close())
  await server.load()
  return server
}

/** A server of a tiny model that speaks. Its speech is as long as maxTokens of the model allows, about a second. */
export async function startSpeakingServer(t, ...argv) {
  const file = await makeSpeakingModel(t.testdir({}))
  return startServer(t, `tiny=${file}`, '--threads', '1', '--candidates', '2', ...argv)
}

/** The same model in this process, for what the server should say. */
export async function loadBeside(t, file) {
  const clvp = await Clvp.load(file, { threads: 1 })
  t.teardown(() => clvp.dispose())
  return clvp
}

/** Sends JSON. */
export function post(server, route, body, init = {}) {
  return fetch(`${server.url}${route}`, {
    method: 'POST',
    ...init,
    headers: { 'content-type': 'application/json', ...init.headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
}

/** The status and the error of an answer. */
export async function failure(answer) {
  const { error } = await answer.json()
  return { status: answer.status, ...error }
}

/** The events of a stream. */
export async function events(answer) {
  const lines = (await answer.text()).split('\n\n').filter(Boolean)
  return lines.map((line) => JSON.parse(line.replace(/^data: /, '')))
}

/** Asks again until an answer is as it should be. */
export async function until(ask, isRight) {
  for (let i = 0; i < 3000; i++) {
    const answer = await ask()
    if (await isRight(answer)) return answer
    await sleep(10)
  }
  throw new Error('it never came')
}

/** Waits until so many requests are worked on. */
export function running(server, count) {
  const pattern = new RegExp(`^clvp_requests_running ${count}$`, 'm')
  return until(
    () => fetch(`${server.url}/metrics`),
    async (answer) => pattern.test(await answer.text()),
  )
}
