// Who may ask what: keys, the routes that need none, and ids of requests.
import t from 'tap'
import { tinyFile } from '../helpers/model.js'
import { failure, startServer } from '../helpers/server.js'

const file = await tinyFile()
const routes = ['/v1/models', '/v1/audio/models', '/v1/audio/voices', '/metrics', '/v1/info']
const open = ['/health', '/v1/health', '/ready', '/openapi.json', '/']

t.test('with keys', async (t) => {
  const server = await startServer(t, file, '--api-key', 'one', '--api-key', 'two')
  const ask = (route, authorization) =>
    fetch(`${server.url}${route}`, { headers: authorization === undefined ? {} : { authorization } })
  for (const route of routes) {
    for (const wrong of [
      undefined,
      '',
      'Bearer',
      'Bearer ',
      'Bearer onetwo',
      'Basic one',
      'one',
      'Bearer one two',
    ]) {
      t.match(
        await failure(await ask(route, wrong)),
        { status: 401, code: 'invalid_api_key' },
        `${route} ${wrong}`,
      )
    }
    for (const right of ['Bearer one', 'bearer two'])
      t.equal((await ask(route, right)).status, 200, `${route} ${right}`)
  }
  for (const route of open) t.equal((await ask(route)).status, 200, route)
})

t.test('lists can be left open', async (t) => {
  const server = await startServer(t, file, '--api-key', 'one', '--open-lists')
  for (const route of ['/v1/models', '/v1/audio/models', '/v1/audio/voices']) {
    t.equal((await fetch(server.url + route)).status, 200, route)
  }
  t.equal((await fetch(`${server.url}/metrics`)).status, 401)
  t.equal((await fetch(`${server.url}/v1/audio/voices/demo`, { method: 'DELETE' })).status, 401)
})

t.test('without keys everybody may ask, and no other site may', async (t) => {
  const server = await startServer(t, file)
  for (const route of [...routes, ...open]) {
    const answer = await fetch(server.url + route, { headers: { origin: 'https://example.org' } })
    t.equal(answer.status, 200, route)
    t.notOk(answer.headers.has('access-control-allow-origin'))
  }
})

t.test('each answer has an id; a client may choose it', async (t) => {
  const server = await startServer(t, file)
  const idOf = async (given) => {
    const headers = given === undefined ? {} : { 'x-request-id': given }
    return (await fetch(`${server.url}/nowhere`, { headers })).headers.get('x-request-id')
  }
  t.equal(await idOf('my-id.1'), 'my-id.1')
  t.match(await idOf(), /^[0-9a-f-]{36}$/)
  t.match(await idOf('a b'), /^[0-9a-f-]{36}$/, 'not one that would break a log')
  t.match(await idOf('a'.repeat(500)), /^[0-9a-f-]{36}$/)
})
