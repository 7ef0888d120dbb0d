// clvp batch speak: a sound for each row in folders of the run, the same whatever runs beside it.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import t from 'tap'
import { Clvp } from '../../dist/lib/index.js'
import { batchIn, someRows, writeRows } from '../helpers/batch.js'
import { makeSpeakingModel } from '../helpers/speaking_model.js'

const dir = t.testdir({})
const { run, merged, records, at } = batchIn(dir)
const model = await makeSpeakingModel(dir, ['hifigan'])
const few = ['--model', model, '--voice', Clvp.demoVoice, '-n', '2', '--max-tokens', '16', '--retries', '0']
const base = [...few, '--threads', '1', '--seed', '1', '--shard-rows', '4']
writeRows(at('in.jsonl'), [
  ...someRows(6),
  { id: '../../r', text: 'Good [bad] morning.' },
  { id: 'none', text: '* *' },
])

t.test('sounds lie in folders of the run; rows that cannot be spoken are errors', async (t) => {
  t.equal((await run('speak', 'in.jsonl', '-o', 'one', ...base)).status, 1)
  const found = await records('one')
  t.match(found.slice(6), [
    { id: '../../r', error: { code: 'CLVP_UNSUPPORTED' } },
    { id: 'none', error: {} },
  ])
  t.equal(found.length, 8)
  t.same(readdirSync(at('one', 'sounds')), ['000000', '000001'])
  for (const { audio, seconds, score, seed } of found.slice(0, 6)) {
    t.match(audio, /^sounds\/00000[01]\/00000000\d\.wav$/)
    const bytes = readFileSync(at('one', audio))
    t.equal(
      (bytes.length - bytes.indexOf('data') - 8) / 2,
      Math.round(seconds * 24000),
      'the length of the sound',
    )
    t.ok(Number.isFinite(score) && Number.isSafeInteger(seed))
  }
  const clvp = await Clvp.load(model, { threads: 1 })
  const options = { candidates: 2, maxTokens: 16, retries: 0, deterministic: true, seed: found[0].seed }
  const same = await clvp.speak(someRows(1)[0].text, { ...options, voice: await clvp.voice(Clvp.demoVoice) })
  t.same(
    readFileSync(at('one', found[0].audio)),
    Buffer.from(await same.toWav()),
    'the seed of the record makes it again',
  )
  await clvp.dispose()
})

t.test('the bytes do not depend on what is at work beside a row', async (t) => {
  await run('speak', 'in.jsonl', '-o', 'alone', ...base, '--concurrency', '1')
  t.equal(await merged('alone'), await merged('one'))
  for (const { audio } of (await records('one')).slice(0, 6)) {
    t.same(readFileSync(at('alone', audio)), readFileSync(at('one', audio)), audio)
  }
})

t.test('another format; a voice of the row', async (t) => {
  mkdirSync(at('voices'))
  const clvp = await Clvp.load(model, { threads: 1 })
  await (await clvp.voice(Clvp.demoVoice)).save(at('voices', 'own.json'))
  await clvp.dispose()
  writeFileSync(at('bad.json'), '{}')
  writeRows(at('voices.jsonl'), [
    { id: 'a', text: 'Good.', voice: 'voices/own.json' },
    { id: 'b', text: 'Good.', voice: 'bad.json' },
  ])
  const args = [
    ...base.filter((word) => word !== '--voice' && word !== Clvp.demoVoice),
    '--sound-format',
    'flac',
  ]
  t.equal((await run('speak', 'voices.jsonl', '-o', 'flac', ...args)).status, 1)
  const [a, b] = await records('flac')
  t.match(a.audio, /\.flac$/)
  t.equal(readFileSync(at('flac', a.audio)).subarray(0, 4).toString(), 'fLaC')
  t.match(b.error, { code: 'CLVP_MODEL_FORMAT' })
})
