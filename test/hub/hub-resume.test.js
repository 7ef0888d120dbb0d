// A download stopped half-way, and a server that answers its continuation wrongly, always: the next call succeeds or says why.
import t from 'tap'
import { fetchSnapshot } from '../../dist/lib/hub/snapshot.js'
import { checkCache } from '../helpers/hub_cache.js'
import { commitOf, startHub } from '../helpers/hub_server.js'
import { makeCheckpoint } from '../helpers/hub_table.js'

const { dir, files: small } = makeCheckpoint(t.testdir({}))
// Nothing reads the weights. They are large enough for a try to count as progress.
const size = 4 * 2 ** 20 + 5
const files = { ...small, 'model.safetensors': Buffer.alloc(size, 'weights') }
const commit = commitOf('first')
const half = size >> 1
const most = 2 ** 16
const other = Buffer.from(files['model.safetensors']).fill(7, half)

/** A 206 with these headers and bytes. */
const part =
  (headers, body) =>
  (response, { bytes, start }) => {
    const sent = body(bytes, start)
    response.writeHead(206, { 'content-length': String(sent.length), ...headers(start, sent) })
    response.end(sent)
  }
const rest = (bytes, start) => bytes.subarray(start)
const ranged = (start, length) => `bytes ${start}-${start + length - 1}/${size}`
const exact = (start, { length }) => ({ 'content-range': ranged(start, length) })

const table = [
  { title: 'no Content-Range', reply: part(() => ({}), rest), resumes: true },
  {
    title: 'no Content-Range, and the whole file',
    reply: part(
      () => ({}),
      (bytes) => bytes,
    ),
  },
  {
    title: 'neither Content-Range nor Content-Length',
    reply: (response, { bytes, start }) => {
      response.writeHead(206)
      response.end(rest(bytes, start))
    },
  },
  {
    title: 'a Content-Range without the total',
    reply: part((start) => ({ 'content-range': `bytes ${start}-${size - 1}/*` }), rest),
    resumes: true,
  },
  { title: 'a Content-Range that is none', reply: part(() => ({ 'content-range': 'all of it' }), rest) },
  {
    title: 'a range of another file',
    reply: part((start) => ({ 'content-range': `bytes ${start}-${size - 1}/${size + 1}` }), rest),
  },
  {
    title: 'shorter ranges than asked for',
    reply: part(exact, (bytes, start) => bytes.subarray(start, start + most)),
    resumes: true,
  },
  {
    title: 'a range that begins earlier',
    reply: (response, { bytes, start }) =>
      part(
        () => exact(start - 9, rest(bytes, start - 9)),
        () => rest(bytes, start - 9),
      )(response, { bytes, start }),
    resumes: true,
  },
  {
    title: 'a range that begins later',
    reply: part(
      (start, sent) => ({ 'content-range': ranged(start + 9, sent.length) }),
      (bytes, start) => rest(bytes, start + 9),
    ),
  },
  {
    title: 'several ranges in one body',
    reply: part(
      (start) => ({
        'content-type': 'multipart/byteranges; boundary=x',
        'content-range': `bytes ${start}-${size - 1}/${size}`,
      }),
      (bytes, start) =>
        Buffer.concat([Buffer.from('--x\r\n\r\n'), rest(bytes, start), Buffer.from('\r\n--x--')]),
    ),
  },
  {
    title: 'other bytes of the same range',
    reply: part(exact, (_, start) => rest(other, start)),
    resumes: true,
  },
  {
    title: 'more bytes than the range tells',
    reply: (response, { bytes, start }) => {
      response.writeHead(206, { 'content-range': `bytes ${start}-${size - 1}/${size}` })
      response.end(Buffer.concat([rest(bytes, start), Buffer.alloc(99, 7)]))
    },
    resumes: true,
  },
  {
    title: 'the whole file, with status 200',
    reply: (response, { bytes }) => {
      response.writeHead(200, { 'content-length': String(size) })
      response.end(bytes)
    },
  },
  {
    title: 'status 416',
    reply: (response) => {
      response.writeHead(416, { 'content-range': `bytes */${size}` })
      response.end()
    },
  },
  {
    title: 'status 416, and the whole file is always cut',
    reply: (response) => {
      response.writeHead(416)
      response.end()
    },
    whole: { cut: half + 2 ** 20 },
    fails: /ended after|could not be resumed/,
  },
  {
    title: 'compressed',
    reply: part(() => ({ 'content-encoding': 'br' }), rest),
    fails: /br|decod/i,
  },
]

const hub = await startHub(
  t,
  Object.fromEntries(
    table.map((_, i) => [`owner/row-${i}`, { revisions: { main: commit }, commits: { [commit]: files } }]),
  ),
)
Object.assign(process.env, { HF_HOME: dir, HF_HUB_CACHE: `${dir}/hub`, HF_ENDPOINT: hub.endpoint })
const phase = new Map()
hub.fault = ({ id, kind, start, count }) => {
  if (kind !== 'storage') return undefined
  const { reply, whole } = table[Number(id.split('-')[1])]
  switch (phase.get(id)) {
    case 'stop':
      return count === 0 ? { cut: half } : { status: 404 }
    case 'wrong':
      return start > 0 ? { reply } : whole
    default:
      return undefined
  }
}

t.jobs = table.length
for (const [i, { title, resumes, fails }] of table.entries()) {
  t.test(title, { buffered: true }, async (t) => {
    const id = `owner/row-${i}`
    const pull = () => fetchSnapshot(id, { revision: 'main' })
    const asked = () => hub.requests.filter((each) => each.id === id && each.kind === 'storage')
    phase.set(id, 'stop')
    await t.rejects(pull(), { code: 'CLVP_IO', message: /404/ })
    t.equal(
      checkCache(t, dir.concat('/hub'), id, { [commit]: files }, 'stopped').parts.length,
      1,
      'a part is kept',
    )
    const before = asked().length
    phase.set(id, 'wrong')
    const result = await pull().catch((error) => error)
    t.match(result, fails ? { code: 'CLVP_IO', message: fails } : { commit })
    const [first, ...others] = asked().slice(before)
    t.ok(first.start > 0, 'it asked for the rest')
    if (!fails) {
      const again = others.filter(({ start }) => start === 0).length
      if (resumes && !title.startsWith('other bytes')) t.equal(again, 0, 'nothing is fetched again')
      else t.equal(again, title.includes('status 200') ? 0 : 1, 'it is fetched from the start')
    }
    phase.set(id, 'right')
    t.match(await pull(), { commit }, 'and the call after it')
    checkCache(t, dir.concat('/hub'), id, { [commit]: files }, 'afterwards')
  })
}
