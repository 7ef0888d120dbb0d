// Whatever a hub does wrong: no damaged file ever has its final name, no pull hangs, and a later one goes on from there.
import t from 'tap'
import { commitOf, sha256 } from '../helpers/hub_server.js'
import { always, first, makeCheckpoint, runTable } from '../helpers/hub_table.js'

const checkpoint = makeCheckpoint(t.testdir({}))
const { files, size, total } = checkpoint
const weights = 'model.safetensors'
const other = Buffer.from(files[weights]).fill(7, size >> 1)
const cuts = [0, 1, 7, 8, 100, 4095, 65536, 65537, size >> 2, size >> 1, size - 65536, size - 1, size]
/** What a cut connection may have brought that was not read yet. */
const buffered = 2 ** 17
const resumable = { 'content-range': 'bytes 0-0/1' }
const date = () => new Date(Date.now() + 1500).toUTCString()

const table = [
  ...cuts.map((cut) => ({
    title: `storage cuts after ${cut} bytes, once`,
    fault: first(1, 'storage', { cut }),
    most: total + buffered,
  })),
  ...cuts.slice(0, -2).map((cut) => ({
    title: `storage cuts after ${cut} further bytes, always`,
    fault: always('storage', { cut }),
    fails: cut * 6 < size,
  })),
  {
    title: 'a small file is cut, once',
    fault: first(1, 'file', { cut: 20 }, 'vocab.json'),
    most: total + buffered,
  },
  { title: 'the list of files is cut, once', fault: first(1, 'api', { cut: 30 }), most: total },
  {
    title: 'the list of files is cut, always',
    fault: always('api', { cut: 30 }),
    fails: /is unreachable/,
  },
  { title: 'the list is no list', fault: always('api', { bytes: Buffer.from('[1]') }), fails: /commit/ },
  {
    title: 'the list names no commit',
    fault: always('api', { bytes: Buffer.from('{"sha": "../..", "siblings": []}') }),
    fails: /commit/,
  },
  {
    title: 'the list has no end',
    fault: always('api', { bytes: Buffer.alloc(17 * 2 ** 20, ' ') }),
    fails: /bytes/,
  },
  { title: 'other bytes, once', fault: first(1, 'storage', { bytes: other }), most: 2 * total },
  { title: 'other bytes, always', fault: always('storage', { bytes: other }), fails: /hash/, left: 0 },
  {
    title: 'other bytes of a small file',
    fault: always('file', { bytes: Buffer.from(files['merges.txt']).fill(65, 30, 40) }, 'merges.txt'),
    fails: /merges\.txt does not have the hash/,
  },
  {
    title: 'contents change between two tries',
    fault: ({ kind, count }) =>
      kind === 'storage' && count < 2 ? { bytes: other, cut: (size >> 1) + 9 } : undefined,
    most: 3 * total,
  },
  {
    title: 'fewer bytes than promised',
    fault: always('storage', { bytes: files[weights].subarray(9) }),
    fails: /expected/,
  },
  {
    title: 'more bytes than promised',
    fault: always('storage', { bytes: Buffer.concat([other, other]) }),
    fails: /expected/,
  },
  {
    title: 'more bytes than promised, without a length',
    fault: always('storage', {
      bytes: Buffer.concat([files[weights], other]),
      hasNoLength: true,
    }),
    fails: /longer|could not be resumed/,
  },
  {
    title: 'ranges are ignored',
    fault: ({ kind, count }) =>
      kind === 'storage' ? (count === 0 ? { cut: size >> 1 } : { ignoresRange: true }) : undefined,
    most: 2 * total,
  },
  {
    title: 'another range than asked for',
    fault: ({ kind, count }) =>
      kind === 'storage' ? (count === 0 ? { cut: size >> 1 } : { headers: resumable }) : undefined,
    most: 3 * total,
  },
  {
    title: 'a range that is refused',
    fault: ({ kind, count }) => [{ cut: size >> 1 }, { status: 416 }][kind === 'storage' ? count : 2],
    most: 2 * total,
  },
  {
    title: 'compressed',
    fault: always('storage', { headers: { 'content-encoding': 'gzip' } }),
    fails: /No answer|gzip/,
  },
  ...['api', 'head', 'storage'].flatMap((kind) => [
    { title: `${kind} answers 503, twice`, fault: first(2, kind, { status: 503 }), most: total },
    {
      title: `${kind} answers 500, always`,
      fault: always(kind, { status: 500 }),
      fails: /500/,
    },
    {
      title: `${kind} answers 429 and asks for a second`,
      fault: first(1, kind, { status: 429, headers: { 'retry-after': '1' } }),
      most: total,
      least: 1000,
    },
    {
      title: `${kind} answers 429 and asks for an hour`,
      fault: always(kind, { status: 429, headers: { 'retry-after': '3600' } }),
      fails: /3600 s/,
    },
  ]),
  {
    title: 'storage asks to wait until a date',
    fault: (request) =>
      request.kind === 'storage' && request.count === 0
        ? { status: 503, headers: { 'retry-after': date() } }
        : undefined,
    most: total,
  },
  { title: 'storage is only slow', fault: always('storage', { piece: 65536, pause: 60 }), most: total },
  { title: 'storage answers 403', fault: always('storage', { status: 403 }), fails: /403/ },
  {
    title: 'storage answers 404',
    fault: always('storage', { status: 404 }),
    fails: /model\.safetensors.*404/,
  },
  {
    title: 'an ETag that is a path',
    fault: always('head', { headers: { 'x-linked-etag': '"../../../x"' } }),
    fails: /ETag/,
  },
  {
    title: 'an ETag that is no hash',
    fault: always('head', { headers: { 'x-linked-etag': '"abc-12"' } }),
    fails: /ETag/,
  },
  {
    title: 'the hash of something else',
    fault: always('head', { headers: { 'x-linked-etag': `"${sha256('x')}"` } }),
    fails: /hash/,
  },
  {
    title: 'another commit',
    fault: always('head', { headers: { 'x-repo-commit': commitOf('x') } }),
    fails: /commit/,
  },
  {
    title: 'a size that is none',
    fault: always('head', { headers: { 'x-linked-size': '-5' } }),
    fails: /size/,
  },
  {
    title: 'a size beyond all bounds',
    fault: always('head', { headers: { 'x-linked-size': '9e99' } }),
    fails: /size/,
  },
  {
    title: 'a redirect without end',
    fault: always('file', { status: 302, headers: { location: '?' } }),
    fails: /redirects more/,
  },
  {
    title: 'a redirect to no address',
    fault: always('file', { status: 302, headers: { location: 'http://[' } }),
    fails: /invalid address/,
  },
  {
    title: 'a redirect to a file',
    fault: always('file', { status: 302, headers: { location: 'file:///etc/hostname' } }),
    fails: /file:.*expected https/,
  },
]

// A limit long enough for a machine that is busy with other things: silence is another file's subject.
await runTable(t, table, { ...checkpoint, seconds: 60 })
