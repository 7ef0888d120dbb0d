// clvp batch: a record for each row in the order of the input, errors as records, settings that are kept.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import t from 'tap'
import { Clvp } from '../../dist/lib/index.js'
import { batchIn, few, main, someRows, writeRows } from '../helpers/batch.js'
import { tinyFile } from '../helpers/model.js'

const dir = t.testdir({})
const { run, records, at } = batchIn(dir)
const rows = someRows(40)
writeRows(at('in.jsonl'), rows)
const base = ['generate', 'in.jsonl', ...few, '--seed', '1']

t.test('each row has one record, whatever the shards, the parallel rows and the format', async (t) => {
  t.match(await run(...base, '-o', 'one'), {
    status: 0,
    text: /40 of 40 rows are done, 0 failed; 1 of 1 shards/,
  })
  const expected = await records('one')
  t.same(
    expected.map(({ id }) => id),
    rows.map(({ id }) => id),
  )
  for (const { codes, score, seed, error } of expected) {
    t.ok(codes.length > 0 && Number.isFinite(score) && Number.isSafeInteger(seed) && error === undefined)
  }
  t.ok(new Set(expected.map(({ seed }) => seed)).size === 40, 'a seed of its own')
  for (const [out, ...args] of [
    ['seven', '--shard-rows', '7'],
    ['alone', '--shard-rows', '16', '--concurrency', '1'],
    ['many', '--concurrency', '40', '--threads', '2'],
  ]) {
    t.equal((await run(...base, '-o', out, ...args)).status, 0)
    t.same(await records(out), expected, args.join(' '))
  }
  t.equal(readdirSync(at('seven')).filter((name) => name.startsWith('part-')).length, 6)
})

t.test('a row that fails is a record of its error, and the status says so', async (t) => {
  const bad = [
    '{broken',
    '5',
    { text: 'No id.' },
    { id: 'none' },
    { id: 7, text: 'Good.' },
    { id: 'x', text: 5 },
  ]
  writeRows(at('bad.jsonl'), [...someRows(2), '', ...bad, '   '])
  const made = await run('generate', 'bad.jsonl', '-o', 'bad', ...few)
  t.equal(made.status, 1)
  t.match(made.json, { rows: 8, done: 8, failed: 5, errors: { CLVP_INVALID_ARGUMENT: 5 } })
  const found = await records('bad')
  t.same(
    found.map(({ id }) => id),
    ['r0', 'r1', null, null, null, 'none', 7, 'x'],
  )
  t.same(
    found.map(({ error }) => error?.code ?? 'ok'),
    ['ok', 'ok', ...Array(4).fill('CLVP_INVALID_ARGUMENT'), 'ok', 'CLVP_INVALID_ARGUMENT'],
  )
  for (const { error } of found) if (error) t.match(error.message, /^Expected .* but received /)
})

t.test('words that the model has not learned are in the record', async (t) => {
  writeRows(at('odd.jsonl'), [
    { id: 'a', text: 'Good zyzzyva.' },
    { id: 'b', text: 'Good morning.' },
  ])
  t.equal((await run('generate', 'odd.jsonl', '-o', 'odd', ...few)).status, 0)
  t.same(
    (await records('odd')).map(({ unknownWords }) => unknownWords),
    [['zyzzyva'], undefined],
  )
})

t.test(
  'the same command goes on; other settings and another input are refused with the reason',
  async (t) => {
    t.match(await run(...base, '-o', 'one'), { status: 0, text: /: 0 rows in/ }, 'nothing is left to do')
    t.match(
      await run('generate', 'in.jsonl', ...few, '-o', 'one'),
      { status: 0 },
      'the seed is that of the run',
    )
    for (const [args, reason] of [
      [['--seed', '2'], /seed is 2 and was 1/],
      [['--top-k', '5'], /topK is 5 and was not given/],
      [['-n', '2'], /candidates is 2 and was 1/],
      [['--shard-rows', '8'], /shardRows is 8 and was 256/],
      [
        ['--voice', at('../../../demo/voice.wav'), '--format', 'parquet'],
        /parts is "parquet" and was "jsonl"/,
      ],
      [['--kv-type', 'f32'], /load kvType is "f32" and was not given/],
    ]) {
      t.match(await run(...base, '-o', 'one', ...args), { status: 2, error: reason }, args.join(' '))
    }
    t.match(await run('embed', 'in.jsonl', '--model', 'demo', '-o', 'one'), {
      status: 2,
      error: /task is "embed" and was "generate"/,
    })
    writeRows(at('other.jsonl'), someRows(40, 1))
    t.match(await run('generate', 'other.jsonl', ...few, '-o', 'one'), {
      status: 2,
      error: /differs within its 40 rows/,
    })
  },
)

t.test('an input that grew goes on behind its end', async (t) => {
  const text = readFileSync(at('in.jsonl'), 'utf8')
  const args = ['generate', 'grown.jsonl', ...few, '--seed', '1', '--shard-rows', '16', '-o', 'grown']
  writeFileSync(at('grown.jsonl'), text.split('\n').slice(0, 21).join('\n')) // no line break at the end
  t.match(await run(...args), { status: 0, text: /21 of 21/ })
  writeFileSync(at('grown.jsonl'), text)
  t.match(await run(...args), { status: 0, text: /40 of 40/ })
  t.same(await records('grown'), await records('one'))
  t.same(
    readdirSync(at('grown')).filter((name) => name.startsWith('part-')),
    ['part-000000-16.jsonl', 'part-000001-16.jsonl', 'part-000002-8.jsonl'],
  )
  writeFileSync(at('cut.jsonl'), `${text.slice(0, 100)}`)
  t.match(await run('generate', 'cut.jsonl', ...few, '-o', 'cut'), { status: 1 }, 'the last row is cut')
  writeFileSync(at('cut.jsonl'), text)
  t.match(await run('generate', 'cut.jsonl', ...few, '-o', 'cut'), { status: 2, error: /differs within/ })
})

t.test('--limit and --shard leave the rest for later', async (t) => {
  const args = [...base, '--shard-rows', '8', '-o', 'limited']
  t.match(await run(...args, '--limit', '12'), { status: 0, text: /12 of 40 rows are done/ })
  await t.rejects(records('limited'), /4 of 5 shards are missing.*--partial/)
  t.same(await records('limited', true), (await records('one')).slice(0, 12))
  t.match(await run(...args, '--shard', '2/2'), { status: 0, text: /24 of 40/ })
  t.match(await run(...args, '--shard', '1/2'), { status: 0, text: /40 of 40/ })
  t.same(await records('limited'), await records('one'))
  for (const share of ['0/2', '3/2', '1', 'a/b'])
    t.equal((await run(...args, '--shard', share)).status, 2, share)
})

t.test('--retry-failed runs rows again that failed, and no others', async (t) => {
  writeRows(at('late.jsonl'), [
    { id: 'a', text: 'Good.', voice: 'voice.wav' },
    { id: 'b', text: 'Good.' },
  ])
  const args = ['generate', 'late.jsonl', ...few, '-o', 'late']
  t.equal((await run(...args)).status, 1)
  const [failed, other] = await records('late')
  t.match(failed, { id: 'a', error: { code: 'CLVP_IO' } })
  writeFileSync(at('voice.wav'), readFileSync(new URL('../../demo/voice.wav', import.meta.url)))
  t.equal((await run(...args)).status, 1, 'a record of an error is a record')
  t.match(await run(...args, '--retry-failed'), { status: 0, text: /0 failed/ })
  t.match(await records('late'), [{ id: 'a', codes: Array }, other])
})

t.test('--dry-run writes nothing and estimates the time', async (t) => {
  const { status, json } = await run(...base, '-o', 'dry', '--dry-run')
  t.equal(status, 0)
  const { rows, missing, rowsPerSecond, seconds } = json
  t.same([rows, missing], [40, 40])
  t.ok(rowsPerSecond > 0 && seconds > 0)
  t.notOk(existsSync(at('dry')))
  t.match(await run(...base, '-o', 'one', '--dry-run', '--seed', '5'), {
    status: 2,
    error: /seed is 5 and was 1/,
  })
})

t.test("lines of OpenAI's batch format", async (t) => {
  const line = (id, body, url = '/v1/embeddings') => ({ custom_id: id, method: 'POST', url, body })
  writeRows(at('openai.jsonl'), [
    line('a', { model: 'clvp', input: 'Good morning.' }),
    line('b', { input: 'Good.' }, '/v1/audio/speech'),
    line('c', { input: 'Good.', pitch: 2 }),
  ])
  t.equal((await run('embed', 'openai.jsonl', '--model', 'demo', '-o', 'openai')).status, 1)
  const [a, b, c] = await records('openai')
  t.match(a, {
    id: 'a',
    custom_id: 'a',
    error: null,
    response: { status_code: 200, body: { embedding: Array } },
  })
  t.match(b, { id: 'b', response: null, error: { message: /Expected '\/v1\/embeddings' for url/ } })
  t.match(c, { id: 'c', error: { message: /received 'pitch'/ } })
})

t.test('wrong arguments', async (t) => {
  writeFileSync(at('in.txt'), 'x')
  for (const [args, reason] of [
    [['generate', 'in.jsonl', '--model', 'demo'], /--out is missing/],
    [['generate', 'in.jsonl', '-o', 'x'], /--model is missing/],
    [['generate', 'in.txt', '-o', 'x', ...few], /Expected \.jsonl, .* but received .*in\.txt/],
    [[...base, '-o', 'x', '--column', 'txt=a'], /--column takes FIELD=NAME/],
    [[...base, '-o', 'x', '--limit', '0'], /--limit takes a whole number from 1/],
    [[...base, '-o', 'x', '--temperature', '-1'], /temperature/],
    [[...base, '-o', 'x', '--format', 'xml'], /--format takes one of jsonl, parquet/],
    [[...base, '-o', 'x', '--budget-ms', '5'], /budget-ms/],
  ]) {
    const { status, error } = await run(...args)
    t.equal(status, 2, args.join(' '))
    t.match(error, reason)
  }
  const silent = ['--model', await tinyFile(), '--voice', Clvp.demoVoice]
  const mute = await run('speak', 'in.jsonl', ...silent, '-o', 'x')
  t.match(mute, { status: 1, error: /CLVP_UNSUPPORTED/ })
  t.match(await run('status', 'nothing'), { status: 1, error: /found no run\.json/ })
  writeRows(at('empty.jsonl'), ['', '  '])
  t.match(await run('generate', 'empty.jsonl', ...few, '-o', 'x'), { status: 2, error: /Expected rows in/ })
  t.notOk(existsSync(at('x', 'run.json')))
})

t.test('the program: status, merge, help', async (t) => {
  const program = (...args) =>
    spawnSync(process.execPath, [main, 'batch', ...args], { cwd: dir, encoding: 'utf8' })
  t.match(program('status', 'bad'), {
    status: 0,
    stdout: /^8 of 8 rows are done, 5 failed \(CLVP_INVALID_ARGUMENT 5\)/,
  })
  const lines = program('merge', 'one').stdout.trimEnd().split('\n')
  t.same(
    lines.map((line) => JSON.parse(line)),
    await records('one'),
  )
  t.match(program('merge', 'one', '-o', 'one.jsonl'), { status: 0, stdout: 'one.jsonl: 40 records\n' })
  t.equal(readFileSync(at('one.jsonl'), 'utf8'), `${lines.join('\n')}\n`)
  t.match(program('sing'), { status: 2, stderr: /'batch' is followed by one of generate, .*, not 'sing'/ })
  t.match(program(), { status: 2, stdout: /Usage: clvp batch COMMAND.*^ {2}merge /ms })
})
