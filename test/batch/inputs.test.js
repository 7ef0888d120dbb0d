// The formats of the input: CSV, data sets of clips, other names of columns.
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import t from 'tap'
import { Clvp } from '../../dist/lib/index.js'
import { batchIn } from '../helpers/batch.js'

const dir = t.testdir({})
const { run, records, at } = batchIn(dir)
const demo = ['--model', 'demo', '--threads', '1']
const clvp = await Clvp.load(Clvp.demo, { threads: 1 })
t.teardown(() => clvp.dispose())

function clip(...names) {
  mkdirSync(at(...names.slice(0, -1)), { recursive: true })
  copyFileSync(Clvp.demoVoice, at(...names))
}

const embedding = async (text) => [...(await clvp.embedText(text))]
const [{ score: expected }] = await clvp.score('Good morning.', Clvp.demoVoice)

t.test('CSV and TSV: quotes, line breaks in quotes, a byte order mark, CRLF', async (t) => {
  writeFileSync(
    at('a.csv'),
    '\ufeffid,text,speaker\r\n1,"Good, ""morning"".",x\r\n\r\n2,"Two\nlines.",y\r\n3,Bad,x,y\r\n4,"Bad"x,y\r\n5,Good.,',
  )
  t.equal((await run('embed', 'a.csv', '-o', 'csv', ...demo)).status, 1)
  const found = await records('csv')
  t.same(
    found.map(({ id }) => id),
    ['1', '2', null, null, '5'],
  )
  t.same(found[0].embedding, await embedding('Good, "morning".'))
  t.same(found[1].embedding, await embedding('Two\nlines.'))
  t.match(found[2].error.message, /Expected 3 fields but received 4/)
  t.match(found[3].error.message, /Expected matching quotes/)
  writeFileSync(at('a.tsv'), 'name\tsentence\none\tGood.\n')
  const columns = ['--column', 'id=name', '--column', 'text=sentence']
  t.equal((await run('embed', 'a.tsv', '-o', 'tsv', ...demo, ...columns)).status, 0)
  t.match(await records('tsv'), [{ id: 'one', embedding: await embedding('Good.') }])
  for (const [name, text] of [
    ['twice.csv', 'id,id\n1,2\n'],
    ['none.csv', '\n\n'],
  ]) {
    writeFileSync(at(name), text)
    t.match(await run('embed', name, '-o', 'x', ...demo), { status: 2, error: /first line/ }, name)
  }
})

t.test('codes in CSV and JSONL', async (t) => {
  writeFileSync(at('codes.csv'), 'id,text,codes\na,Good.,"[5, 6, 7]"\nb,Good.,5 6 7\nc,Good.,5 x\n')
  t.equal((await run('score', 'codes.csv', '-o', 'codes', ...demo)).status, 1)
  const [a, b, c] = await records('codes')
  const [{ score }] = await clvp.rank('Good.', [[5, 6, 7]])
  t.same([a.score, b.score], [score, score])
  t.match(c.error.message, /Expected an integer for codes\[1\]/)
})

t.test("LJSpeech's folder", async (t) => {
  clip('lj', 'wavs', 'a.wav')
  writeFileSync(
    at('lj', 'metadata.csv'),
    'a|Good mrng.|Good morning.\nb|"Quote|Good morning.\n../../a|x|y\nbad\n',
  )
  t.equal((await run('score', 'lj', '-o', 'lj-out', ...demo)).status, 1)
  const [a, b, out, bad] = await records('lj-out')
  t.match(a, { id: 'a', score: expected })
  t.match(b, { id: 'b', error: { code: 'CLVP_IO' } }, 'no such clip')
  t.match(out, { id: '../../a', error: { message: /leads out of the folder/ } })
  t.match(bad, { id: null, error: { message: /Expected id\|text/ } })
})

t.test('a metadata.csv that names its columns', async (t) => {
  clip('named', 'x', 'a.wav')
  writeFileSync(at('named', 'metadata.csv'), 'file_name,transcription\nx/a.wav,Good morning.\n')
  t.equal((await run('score', 'named', '-o', 'named-out', ...demo)).status, 0)
  t.match(await records('named-out'), [{ id: 'x/a.wav', score: expected }])
})

t.test("Kaldi's folder", async (t) => {
  clip('kaldi', 'a.wav')
  writeFileSync(at('kaldi', 'text'), 'utt1 Good morning.\nutt2 Good.\nutt3 Good.\n')
  writeFileSync(at('kaldi', 'wav.scp'), `utt1 a.wav\nutt2 touch ${at('touched')} |\n`)
  t.equal((await run('score', 'kaldi', '-o', 'kaldi-out', ...demo)).status, 1)
  const [one, two, three] = await records('kaldi-out')
  t.match(one, { id: 'utt1', score: expected })
  t.match(two, { id: 'utt2', error: { message: /a command, which is not run/ } })
  t.match(three, { id: 'utt3', error: { message: /Expected a recording/ } })
  writeFileSync(at('kaldi', 'segments'), '')
  t.match(await run('score', 'kaldi', '-o', 'x', ...demo), { status: 1, error: /segments.*CLVP_UNSUPPORTED/ })
})

t.test('clips with transcripts beside them, in folders', async (t) => {
  clip('clips', 'one', 'a.wav')
  clip('clips', 'b.wav')
  writeFileSync(at('clips', 'one', 'a.txt'), 'Good morning.\n')
  t.equal((await run('score', 'clips', '-o', 'clips-out', ...demo)).status, 1)
  const [b, a] = await records('clips-out')
  t.match(b, { id: 'b', error: { message: /Expected a text/ } })
  t.match(a, { id: 'one/a', score: expected })
  t.equal((await run('encode', 'clips', '-o', 'encoded', ...demo)).status, 0)
  const codes = [...(await clvp.encode(Clvp.demoVoice))]
  t.match(await records('encoded'), [
    { id: 'b', codes },
    { id: 'one/a', codes },
  ])
  mkdirSync(at('empty'))
  t.match(await run('encode', 'empty', '-o', 'x', ...demo), { status: 2, error: /Expected rows in/ })
})
