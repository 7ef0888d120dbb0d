// Voices: those of a folder and uploaded ones; what is heard of a recording; nothing outside the folder.
import { readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { Clvp, Sound } from '../../dist/lib/index.js'
import { tinyFile, tone } from '../helpers/model.js'
import { failure, post, startServer } from '../helpers/server.js'

const file = await tinyFile()
const { samples, sampleRate } = tone(3)
const clip = await new Sound(samples, sampleRate).toWav()

function upload(server, fields, files = [clip]) {
  const form = new FormData()
  for (const [name, value] of Object.entries(fields)) form.append(name, value)
  for (const bytes of files) form.append('audio_sample', new Blob([bytes]), '../../etc/passwd')
  return fetch(`${server.url}/v1/audio/voices`, { method: 'POST', body: form })
}

const list = async (server) =>
  (await (await fetch(`${server.url}/v1/audio/voices`)).json()).voices.map(({ id }) => id)
const remove = (server, id) =>
  fetch(`${server.url}/v1/audio/voices/${encodeURIComponent(id)}`, { method: 'DELETE' })
const draw = (server, voice) =>
  post(server, '/v1/candidates', { input: 'Hello.', voice, candidates: 1, seed: 1 })

t.test('a folder of voices', async (t) => {
  const dir = t.testdir({ outside: { 'secret.wav': '' }, voices: { tom: { 'a.wav': '' }, 'notes.txt': 'x' } })
  const folder = join(dir, 'voices')
  for (const name of ['outside/secret.wav', 'voices/tom/a.wav', 'voices/emma.wav'])
    writeFileSync(join(dir, name), clip)
  symlinkSync(join(dir, 'outside', 'secret.wav'), join(folder, 'link.wav'))
  symlinkSync(join(dir, 'outside'), join(folder, 'linked'))
  const server = await startServer(t, file, '--threads', '1', '--voices', folder)
  t.same(await list(server), ['emma', 'tom', 'demo'], 'no links, nothing else')

  await t.test('an upload is kept as a file, and drawn with', async (t) => {
    const answer = await upload(server, { name: 'My Voice', consent: 'she said yes' }, [clip, clip])
    t.equal(answer.status, 200)
    const made = await answer.json()
    t.match(made, { id: 'my-voice', object: 'audio.voice', name: 'my-voice' })
    t.ok(made.findings.every(({ severity, message }) => severity && message))
    t.ok(readdirSync(folder).includes('my-voice.json'))
    t.same(await list(server), ['emma', 'my-voice', 'tom', 'demo'])
    const codes = async (voice) => (await (await draw(server, voice)).json()).data[0].codes
    t.same(await codes('my-voice'), await codes({ id: 'my-voice' }))
    t.match(await failure(await upload(server, { name: 'my voice' })), { status: 409, code: 'voice_exists' })
  })

  await t.test('an upload can be deleted, a clip of the operator cannot', async (t) => {
    t.match(await (await remove(server, 'my-voice')).json(), { id: 'my-voice', deleted: true })
    t.notOk(readdirSync(folder).includes('my-voice.json'))
    t.match(await failure(await draw(server, 'my-voice')), { status: 404, code: 'voice_not_found' })
    t.match(await failure(await remove(server, 'emma')), { status: 403, code: 'voice_protected' })
    t.match(await failure(await remove(server, 'demo')), { status: 403 })
    t.match(await failure(await remove(server, 'nobody')), { status: 404 })
  })

  await t.test(
    'a voice that is put there later is found, and a new one of the same name is another',
    async (t) => {
      writeFileSync(join(folder, 'late.wav'), clip)
      t.equal((await draw(server, 'late')).status, 200)
      writeFileSync(join(folder, 'late.wav'), 'no sound')
      t.match(await failure(await draw(server, 'late')), { status: 400, code: 'invalid_audio' })
    },
  )

  await t.test('ids are never paths', async (t) => {
    for (const id of [
      '../outside/secret',
      '..',
      '.',
      '/etc/passwd',
      'tom/a',
      'linked',
      'link',
      'a\0b',
      'notes',
      '%2e%2e',
    ]) {
      t.match(await failure(await draw(server, id)), { status: 404, code: 'voice_not_found' }, id)
      t.match(await failure(await remove(server, id)), { status: 404 }, id)
      if (id.length > 1) t.equal((await upload(server, { name: `../${id}` })).status, 400, id)
    }
    t.same(readdirSync(join(dir, 'outside')), ['secret.wav'])
    t.same(readdirSync(dir).sort(), ['outside', 'voices'])
  })
})

t.test('without a folder uploads live as long as the server', async (t) => {
  const server = await startServer(t, file, '--threads', '1', '--max-voices', '2')
  t.same(await list(server), ['demo'])
  t.equal((await upload(server, { name: 'one' })).status, 200)
  t.equal((await draw(server, 'one')).status, 200)
  t.match(await failure(await upload(server, { name: 'two' })), { status: 400, code: 'too_many_voices' })
  t.equal((await remove(server, 'one')).status, 200)
  t.same(await list(server), ['demo'])
})

t.test('forms that are wrong', async (t) => {
  const server = await startServer(t, file, '--threads', '1', '--max-upload', '1')
  const cases = [
    [{}, [clip], 400, 'missing_value'],
    [{ name: 'a' }, [], 400, 'missing_value'],
    [{ name: 'ü' }, [clip], 400, 'invalid_value'],
    [{ name: 'x'.repeat(65) }, [clip], 400, 'invalid_value'],
    [{ name: 'a', colour: 'red' }, [clip], 400, 'unknown_field'],
    [{ name: 'a', model: 'other' }, [clip], 404, 'model_not_found'],
    [{ name: 'a' }, [new Uint8Array(100)], 400, 'invalid_audio'],
    [{ name: 'a' }, [new Uint8Array(2 ** 20 + 1)], 413, 'file_too_large'],
    [{ name: 'a' }, new Array(11).fill(clip), 413, 'too_many_files'],
    [{ name: 'a' }, [await new Sound(new Float32Array(48_000), 24_000).toWav()], 400, 'invalid_audio'],
  ]
  for (const [fields, files, status, code] of cases) {
    t.match(await failure(await upload(server, fields, files)), { status, code }, JSON.stringify(fields))
  }
  const json = await post(server, '/v1/audio/voices', { name: 'a' })
  t.match(await failure(json), { status: 415, code: 'unsupported_media_type' })
  t.same(await list(server), ['demo'], 'nothing was kept')
})

t.test("OpenAI's names stand for the default voice", async (t) => {
  const dir = t.testdir({})
  const clvp = await Clvp.load(file, { threads: 1 })
  t.teardown(() => clvp.dispose())
  for (const name of ['anna', 'bert'])
    await (await clvp.voice(tone(name.length))).save(join(dir, `${name}.json`))
  const server = await startServer(t, file, '--threads', '1', '--voices', dir, '--default-voice', 'bert')
  const codes = async (voice) => (await (await draw(server, voice)).json()).data[0].codes
  t.same(await codes('alloy'), await codes('bert'))
})
