// Inputs that are broken or meant to do harm: an error for each row, and nothing outside the folder of the run.
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import t from 'tap'
import { batchIn, few, writeRows } from '../helpers/batch.js'

const dir = t.testdir({ in: {}, out: {} })
const { run, records, at } = batchIn(dir)
const embed = ['--model', 'demo', '--threads', '1']

t.test('lines that are huge, deep, or no UTF-8', async (t) => {
  const huge = `{"id":"huge","text":"${'a'.repeat(5 * 2 ** 20)}"}`
  const deep = `{"id":"deep","text":"Good.","x":${'['.repeat(20000)}${']'.repeat(20000)}}`
  const long = JSON.stringify({ id: 'long', text: 'word '.repeat(100_000) })
  const text = [huge, deep, long, '{"id":"last","text":"Good."}'].join('\n')
  writeFileSync(
    at('lines.jsonl'),
    Buffer.concat([Buffer.from([0xff, 0xfe, 0x0a, 0x00, 0x0a]), Buffer.from(text)]),
  )
  t.equal((await run('embed', 'lines.jsonl', '-o', 'lines', ...embed)).status, 1)
  const found = await records('lines')
  t.same(
    found.map(({ id, error }) => [id, error?.code]),
    [
      [null, 'CLVP_INVALID_ARGUMENT'],
      [null, 'CLVP_INVALID_ARGUMENT'],
      [null, 'CLVP_INVALID_ARGUMENT'],
      ['deep', undefined],
      ['long', 'CLVP_INVALID_ARGUMENT'],
      ['last', undefined],
    ],
  )
  t.match(found[2].error.message, /Expected at most 4194304 bytes for a row/)
})

t.test('a quote that is never closed', async (t) => {
  writeFileSync(at('open.csv'), `id,text\na,Good.\nb,"open\n${'c,x\n'.repeat(1000)}`)
  t.equal((await run('embed', 'open.csv', '-o', 'open', ...embed)).status, 1)
  t.match(await records('open'), [{ id: 'a' }, { id: null, error: { message: /matching quotes/ } }])
})

t.test('ids that are paths, prototypes, or too long', async (t) => {
  const ids = [
    '../../escaped',
    '/escaped',
    'a\0b',
    '__proto__',
    'a/b',
    '..',
    'x'.repeat(1025),
    {},
    [],
    true,
    '',
    Number.NaN,
  ]
  writeRows(
    at('ids.jsonl'),
    ids.map((id) => ({ id, text: 'Good.' })),
  )
  const before = readdirSync(dir).length
  t.equal((await run('generate', 'ids.jsonl', '-o', 'ids', ...few)).status, 1)
  const found = await records('ids')
  t.same(
    found.map(({ id }) => id),
    [...ids.slice(0, 6), ...Array(6).fill(null)],
  )
  t.equal(readdirSync(dir).length, before + 1, 'nothing beside the folder of the run')
  t.same(readdirSync(at('ids')), ['part-000000-12.jsonl', 'run.json'])
})

t.test('recordings and voices that are devices, folders or damaged', async (t) => {
  execFileSync('mkfifo', [at('fifo')])
  writeFileSync(at('broken.wav'), 'RIFF')
  const audio = ['/dev/zero', 'fifo', '.', 'broken.wav', 'none.wav', 'a\0b', 5]
  writeRows(
    at('audio.jsonl'),
    audio.map((each, i) => ({ id: i, text: 'Good.', audio: each })),
  )
  t.equal((await run('score', 'audio.jsonl', '-o', 'audio', ...embed)).status, 1)
  for (const { id, error } of await records('audio'))
    t.match(error?.code, /^CLVP_(IO|AUDIO|INVALID_ARGUMENT)$/, `${audio[id]}`)
  writeRows(
    at('voices.jsonl'),
    audio.map((voice, i) => ({ id: i, text: 'Good.', voice })),
  )
  t.equal((await run('generate', 'voices.jsonl', '-o', 'voices', ...few)).status, 1)
  t.ok((await records('voices')).every(({ error }) => error))
})

t.test('an input or a folder of a run that is something else', async (t) => {
  writeRows(at('ok.jsonl'), [{ id: 1, text: 'Good.' }])
  t.match(await run('embed', 'fifo', '-o', 'x', ...embed), { status: 1, error: /a FIFO/ })
  t.match(await run('embed', 'gone.jsonl', '-o', 'x', ...embed), { status: 1, error: /CLVP_IO/ })
  t.match(await run('embed', 'ok.jsonl', '-o', at('ok.jsonl'), ...embed), { status: 1, error: /CLVP_IO/ })
  symlinkSync(at('nowhere'), at('hanging'))
  t.match(await run('embed', 'ok.jsonl', '-o', 'hanging', ...embed), { status: 1, error: /CLVP_IO/ })
  for (const [i, text] of [
    '',
    '{',
    '{"format":"clvp-batch","version":1}',
    'null',
    '{"format":"clvp-batch","version":2}',
  ].entries()) {
    mkdirSync(at(`run${i}`))
    writeFileSync(at(`run${i}`, 'run.json'), text)
    const found = await run('embed', 'ok.jsonl', '-o', `run${i}`, ...embed)
    t.match(found, { status: 1, error: /Expected the manifest of a run/ }, text)
  }
})
