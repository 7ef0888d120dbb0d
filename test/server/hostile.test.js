// Hostile requests: each gets a typed error or a closed connection, and the server answers others meanwhile.
import { once } from 'node:events'
import { connect } from 'node:net'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import t from 'tap'
import { tinyFile } from '../helpers/model.js'
import { failure, post, running, startServer } from '../helpers/server.js'
import { makeSpeakingModel } from '../helpers/speaking_model.js'

const file = await tinyFile()
const count = Number(process.env.CLVP_HOSTILE ?? 150)
const server = await startServer(t, file, '--threads', '1', '--max-body', '1', '--max-upload', '1')
const routes = [
  '/v1/audio/speech',
  '/v1/candidates',
  '/v1/candidates/sound',
  '/v1/score',
  '/v1/rerank',
  '/v1/parts',
]
const { port } = new URL(server.url)

/** Sends bytes as they are, and returns what comes back until the connection ends, or soon. */
async function raw(bytes, patience = 3000) {
  const socket = connect(Number(port), '127.0.0.1')
  let answer = ''
  socket.on('data', (data) => {
    answer += data
  })
  socket.on('error', () => {})
  socket.write(bytes) // not its end: half a connection is one that is gone
  const timer = setTimeout(() => socket.destroy(), patience)
  await once(socket, 'close')
  clearTimeout(timer)
  return answer
}

/** A typed error: in JSON, with a message, a type and a code; never one of the server's own. */
async function checkRefused(t, answer, name) {
  const error = await failure(answer)
  const isTyped = error.status >= 400 && error.status < 500 && error.message && error.type && error.code
  if (!isTyped) t.fail(`${name}: ${JSON.stringify(error)}`)
}

t.test('bodies', async (t) => {
  const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`
  const named = [
    '',
    '{',
    'null',
    '[]',
    '"text"',
    '{"__proto__":{"a":1}}',
    '{"constructor":{"prototype":{"a":1}}}',
    '{"input":{"toString":null},"voice":"demo"}',
    '{"input":"a","voice":{"id":{"id":"demo"}}}',
    '{"input":"a","voice":"demo","seed":1e400}',
    '{"input":"a","voice":"demo","seed":-1}',
    '{"input":"a","voice":"demo","candidates":1.5}',
    '{"input":"a","voice":"demo","temperature":"1"}',
    '{"input":"a","voice":"demo","candidates":null}',
    `{"input":${JSON.stringify('a'.repeat(900_000))},"voice":"demo"}`,
    `{"input":${deep},"voice":"demo"}`,
    `{"input":"a","voice":${JSON.stringify('x'.repeat(900_000))}}`,
    `{"${'k'.repeat(900_000)}":1}`,
    'x'.repeat(2 ** 20 + 1),
    '\u0000\u0001',
  ]
  for (const route of routes) {
    for (const body of named)
      await checkRefused(t, await post(server, route, body), `${route} ${body.slice(0, 40)}`)
  }
  for (const type of ['text/plain', 'application/xml', 'multipart/form-data', 'x', '']) {
    const answer = await post(server, routes[0], '{"input":"a","voice":"demo"}', {
      headers: { 'content-type': type },
    })
    await checkRefused(t, answer, type)
  }
  t.pass('all were refused')
})

t.test('random JSON', async (t) => {
  const names = [
    'input',
    'voice',
    'candidates',
    'seed',
    'model',
    'candidate',
    'recordings',
    'query',
    'documents',
    'preset',
    'n',
    'a',
  ]
  const body = fc.dictionary(fc.constantFrom(...names), fc.jsonValue(), { maxKeys: 6 })
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...routes), body, async (route, value) => {
      const { status } = await post(server, route, value)
      return status === 200 || (status >= 400 && status < 500)
    }),
    { numRuns: count },
  )
  t.pass()
})

t.test('forms', async (t) => {
  const head = 'content-type: multipart/form-data; boundary=B\r\n'
  const form = (body, headers = head) =>
    `POST /v1/audio/voices HTTP/1.1\r\nhost: a\r\nconnection: close\r\n${headers}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
  const file = (name, value = 'x') =>
    `--B\r\ncontent-disposition: form-data; name="audio_sample"; filename="${name}"\r\n\r\n${value}\r\n`
  const field = (name, value = 'x') =>
    `--B\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`
  const bodies = [
    '',
    '--B',
    '--B--',
    '--B\r\n',
    file('a'),
    `${file('../../../etc/passwd')}--B--`,
    `${field('name', '../../x')}${file('a')}--B--`,
    `${field('__proto__')}${file('a')}--B--`,
    `${field('name')}${field('name')}${file('a')}--B--`,
    `${field('constructor')}--B--`,
    `${field('name').repeat(50)}--B--`,
    `${file('a').repeat(50)}--B--`,
    `${field('name', 'n'.repeat(100_000))}${file('a')}--B--`,
    `--B\r\ncontent-disposition: form-data\r\n\r\nx\r\n--B--`,
    `--B\r\n${'x: y\r\n'.repeat(5000)}\r\nx\r\n--B--`,
    `${field('name', 'a')}${file('a\0b', '\0'.repeat(1000))}--B--`,
  ]
  for (const body of bodies) {
    const answer = await raw(form(body))
    t.match(answer, /^HTTP\/1\.1 4\d\d [\s\S]*"error":\{"message":"/, JSON.stringify(body.slice(0, 60)))
  }
  t.match(await raw(form('x', 'content-type: multipart/form-data\r\n')), /^HTTP\/1\.1 4/, 'no boundary')
  const listed = await (await fetch(`${server.url}/v1/audio/voices`)).json()
  t.same(
    listed.voices.map(({ id }) => id),
    ['demo'],
    'nothing was made',
  )
})

t.test('paths and headers', async (t) => {
  const ask = (line, headers = '') =>
    raw(`${line} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n${headers}\r\n`)
  for (const path of [
    '/../../etc/passwd',
    '/%2e%2e/%2e%2e/etc/passwd',
    '/page/../package.json',
    '/index.html/..',
    '//etc/passwd',
    '/%',
    '/%00',
    `/${'a'.repeat(10_000)}`,
  ]) {
    const answer = await ask(`GET ${path}`)
    t.match(answer, /^HTTP\/1\.1 (4\d\d) /, path.slice(0, 40))
    t.notMatch(answer, /root:|"dependencies"/)
  }
  t.match(await ask('BREW /'), /^HTTP\/1\.1 400 /)
  t.match(await ask('DELETE /v1/audio/voices/..%2f..%2fpackage.json'), /^HTTP\/1\.1 404 /)
  t.match(await ask('GET /', `x: ${'y'.repeat(20_000)}\r\n`), /^HTTP\/1\.1 431 /)
  t.match(await ask('GET /health', 'transfer-encoding: chunked\r\ncontent-length: 5\r\n'), /^HTTP\/1\.1 400 /)
  t.match(await raw('nonsense\r\n\r\n'), /^HTTP\/1\.1 400 /)
})

t.test('connections that send nothing, or slowly, hold nobody up', async (t) => {
  const sockets = Array.from({ length: 100 }, (_, i) => {
    const socket = connect(Number(port), '127.0.0.1')
    socket.on('error', () => {})
    if (i % 2)
      socket.write(
        'POST /v1/candidates HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{',
      )
    return socket
  })
  await Promise.all(sockets.map((socket) => once(socket, 'connect')))
  t.equal(
    (await post(server, '/v1/candidates', { input: 'Hello.', voice: 'demo', candidates: 1 })).status,
    200,
  )
  for (const socket of sockets) socket.destroy()
})

t.test('a reader that stops reading loses its connection, and its place', async (t) => {
  const speaking = await makeSpeakingModel(t.testdir({}), ['hifigan'])
  const small = await startServer(
    t,
    speaking,
    '--threads',
    '1',
    '--concurrency',
    '1',
    '--reader-seconds',
    '1',
    '--max-text',
    '100000',
  )
  const body = JSON.stringify({
    input: 'Hello world.\n\n'.repeat(400),
    voice: 'demo',
    candidates: 1,
    response_format: 'wav',
  })
  const socket = connect(Number(new URL(small.url).port), '127.0.0.1')
  socket.on('error', () => {})
  socket.pause()
  socket.write(
    `POST /v1/audio/speech HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  )
  await running(small, 1)
  await running(small, 0)
  t.pass('the place is free')
  socket.destroy()
})

t.test('the event loop stays free', async (t) => {
  const delay = monitorEventLoopDelay({ resolution: 5 })
  delay.enable()
  const row = { codes: new Array(1000).fill(1) }
  const big = JSON.stringify({ input: 'a', recordings: [...new Array(100).fill(row), { codes: [-1] }] })
  const all = Array.from({ length: 20 }, (_, i) =>
    post(server, routes[i % routes.length], i % 2 ? big : '{"input":'),
  )
  for (const answer of await Promise.all(all)) t.ok(answer.status < 500)
  await sleep(50)
  delay.disable()
  t.comment(`p99 ${(delay.percentile(99) / 1e6).toFixed(1)} ms`)
})

t.test('the server is well', async (t) => {
  t.equal((await fetch(`${server.url}/ready`)).status, 200)
  t.equal(
    (await post(server, '/v1/candidates', { input: 'Hello.', voice: 'demo', candidates: 1 })).status,
    200,
  )
})
