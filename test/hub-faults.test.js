// Whatever a hub does wrong: no damaged file ever has its final name, no pull hangs, and a later one goes on from there.
import { statSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { fetchSnapshot } from '../dist/lib/hub/snapshot.js'
import { readRecipe, writeCheckpoint } from './helpers/checkpoint.js'
import { checkCache, repoFolder } from './helpers/hub_cache.js'
import { commitOf, etagOf, filesOf, sha256, startHub } from './helpers/hub_server.js'

const dir = t.testdir({})
const commit = commitOf('first')
const files = filesOf(writeCheckpoint(readRecipe('plain'), join(dir, 'plain')))
const weights = 'model.safetensors'
const size = files[weights].length
const total = Object.values(files).reduce((sum, { length }) => sum + length, 0)
const other = Buffer.from(files[weights]).fill(7, size >> 1)

/** What goes wrong for the first `times` requests of a kind, with the weights unless told otherwise. */
const first = (times, kind, fault, name = weights) => {
  return (request) => {
    const isIt = request.kind === kind && (kind === 'api' || request.name === name)
    return isIt && request.count < times ? fault : undefined
  }
}
const always = (kind, fault, name) => first(Infinity, kind, fault, name)
const cuts = [0, 1, 7, 8, 100, 4095, 65536, 65537, size >> 2, size >> 1, size - 65536, size - 1, size]
/** What a cut connection may have brought that was not read yet. */
const buffered = 2 ** 17
const resumable = { 'content-range': 'bytes 0-0/1' }
const date = () => new Date(Date.now() + 1500).toUTCString()

/**
 * `fails`: the message of the CLVP_IO that it ends with; absent where it succeeds all the same. `most`: bytes of files that may
 * be sent for it. `left`: 0 where nothing of the weights is kept for the next pull.
 */
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
    fails: /could not be asked/,
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
    fails: /merges\.txt do not have the hash/,
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
    fails: /longer|comes with range/,
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
    fails: /comes with range/,
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
    {
      title: `${kind} kept silent`,
      fault: always(kind, { stall: -1 }),
      fails: /silent|No answer/,
    },
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
  {
    title: 'storage falls silent on the way, once',
    fault: first(1, 'storage', { stall: size >> 1 }),
    most: total,
    least: 1000,
  },
  {
    title: 'storage trickles',
    fault: always('storage', { piece: 1, pause: 30 }),
    fails: /silent/,
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
    fails: /leads on/,
  },
  {
    title: 'a redirect to no address',
    fault: always('file', { status: 302, headers: { location: 'http://[' } }),
    fails: /no address/,
  },
  {
    title: 'a redirect to a file',
    fault: always('file', { status: 302, headers: { location: 'file:///etc/hostname' } }),
    fails: /file:.*expected https/,
  },
]

// Faults that last take some twenty seconds to be believed. So all rows run at once, each with a repository of its own.
const idOf = (i) => `owner/row-${i}`
const repo = { revisions: { main: commit }, commits: { [commit]: files } }
const hub = await startHub(t, Object.fromEntries(table.map((_, i) => [idOf(i), repo])))
const clean = new Set()
hub.fault = (request) => {
  return clean.has(request.id) ? undefined : table[Number(request.id.split('-')[1])].fault(request)
}
const cache = join(dir, 'hub')
Object.assign(process.env, { HF_HOME: dir, HF_ENDPOINT: hub.endpoint })
Object.assign(process.env, { HF_HUB_ETAG_TIMEOUT: '4', HF_HUB_DOWNLOAD_TIMEOUT: '4' })

async function run(t, { title, fails, most = Infinity, least = 0, left }, id) {
  const started = performance.now()
  const result = await fetchSnapshot(id, { revision: 'main' }).catch((error) => error)
  const took = performance.now() - started
  t.ok(took < 110_000 && took >= least, `${Math.round(took)} ms`)
  const { whole, parts } = checkCache(t, cache, id, { [commit]: files }, title)
  const sizes = parts.map((name) => statSync(join(repoFolder(cache, id), 'blobs', name)).size)
  t.ok(sizes.length <= (left ?? 1), 'one part at most')
  if (fails) t.match(result, { code: 'CLVP_IO', ...(fails !== true && { message: fails }) }, title)
  else t.match(result, { commit }, title)
  const before = hub.served(id)
  t.ok(before <= most, `${before} of at most ${most} bytes`)

  clean.add(id)
  const asked = hub.requests.length
  const again = await fetchSnapshot(id, { revision: 'main' })
  t.same(checkCache(t, cache, id, { [commit]: files }, 'afterwards').parts, [], 'no part is left')
  t.equal(again.commit, commit)
  const there = Object.entries(files).filter(([name, bytes]) => whole.includes(etagOf(name, bytes)))
  const missing = total - there.reduce((sum, [, { length }]) => sum + length, 0)
  const [part = 0] = sizes
  t.equal(hub.served(id) - before, missing - part, 'what was there is not fetched again')
  const sent = hub.requests.slice(asked).filter((each) => each.id === id && each.start > 0)
  t.match(sent, part > 0 && part < size ? [{ start: part }] : [], 'it goes on where it was')
}

t.jobs = table.length
for (const [i, each] of table.entries()) t.test(each.title, { buffered: true }, (t) => run(t, each, idOf(i)))
