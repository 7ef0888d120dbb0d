// The end of a server: accepted requests end whole or with an error, new ones are refused, and it ends in time.
import { readSettings, Server } from '@node-clvp/server'
import t from 'tap'
import { tinyFile } from '../helpers/model.js'
import { events, failure, post, running } from '../helpers/server.js'

const file = await tinyFile()
const draw = { input: 'Hello.', voice: 'demo', candidates: 256 }

async function start(t, ...argv) {
  const flags = ['--port', '0', '--log-level', 'silent', '--threads', '1', '--concurrency', '1', ...argv]
  const server = await Server.listen(readSettings([file, ...flags], {}))
  t.teardown(() => server.close())
  await server.load()
  return server
}

t.test('accepted requests are finished, those that wait too', async (t) => {
  const server = await start(t)
  const accepted = [24, 8].map((candidates) => post(server, '/v1/candidates', { ...draw, candidates }))
  await running(server, 1)
  const closing = server.close()
  t.match(await failure(await fetch(`${server.url}/ready`)), { status: 503, code: 'draining' })
  t.match(await failure(await post(server, '/v1/candidates', draw)), { status: 503, code: 'draining' })
  for (const answer of await Promise.all(accepted)) {
    t.equal(answer.status, 200)
    t.ok((await answer.json()).data.length >= 8)
  }
  await closing
  await t.rejects(fetch(`${server.url}/health`), 'nobody listens')
})

t.test('what takes longer than the deadline ends with an error', async (t) => {
  const server = await start(t, '--drain-seconds', '0', '--concurrency', '2')
  const long = { ...draw, candidates: 256 }
  const all = [
    post(server, '/v1/candidates', long),
    post(server, '/v1/candidates', { ...long, stream: true }),
    post(server, '/v1/candidates', long),
  ]
  await running(server, 2)
  const closing = server.close()
  const [whole, streamed, waiting] = await Promise.all(all)
  t.match(await failure(whole), { status: 503, code: 'draining' })
  t.match(await failure(waiting), { status: 503, code: 'draining' }, 'one that waited')
  if (streamed.status === 200)
    t.match((await events(streamed)).at(-1), { type: 'error', error: { code: 'draining' } })
  else t.match(await failure(streamed), { status: 503, code: 'draining' })
  await closing
})
