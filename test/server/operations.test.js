// For those who run a server: readiness, metrics, OpenAPI, several models, unloading.
import { readSettings, Server } from '@node-clvp/server'
import t from 'tap'
import { tinyFile } from '../helpers/model.js'
import { failure, post, startServer, until } from '../helpers/server.js'
import { makeSpeakingModel } from '../helpers/speaking_model.js'

const file = await tinyFile()
const draw = { input: 'Hello.', voice: 'demo', candidates: 1 }

t.test('not ready while a model is loaded; up all the time', async (t) => {
  const server = await Server.listen(readSettings([file, '--port', '0', '--log-level', 'silent'], {}))
  t.teardown(() => server.close())
  t.equal((await fetch(`${server.url}/health`)).status, 200)
  const early = await fetch(`${server.url}/ready`)
  t.ok(early.headers.has('retry-after'))
  t.match(await failure(early), { status: 503, code: 'model_loading' })
  t.match(await failure(await post(server, '/v1/candidates', draw)), { status: 503, code: 'model_loading' })
  await server.load()
  t.equal((await fetch(`${server.url}/ready`)).status, 200)
})

t.test('metrics count what was done', async (t) => {
  const speaking = await makeSpeakingModel(t.testdir({}))
  const server = await startServer(t, `tiny=${speaking}`, '--threads', '1')
  await post(server, '/v1/candidates', { ...draw, candidates: 3 })
  const body = { input: 'Hello.', voice: 'demo', candidates: 2, response_format: 'pcm' }
  const bytes = await (await post(server, '/v1/audio/speech', body)).arrayBuffer()
  await post(server, '/v1/audio/speech', { ...body, voice: 'nobody' })
  const read = async () => (await fetch(`${server.url}/metrics`)).text()
  const text = await until(read, (each) => each.includes('route="/v1/audio/speech",code="404"'))
  const value = (name) =>
    Number(
      text
        .split('\n')
        .find((line) => line.startsWith(`${name} `))
        ?.split(' ')
        .at(-1),
    )
  t.ok(value('clvp_candidates_total') >= 5)
  t.ok(value('clvp_codes_total') > 0)
  t.ok(Math.abs(value('clvp_audio_seconds_total') - bytes.byteLength / 48_000) < 1e-9)
  t.equal(value('clvp_requests_total{route="/v1/audio/speech",code="200"}'), 1)
  t.equal(value('clvp_requests_total{route="/v1/candidates",code="200"}'), 1)
  t.equal(value('clvp_time_to_first_audio_seconds_count'), 1)
  t.equal(value('clvp_model_loaded{model="tiny"}'), 1)
  t.equal(value('clvp_requests_running'), 0)
  for (const stage of ['condition', 'decode', 'rank', 'vocode']) {
    t.ok(value(`clvp_stage_duration_seconds_count{stage="${stage}"}`) > 0, stage)
  }
})

t.test('OpenAPI describes every route', async (t) => {
  const server = await startServer(t, file)
  const { openapi, paths } = await (await fetch(`${server.url}/openapi.json`)).json()
  t.match(openapi, /^3\./)
  const routes = [
    '/v1/audio/speech',
    '/v1/audio/voices',
    '/v1/candidates',
    '/v1/score',
    '/v1/rerank',
    '/health',
    '/ready',
    '/metrics',
  ]
  for (const route of routes) t.ok(paths[route], route)
  const { properties, required } =
    paths['/v1/audio/speech'].post.requestBody.content['application/json'].schema
  t.same(required, ['input', 'voice'])
  for (const name of ['model', 'response_format', 'speed', 'stream_format', 'candidates', 'seed'])
    t.ok(properties[name], name)
})

t.test('several models, each by its name', async (t) => {
  const other = await tinyFile('plain', 'q8_0')
  const server = await startServer(t, `a=${file}`, `b=${other}`, '--threads', '1')
  const { data } = await (await fetch(`${server.url}/v1/models`)).json()
  t.same(
    data.map(({ id }) => id),
    ['a', 'b'],
  )
  const codes = async (model) =>
    (await (await post(server, '/v1/candidates', { ...draw, model, seed: 1 })).json()).data[0].score
  t.equal(await codes('a'), await codes(undefined), 'the first is the default')
  t.not(await codes('a'), await codes('b'))
  t.match(await failure(await post(server, '/v1/candidates', { ...draw, model: file })), {
    status: 404,
    code: 'model_not_found',
  })
})

t.test('an idle model is unloaded, and loaded again when it is asked for', async (t) => {
  const server = await startServer(t, file, '--threads', '1', '--idle-unload', '1')
  const isLoaded = async () => (await (await fetch(`${server.url}/v1/models`)).json()).data[0].clvp.loaded
  t.equal(await isLoaded(), true)
  await until(isLoaded, (loaded) => !loaded)
  t.equal((await fetch(`${server.url}/ready`)).status, 200)
  t.equal((await post(server, '/v1/candidates', draw)).status, 200)
  t.equal(await isLoaded(), true)
})
