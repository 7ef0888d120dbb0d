// A saved voice is the same voice, to the last bit; what is no saved voice is refused.
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { Voice } from '../../dist/lib/index.js'
import { essence, loadTinyModel, tone } from '../helpers/model.js'

const { clvp } = await loadTinyModel(t)

t.test('round trip', async (t) => {
  const file = join(t.testdir({}), 'voice.json')
  const made = await clvp.voice([tone(), tone(0.5)])
  await made.save(file)
  const read = await Voice.load(file)
  t.same(read.embedding, made.embedding)
  t.equal(read.clips, 2)
  const draw = async (voice) =>
    (await clvp.generate('Hi.', { voice, candidates: 2, seed: 1 })).candidates.map(essence)
  t.same(await draw(read), await draw(made))
})

t.test('what is no saved voice', async (t) => {
  const dir = t.testdir({})
  const good = { format: 'clvp-voice', version: 1, clips: 1, embedding: [1, 2] }
  const bad = {
    empty: '',
    list: '[]',
    null: 'null',
    format: JSON.stringify({ ...good, format: 'voice' }),
    version: JSON.stringify({ ...good, version: 2 }),
    clips: JSON.stringify({ ...good, clips: 0 }),
    none: JSON.stringify({ ...good, embedding: [] }),
    strings: JSON.stringify({ ...good, embedding: ['1'] }),
    huge: JSON.stringify({ ...good, embedding: [1e300] }),
  }
  for (const [name, text] of Object.entries(bad)) {
    writeFileSync(join(dir, name), text)
    await t.rejects(Voice.load(join(dir, name)), { code: 'CLVP_MODEL_FORMAT' }, name)
  }
  await t.rejects(Voice.load(join(dir, 'nothing')), { code: 'CLVP_IO' })
  writeFileSync(join(dir, 'other'), JSON.stringify(good))
  const voice = await Voice.load(join(dir, 'other'))
  await t.rejects(clvp.generate('Hi.', { voice }), { code: 'CLVP_INVALID_ARGUMENT' }, 'of another model')
})

t.test('a folder that is not there is CLVP_IO, and leaves nothing', async (t) => {
  const dir = t.testdir({})
  const voice = await clvp.voice(tone())
  await t.rejects(voice.save(join(dir, 'no', 'voice.json')), { code: 'CLVP_IO' })
  t.same(readdirSync(dir), [])
})
