// The routes behind speech: candidates, their sounds, parts, scores and ranks, as the library gives them.
import t from 'tap'
import { Clvp, Sound } from '../../dist/lib/index.js'
import { tinyFile } from '../helpers/model.js'
import { events, failure, loadBeside, post, startServer } from '../helpers/server.js'
import { decoded } from '../helpers/sound.js'

const server = await startServer(t, 'demo', '--threads', '1')
const clvp = await loadBeside(t, Clvp.demo)
const voice = await clvp.voice(Clvp.demoVoice)
const input = 'Good morning.'
const draw = { input, voice: 'demo', candidates: 4, seed: 3 }
const expected = await clvp.generate(input, { voice, candidates: 4, seed: 3 })
const rows = expected.candidates.map(({ codes }) => [...codes])
const json = async (route, body) => (await post(server, route, body)).json()

t.test('candidates are those of generate(), best first', async (t) => {
  const { data, seed, normalized, seconds_per_code } = await json('/v1/candidates', draw)
  t.equal(seed, 3)
  t.equal(normalized, expected.normalized)
  t.equal(seconds_per_code, clvp.info.secondsPerCode)
  t.same(
    data.map(({ index, codes, drawn_codes, score, solo_score, seconds, finish_reason }) => [
      index,
      codes,
      drawn_codes,
      score,
      solo_score,
      seconds,
      finish_reason,
    ]),
    expected.candidates.map(({ index, codes, drawnCodes, score, soloScore, seconds, finishReason }) => [
      index,
      [...codes],
      [...drawnCodes],
      score,
      soloScore,
      seconds,
      finishReason,
    ]),
  )
  t.equal((await json('/v1/candidates', { ...draw, n: 2 })).data.length, 2)
})

t.test('words that the model has not learned are told', async (t) => {
  const { unknown_words } = await json('/v1/candidates', { ...draw, input: 'Good zyzzyva.', candidates: 1 })
  t.same(unknown_words, ['zyzzyva'])
})

t.test('as events, with pictures', async (t) => {
  const all = await events(await post(server, '/v1/candidates', { ...draw, stream: true, mel: true }))
  const drawn = all.filter(({ type }) => type === 'candidates.drawn')
  t.same(drawn.map(({ index }) => index).sort(), [0, 1, 2, 3])
  t.ok(all.some(({ type, codes }) => type === 'candidates.progress' && codes.length > 0))
  const { type, data } = all.at(-1)
  t.equal(type, 'candidates.done')
  const [{ mel, drawn_codes }] = data
  const pixels = Buffer.from(mel.data, 'base64')
  t.equal(pixels.length, mel.channels * mel.frames)
  t.equal(mel.frames, drawn_codes.length * clvp.info.codebook.framesPerCode)
  const { data: levels, dims } = await clvp.codesToMel(drawn_codes)
  t.same([mel.channels, mel.frames], dims)
  const loudest = levels.indexOf(Math.max(...levels))
  const row = mel.channels - 1 - Math.floor(loudest / mel.frames)
  t.ok(pixels[row * mel.frames + (loudest % mel.frames)] >= Math.max(...pixels) - 1, 'the loudest place')
})

t.test('the sound of a candidate is that of candidateSound()', async (t) => {
  const { data } = await json('/v1/candidates', { ...draw, n: 1 })
  const sound = { input, voice: 'demo', candidate: data[0], response_format: 'wav' }
  const answer = await post(server, '/v1/candidates/sound', sound)
  t.equal(answer.headers.get('x-clvp-preview'), 'false')
  const heard = await decoded(new Uint8Array(await answer.arrayBuffer()), 24000)
  const { samples } = await clvp.candidateSound(input, expected.best, { voice })
  t.equal(heard.length, samples.length)
  t.ok(heard.every((each, i) => Math.abs(each - samples[i]) <= 2 ** -15))
})

t.test('where the model cannot speak it is the preview, and speech says what is lacking', async (t) => {
  const mute = await tinyFile('plain', 'f32', 298)
  const other = await startServer(t, `mute=${mute}`, '--threads', '1')
  const { data } = await (await post(other, '/v1/candidates', { ...draw, n: 1 })).json()
  const sound = { input, voice: 'demo', candidate: data[0], response_format: 'wav' }
  const answer = await post(other, '/v1/candidates/sound', sound)
  t.equal(answer.headers.get('x-clvp-preview'), 'true')
  const own = await loadBeside(t, mute)
  const heard = await decoded(new Uint8Array(await answer.arrayBuffer()), own.info.sampleRate)
  const { samples } = await own.preview(Int32Array.from(data[0].drawn_codes))
  t.equal(heard.length, samples.length)
  t.ok(heard.every((each, i) => Math.abs(each - samples[i]) <= 2 ** -15))
  const speech = { input, voice: 'alloy', response_format: 'wav' }
  const error = await failure(await post(other, '/v1/audio/speech', speech))
  t.match(error, { status: 400, code: 'unsupported', message: /can speak/ })
})

t.test('parts of a long text', async (t) => {
  const text = `${'This is a sentence. '.repeat(30)}\n\nThe end.`
  const { parts } = await json('/v1/parts', { input: text })
  t.ok(parts.length > 2)
  for (const part of parts) t.equal(text.slice(part.start, part.end).replace(/\s+/g, ' ').trim(), part.text)
})

t.test('scores of codes, in their order', async (t) => {
  const ranked = await clvp.rank(input, rows)
  const { data, model } = await json('/v1/score', { input, recordings: rows.map((codes) => ({ codes })) })
  t.equal(model, 'demo')
  for (const { index, score } of ranked) t.equal(data[index].score, score)
  const { results } = await json('/v1/rerank', {
    query: input,
    documents: rows.map((codes) => ({ codes })),
    top_n: 2,
  })
  t.same(
    results,
    ranked.slice(0, 2).map(({ index, score }) => ({ index, relevance_score: score })),
  )
})

t.test('scores of recordings, in JSON and as files', async (t) => {
  const clips = []
  for (const { drawnCodes } of expected.candidates.slice(0, 2)) {
    const { samples, sampleRate } = await clvp.preview(drawnCodes)
    clips.push(await new Sound(samples, sampleRate).toWav())
  }
  const scores = []
  for (const { index, score } of await clvp.score(input, clips)) scores[index] = score
  const recordings = clips.map((bytes) => ({ audio: Buffer.from(bytes).toString('base64') }))
  t.same(
    (await json('/v1/score', { input, recordings })).data.map(({ score }) => score),
    scores,
  )
  const form = new FormData()
  form.append('input', input)
  for (const bytes of clips) form.append('recording', new Blob([bytes]), 'a.wav')
  const answer = await fetch(`${server.url}/v1/score/files`, { method: 'POST', body: form })
  t.same(
    (await answer.json()).data.map(({ score }) => score),
    scores,
  )
})

t.test('wrong requests', async (t) => {
  const codes = rows[0]
  for (const [route, body, param] of [
    ['/v1/candidates', { ...draw, n: 0 }, 'n'],
    ['/v1/candidates', { ...draw, preset: 'best' }, 'preset'],
    ['/v1/candidates', { ...draw, input: 'word '.repeat(800) }, 'input'],
    ['/v1/score', { input, recordings: [] }, 'recordings'],
    ['/v1/score', { input, recordings: [{ codes, audio: 'AAAA' }] }, 'recordings.0'],
    ['/v1/score', { input, recordings: [{ audio: '***' }] }, 'recordings'],
    ['/v1/score', { input, recordings: [{ audio: 'AAAA' }] }, null],
    ['/v1/score', { input, recordings: [{ codes: [1e6] }] }, null],
    ['/v1/score', { input, recordings: [{ codes: new Array(5000).fill(1) }] }, 'recordings.0'],
    ['/v1/rerank', { query: input, documents: [{ codes }], top_n: 0 }, 'top_n'],
    ['/v1/candidates/sound', { input, voice: 'demo', candidate: {} }, 'candidate.index'],
  ]) {
    const error = await failure(await post(server, route, body))
    t.equal(error.status, 400, `${route}: ${error.message}`)
    t.equal(error.param, param)
  }
})

t.test('a draw that fails before its first event is an error of its own', async (t) => {
  const body = { ...draw, stream: true, input: 'word '.repeat(800) }
  t.match(await failure(await post(server, '/v1/candidates', body)), { status: 400 })
})
