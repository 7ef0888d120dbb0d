// A voice knows its model: all types of one checkpoint take it, another model refuses it and names both.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { Clvp, convertFolder, Voice } from '../../dist/lib/index.js'
import { readRecipe, writeCheckpoint } from '../helpers/checkpoint.js'
import { loadTinyModel, tinyFile, tone } from '../helpers/model.js'

const { clvp } = await loadTinyModel(t)
const few = { candidates: 1, maxTokens: 2, seed: 1 }

t.test('info.id', async (t) => {
  t.match(clvp.info.id, /^[0-9a-f]{16}$/)
  const { clvp: isolated } = await loadTinyModel(t, { isolate: true })
  t.equal(isolated.info.id, clvp.info.id, 'in a process of its own')
  const voice = await clvp.voice(tone())
  t.same(voice.origin.model, { id: clvp.info.id, name: clvp.info.name })
})

t.test('the same checkpoint in another type', async (t) => {
  const { clvp: small } = await loadTinyModel(t, { type: 'q8_0' })
  t.equal(small.info.id, clvp.info.id)
  t.ok(await small.generate('Hi.', { ...few, voice: await clvp.voice(tone()) }))
})

t.test('another checkpoint of the same width', async (t) => {
  const dir = t.testdir({})
  const folder = join(dir, 'other')
  writeCheckpoint({ ...readRecipe('plain'), seed: 77 }, folder)
  await convertFolder(folder, join(dir, 'other.gguf'), { type: 'f32' })
  const other = await Clvp.load(join(dir, 'other.gguf'), { threads: 1 })
  t.teardown(() => other.dispose())
  t.not(other.info.id, clvp.info.id)
  const voice = await other.voice(tone())
  const both = new RegExp(`"${clvp.info.name}" \\(${clvp.info.id}\\).*"other" \\(${other.info.id}\\)`)
  await t.rejects(clvp.generate('Hi.', { ...few, voice }), { code: 'CLVP_INVALID_ARGUMENT', message: both })
  const file = join(dir, 'voice.json')
  await voice.save(file)
  await t.rejects(clvp.generate('Hi.', { ...few, voice: await Voice.load(file) }), { message: both })
  t.ok(
    await clvp.generate('Hi.', { ...few, voice: new Voice(voice.embedding, 1) }),
    'unknown: only the length counts',
  )
})

t.test('a voice file of an older version', async (t) => {
  const file = join(t.testdir({}), 'old.json')
  const { embedding } = await clvp.voice(tone())
  writeFileSync(
    file,
    JSON.stringify({ format: 'clvp-voice', version: 1, clips: 2, embedding: [...embedding] }),
  )
  const voice = await Voice.load(file)
  t.match(voice, { clips: 2, origin: {} })
  t.ok(await clvp.generate('Hi.', { ...few, voice }))
})

t.test('a model file of an older version, without checksums', async (t) => {
  const bytes = readFileSync(await tinyFile())
  const file = join(t.testdir({}), 'old.gguf')
  // The same length, so that all else stays in its place.
  const replaced = Buffer.from(
    bytes.toString('latin1').replaceAll('clvp.checksum.', 'clvp.otherthing.'.slice(0, 14)),
    'latin1',
  )
  writeFileSync(file, replaced)
  const old = await Clvp.load(file, { threads: 1 })
  t.teardown(() => old.dispose())
  t.equal(old.info.id, undefined)
  const voice = await old.voice(tone())
  t.notOk('model' in voice.origin)
  t.ok(await old.generate('Hi.', { ...few, voice: await clvp.voice(tone()) }))
})
