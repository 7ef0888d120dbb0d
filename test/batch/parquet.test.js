// Parquet as input and output: the same records as JSONL, only the needed columns, and files that claim too much.
import { readFileSync, writeFileSync } from 'node:fs'
import * as zlib from 'node:zlib'
import { parquetReadObjects } from 'hyparquet'
import { parquetWriteBuffer } from 'hyparquet-writer'
import t from 'tap'
import { openInput } from '../../dist/lib/batch/input/input.js'
import { Clvp } from '../../dist/lib/index.js'
import { batchIn, few, someRows, writeRows } from '../helpers/batch.js'

const dir = t.testdir({})
const { run, records, at } = batchIn(dir)
const demo = ['--model', 'demo', '--threads', '1']

function writeParquet(name, columnData, options = {}) {
  const bytes = Buffer.from(parquetWriteBuffer({ columnData, ...options }))
  writeFileSync(at(name), bytes)
  return bytes
}

const rows = someRows(30)
const columns = [
  { name: 'id', data: rows.map(({ id }) => id) },
  { name: 'text', data: rows.map(({ text }) => text) },
  { name: 'other', data: rows.map(() => 'x'.repeat(100)) },
]
const readRows = (name) => {
  const { buffer, byteOffset, length } = readFileSync(at(name))
  return parquetReadObjects({ file: buffer.slice(byteOffset, byteOffset + length) })
}

t.test('the input: groups of rows, codecs', async (t) => {
  writeRows(at('in.jsonl'), rows)
  const base = [...few, '--seed', '1', '--shard-rows', '7']
  await run('generate', 'in.jsonl', '-o', 'jsonl', ...base)
  const expected = await records('jsonl')
  const gzip = { codec: 'GZIP', compressors: { GZIP: (bytes) => zlib.gzipSync(bytes) } }
  const zstd = { codec: 'ZSTD', compressors: { ZSTD: (bytes) => zlib.zstdCompressSync(bytes) } }
  for (const [name, options] of [
    ['snappy', { rowGroupSize: 10 }],
    ['plain', { codec: 'UNCOMPRESSED' }],
    ['gzip', gzip],
    ...(zlib.zstdCompressSync ? [['zstd', zstd]] : []),
  ]) {
    writeParquet(`${name}.parquet`, columns, options)
    t.match(await run('generate', `${name}.parquet`, '-o', name, ...base), { status: 0 }, name)
    t.same(await records(name), expected, name)
  }
})

t.test('whole numbers as ids, lists as codes, bytes as recordings', async (t) => {
  const audio = new Uint8Array(readFileSync(Clvp.demoVoice))
  writeParquet('kinds.parquet', [
    { name: 'key', data: [1n, 2n, 3n], type: 'INT64' },
    { name: 'text', data: ['Good.', 'Good.', 'Good.'] },
    { name: 'audio', data: [audio, null, null], type: 'BYTE_ARRAY', nullable: true },
    { name: 'codes', data: [null, [5, 6, 7], null], type: 'JSON', nullable: true },
  ])
  t.equal((await run('score', 'kinds.parquet', '-o', 'kinds', ...demo, '--column', 'id=key')).status, 1)
  const clvp = await Clvp.load(Clvp.demo, { threads: 1 })
  const [recording] = await clvp.score('Good.', Clvp.demoVoice)
  const [codes] = await clvp.rank('Good.', [[5, 6, 7]])
  await clvp.dispose()
  t.match(await records('kinds'), [
    { id: 1, score: recording.score },
    { id: 2, score: codes.score },
    { id: 3, error: { code: 'CLVP_INVALID_ARGUMENT' } },
  ])
  const missing = await run('score', 'kinds.parquet', '-o', 'x', ...demo)
  t.match(missing, { status: 2, error: /Expected a column 'id' in .* but received key, text/ })
})

t.test('the output: parts and merged files hold the records of JSONL', async (t) => {
  writeRows(at('mixed.jsonl'), [...rows, { id: 7 }, '{'])
  const base = [...few, '--seed', '1', '--shard-rows', '10', '--keep', '1']
  await run('generate', 'mixed.jsonl', '-o', 'lines', ...base)
  t.equal((await run('generate', 'mixed.jsonl', '-o', 'parts', ...base, '--format', 'parquet')).status, 1)
  const expected = (await records('lines')).map((each) => ({ ...each, id: each.id === 7 ? '7' : each.id }))
  t.same(await records('parts'), expected)
  t.match(await run('generate', 'mixed.jsonl', '-o', 'parts', ...base, '--retry-failed'), { status: 1 })
  t.same(await records('parts'), expected)
  t.match(await run('merge', 'lines', '-o', 'all.parquet'), { status: 0, text: /32 records/ })
  const merged = await readRows('all.parquet')
  t.equal(merged.length, 32)
  t.match(merged[3], { id: 'r3', score: expected[3].score, codes: expected[3].codes, error: null })
  t.match(merged[31], { id: null, score: null, error: { code: 'CLVP_INVALID_ARGUMENT' } })
})

t.test('damaged files, and files that claim more than they hold', async (t) => {
  const whole = writeParquet('whole.parquet', columns, { codec: 'UNCOMPRESSED' })
  const refuse = async (name, bytes, reason = /cannot be read as Parquet|Expected/) => {
    writeFileSync(at('bad.parquet'), bytes)
    const { status, error } = await run('embed', 'bad.parquet', '-o', `bad-${name}`, ...demo)
    t.not(status, 0, name)
    t.match(error, reason, name)
    t.match(error, /CLVP_(INVALID_ARGUMENT|IO)/, name)
  }
  await refuse('empty', '')
  await refuse('text', 'PAR1 and no more')
  await refuse('short', whole.subarray(0, whole.length - 9))
  await refuse('front', whole.subarray(200))
  const bomb = [{ name: 'id', data: new Int32Array(5_000_000) }]
  const small = writeParquet('bomb.parquet', bomb, { rowGroupSize: 5_000_000, statistics: false })
  t.ok(small.length < 1e5, `${small.length} bytes`)
  await refuse('bomb', small, /write the file with smaller row groups/)
})

t.test('any byte of a file may be wrong: an error or other rows, and no crash', async (t) => {
  const whole = writeParquet('whole.parquet', columns, { codec: 'UNCOMPRESSED' })
  let state = 7
  for (let i = 0; i < 10; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    const bytes = Buffer.from(whole)
    bytes[i % 2 === 0 ? state % bytes.length : bytes.length - 1 - (state % 600)] ^= 1 << (state >>> 29)
    writeFileSync(at('bad.parquet'), bytes)
    try {
      const input = await openInput(at('bad.parquet'), { every: 10, columns: ['id', 'text'] })
      try {
        for await (const row of input.rows(0, Math.min(100, input.identity.rows))) t.ok(row.fields)
      } finally {
        await input.close()
      }
    } catch (error) {
      t.match(error.code, /^CLVP_(INVALID_ARGUMENT|IO)$/, error.stack)
    }
  }
})
