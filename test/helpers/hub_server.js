/**
 * A hub on this machine: its API on one server, large files on another, as the real one keeps them. What goes wrong is up to
 * `hub.fault`, which is asked about each request.
 */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'

export const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex')
export const gitHash = (bytes) =>
  createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex')

/** A folder's files as a repository's. */
export function filesOf(folder) {
  return Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name))]))
}

export const commitOf = (name) => createHash('sha1').update(name).digest('hex')

const isLarge = (name) => /\.(safetensors|bin|pth|gguf)$/.test(name)
export const etagOf = (name, bytes) => (isLarge(name) ? sha256(bytes) : gitHash(bytes))

/**
 * Starts a hub with repositories `{ 'owner/name': { token?, gated?, revisions: { main: commit }, commits: { [commit]: files } } }`.
 *
 * `fault({ kind, id, name, start, count })` may give, for requests of the kinds 'api', 'head', 'file' and 'storage' and the
 * count-th of their kind and name: `status` and `headers` of another answer; `bytes` to send instead; `cut` or `stall`, the bytes after
 * which the connection is cut or kept silent; `pause`, milliseconds between pieces of `piece` bytes; `ignoresRange`; `hasNoLength`; or
 * `reply`, which answers a request for storage itself.
 */
export async function startHub(t, repos) {
  const hub = { repos, requests: [], fault: undefined }
  const storage = await listen(t, (request, response) => serveStorage(hub, request, response))
  const main = await listen(t, (request, response) => serveHub(hub, storage, request, response))
  hub.endpoint = main
  /** Bytes of files that were sent, of one repository or all. */
  hub.served = (id) =>
    hub.requests.filter((each) => id === undefined || each.id === id).reduce((sum, { sent }) => sum + sent, 0)
  hub.reset = () => {
    hub.requests = []
    hub.fault = undefined
  }
  return hub
}

async function listen(t, serve) {
  const server = createServer((request, response) => {
    serve(request, response).catch((error) => {
      process.emitWarning(error) // a slip of this server must not look like a fault
      response.destroy()
    })
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    return new Promise((resolve) => server.close(resolve))
  })
  return `http://127.0.0.1:${server.address().port}`
}

/** Notes a request, and gives what is to go wrong with it. */
function note(hub, kind, id, name, request) {
  const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0)
  const isLike = (each) => each.kind === kind && each.id === id && each.name === name
  const count = hub.requests.filter(isLike).length
  const noted = { kind, id, name, start, count, sent: 0, headers: request.headers }
  hub.requests.push(noted)
  return { noted, start, fault: hub.fault?.(noted) ?? {} }
}

async function serveHub(hub, storage, request, response) {
  const path = decodeURIComponent(new URL(request.url, 'http://x').pathname)
  const [, api, revision] = /^\/api\/models\/([^/]+\/[^/]+)\/revision\/(.+)$/.exec(path) ?? []
  const [, id = api, wanted, name] = /^\/([^/]+\/[^/]+)\/resolve\/([^/]+)\/(.+)$/.exec(path) ?? []
  const kind = api ? 'api' : request.method === 'HEAD' ? 'head' : 'file'
  const { noted, start, fault } = note(hub, kind, id, name ?? revision, request)
  if (fault.stall < 0) return // not even a status
  if (fault.status) return answer(response, fault.status, fault.headers, fault.bytes)
  const repo = hub.repos[id]
  const denied = refusal(repo, request)
  if (denied) return answer(response, ...denied)
  if (api) {
    const sha = repo.revisions[revision] ?? (repo.commits[revision] && revision)
    if (!sha) return answer(response, 404, { 'x-error-code': 'RevisionNotFound' })
    const siblings = Object.keys(repo.commits[sha]).map((rfilename) => ({ rfilename }))
    return send(response, Buffer.from(JSON.stringify({ id, sha, siblings })), { fault })
  }
  const sha = repo.revisions[wanted] ?? wanted
  const bytes = repo.commits[sha]?.[name]
  if (!bytes) return answer(response, 404, { 'x-error-code': 'EntryNotFound' })
  const common = { 'x-repo-commit': sha }
  if (isLarge(name)) {
    const location = `${storage}/${id}/${sha}/${name}?signature=secret`
    const linked = { 'x-linked-etag': `"${sha256(bytes)}"`, 'x-linked-size': String(bytes.length) }
    return answer(response, 302, { ...common, location, ...linked, ...fault.headers }, 'Found')
  }
  const headers = { ...common, etag: `"${gitHash(bytes)}"`, ...fault.headers }
  if (kind !== 'head') return send(response, bytes, { fault, start, headers, noted })
  answer(response, 200, { 'content-length': String(bytes.length), ...headers })
}

function refusal(repo, request) {
  const given = request.headers.authorization
  if (!repo)
    return given ? [404, { 'x-error-code': 'RepoNotFound' }] : [401, { 'x-error-code': 'RepoNotFound' }]
  if (repo.gated) return [403, { 'x-error-code': 'GatedRepo' }]
  if (repo.token && given !== `Bearer ${repo.token}`) return [401, {}]
  return undefined
}

async function serveStorage(hub, request, response) {
  const path = decodeURIComponent(new URL(request.url, 'http://x').pathname)
  const [, id, commit, name] = /^\/([^/]+\/[^/]+)\/([^/]+)\/(.+)$/.exec(path)
  const { noted, start, fault } = note(hub, 'storage', id, name, request)
  if (fault.stall < 0) return
  if (fault.status) return answer(response, fault.status, fault.headers, fault.bytes)
  const bytes = hub.repos[id].commits[commit][name]
  if (fault.reply) return fault.reply(response, { bytes, start })
  return send(response, bytes, {
    noted,
    fault,
    start,
    headers: { etag: '"of the storage"', ...fault.headers },
  })
}

function answer(response, status, headers = {}, body = '') {
  response.writeHead(status, headers)
  response.end(body)
}

async function send(response, real, { fault, start = 0, headers = {}, noted = {} }) {
  const bytes = fault.bytes ?? real
  const isPart = start > 0 && !fault.ignoresRange
  if (isPart && start >= bytes.length)
    return answer(response, 416, { 'content-range': `bytes */${bytes.length}` })
  const rest = isPart ? bytes.subarray(start) : bytes
  const range = { 'content-range': `bytes ${start}-${bytes.length - 1}/${bytes.length}` }
  const { cut = Infinity, stall = Infinity, pause = 0, piece = 65536 } = fault
  response.writeHead(isPart ? 206 : 200, {
    ...(!fault.hasNoLength && { 'content-length': String(rest.length) }),
    ...(isPart && range),
    ...headers,
  })
  response.flushHeaders()
  for (let at = 0; at < rest.length; ) {
    if (response.destroyed) return
    const end = Math.min(at + piece, rest.length, cut, stall)
    if (end > at) await new Promise((resolve) => response.write(rest.subarray(at, end), resolve))
    noted.sent += end - at
    at = end
    // An orderly end of the connection lets everything arrive that was sent: tests count it.
    if (at >= cut) return response.socket?.end()
    if (at >= stall) return
    if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause))
  }
  response.end()
}
