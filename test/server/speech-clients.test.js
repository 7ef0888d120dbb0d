// Requests as Open WebUI, SillyTavern and wyoming_openai send them.
import { spawnSync } from 'node:child_process'
import t from 'tap'
import { events, failure, post, startSpeakingServer } from '../helpers/server.js'

const hasFfmpeg = spawnSync('ffmpeg', ['-version']).status === 0
const needsMp3 = { skip: !hasFfmpeg && 'no ffmpeg' }
const key = { authorization: 'Bearer secret' }
const server = await startSpeakingServer(t, '--api-key', 'secret', '--open-lists')

t.test('Open WebUI', needsMp3, async (t) => {
  const models = await fetch(`${server.url}/v1/audio/models`)
  t.same(await models.json(), { models: [{ id: 'tiny' }] }, 'asked without a key')
  const voices = await (await fetch(`${server.url}/v1/audio/voices`)).json()
  t.match(voices.voices, [{ id: 'demo', name: 'demo' }])
  const headers = { ...key, 'X-OpenWebUI-User-Name': 'Emma', 'X-OpenWebUI-User-Role': 'user' }
  const body = { model: 'tts-1', input: 'Hello world.', voice: 'alloy' }
  const answer = await post(server, '/v1/audio/speech', body, { headers })
  t.equal(answer.status, 200)
  const bytes = new Uint8Array(await answer.arrayBuffer())
  const isMp3 = bytes[0] === 0xff || Buffer.from(bytes.subarray(0, 3)).toString() === 'ID3'
  t.ok(isMp3, 'kept as .mp3')
  const error = await failure(await post(server, '/v1/audio/speech', { ...body, voice: 'x' }, { headers }))
  t.match(error, { status: 404, message: /voices demo/ }, 'error.message is shown')
})

t.test('SillyTavern', needsMp3, async (t) => {
  const body = { input: 'Hello world.', response_format: 'mp3', voice: 'demo', speed: 1, model: 'tts-1' }
  const answer = await post(server, '/v1/audio/speech', body, { headers: key })
  t.equal(answer.status, 200)
  t.equal(answer.headers.get('content-type'), 'audio/mpeg')
  t.ok((await answer.arrayBuffer()).byteLength > 1000)
})

t.test('wyoming_openai', async (t) => {
  t.same(await (await fetch(`${server.url}/health`)).json(), { status: 'ok' })
  const sentences = ['Hello world.', 'This is it.', 'Good night.']
  const answers = await Promise.all(
    sentences.map((input) =>
      post(
        server,
        '/v1/audio/speech',
        { model: 'tiny', input, voice: 'demo', response_format: 'wav', speed: 1 },
        { headers: key },
      ),
    ),
  )
  for (const answer of answers) {
    const view = new DataView(await answer.arrayBuffer())
    t.equal(view.getUint32(0), 0x52494646, 'RIFF')
    t.equal(view.getUint16(22, true), 1, 'mono')
    t.equal(view.getUint32(24, true), 24_000)
    t.equal(view.getUint16(34, true), 16, 'bits')
  }
})

t.test('a client of events', async (t) => {
  const body = { input: 'Hello world.', voice: { id: 'demo' }, response_format: 'pcm', stream_format: 'sse' }
  const all = await events(await post(server, '/v1/audio/speech', body, { headers: key }))
  t.same([...new Set(all.map(({ type }) => type))], ['speech.audio.delta', 'speech.audio.done'])
})
