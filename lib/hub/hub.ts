/** The part of the hub's API that reads a repository. */
import { parseJson } from '../base/json.js'
import { HubFault, shown } from './fault.js'
import { isCommit } from './id.js'
import { type Reply, request } from './request.js'
import { Retries, retrying } from './retries.js'
import type { HubSettings } from './settings.js'

/** Limit of a listing; a megabyte holds about ten thousand files. */
const MAX_ANSWER_BYTES = 16 * 2 ** 20

export interface RepoListing {
  commit: string
  /** Sizes by name; undefined where the hub does not give one. */
  files: Map<string, number | undefined>
}

export interface RemoteFile {
  name: string
  address: string
  /** The SHA-256 of a large file, or the git blob's SHA-1 of a small one: hexadecimal. */
  etag: string
  bytes: number
}

export class Hub {
  readonly #settings: HubSettings
  readonly #id: string
  readonly #signal: AbortSignal | undefined

  constructor(settings: HubSettings, id: string, signal: AbortSignal | undefined) {
    this.#settings = settings
    this.#id = id
    this.#signal = signal
  }

  /** The current commit of a revision, and its files. */
  async list(revision: string, retries = new Retries(this.#signal)): Promise<RepoListing> {
    const address = `${this.#settings.endpoint}/api/models/${this.#id}/revision/${encodeURIComponent(revision)}?blobs=true`
    return retrying(retries, async () => {
      const reply = await request(address, this.#options())
      await this.#expect(reply, [200], revision)
      return readListing(await readAnswer(reply), reply.url)
    })
  }

  /** A file's hash and size. `bytes` is used if the response does not give the size. */
  async describe(commit: string, name: string, bytes: number | undefined): Promise<RemoteFile> {
    const address = `${this.#settings.endpoint}/${this.#id}/resolve/${commit}/${name.split('/').map(encodeURIComponent).join('/')}`
    return retrying(new Retries(this.#signal), async () => {
      const reply = await request(address, { ...this.#options(), method: 'HEAD', staysOnHost: true })
      const isRedirect = reply.status >= 300 && reply.status < 400
      if (isRedirect) reply.close()
      else await this.#expect(reply, [200], commit, name)
      reply.close()
      const header = (title: string) =>
        reply.hops.map((hop) => hop.get(title)).find((value) => value !== null)
      const told = header('x-repo-commit')
      if (told !== commit) throw notHub(reply.url, `x-repo-commit ${told ?? 'missing'} in place of ${commit}`)
      const etag = readEtag(header('x-linked-etag') ?? reply.headers.get('etag'), reply.url)
      const length = header('x-linked-size') ?? (isRedirect ? null : reply.headers.get('content-length'))
      return { name, address, etag, bytes: readSize(length ?? bytes, reply.url) }
    })
  }

  /** Opens a file at byte `start`, or at 0 if the server does not support ranges. Tries once. */
  async open(file: RemoteFile, start: number): Promise<Reply> {
    const headers: Record<string, string> = start > 0 ? { range: `bytes=${start}-` } : {}
    const options = { ...this.#options(), timeout: this.#settings.sendTimeout, headers }
    const reply = await request(file.address, options)
    await this.#expect(reply, start > 0 ? [200, 206, 416] : [200], '', file.name)
    return reply
  }

  #options() {
    return { token: this.#settings.token, timeout: this.#settings.askTimeout, signal: this.#signal }
  }

  /** Throws the fault for an unexpected status. */
  async #expect(reply: Reply, statuses: readonly number[], revision: string, name?: string): Promise<void> {
    if (statuses.includes(reply.status)) return
    reply.close()
    const { status, headers, url } = reply
    const code = headers.get('x-error-code')
    const id = this.#id
    const token = this.#settings.token ? 'that your token has access' : 'set HF_TOKEN if it is private'
    if (status === 403 || code === 'GatedRepo') {
      const how = this.#settings.token ? 'your token has no access' : 'set HF_TOKEN to a token with access'
      throw new HubFault(`The hub denies access to ${id} (${status}): request access on its page; ${how}`)
    }
    if (status === 401) {
      throw new HubFault(`The hub shows no repository ${id} (401): check its name, and ${token}`)
    }
    if (status === 404 && name !== undefined) throw new HubFault(`The hub has no file ${name} in ${id} (404)`)
    if (status === 404 && code === 'RevisionNotFound') {
      throw new HubFault(
        `The repository ${id} has no revision '${revision}' (404): name a branch, a tag or a commit`,
      )
    }
    if (status === 404)
      throw new HubFault(`The hub has no repository ${id} (404): check its name, and ${token}`)
    throw notHub(url, `status ${status}`)
  }
}

function notHub(url: URL, what: string): HubFault {
  const message = `${shown(url)} did not answer like a hub: ${what}. Check HF_ENDPOINT and proxies`
  return new HubFault(message, { isUnreachable: true })
}

async function readAnswer(reply: Reply): Promise<unknown> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of reply.body) {
    bytes += chunk.length
    if (bytes > MAX_ANSWER_BYTES) throw notHub(reply.url, `more than ${MAX_ANSWER_BYTES} bytes`)
    chunks.push(chunk)
  }
  try {
    return parseJson(new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks)))
  } catch {
    throw notHub(reply.url, 'its response is not JSON')
  }
}

function readListing(answer: unknown, url: URL): RepoListing {
  const { sha, siblings } = (answer ?? {}) as { sha?: unknown; siblings?: unknown }
  if (!isCommit(sha)) throw notHub(url, 'its response has no commit')
  if (!Array.isArray(siblings)) throw notHub(url, 'its response lists no files')
  const files = new Map<string, number | undefined>()
  for (const each of siblings) {
    const { rfilename: name, size } = (each ?? {}) as { rfilename?: unknown; size?: unknown }
    if (typeof name === 'string') files.set(name, typeof size === 'number' ? size : undefined)
  }
  return { commit: sha, files }
}

/** The etag becomes a file name and checks the file's bytes, so only a hash is accepted. */
function readEtag(value: string | null, url: URL): string {
  const etag = value?.replace(/^W\//, '').replace(/^"(.*)"$/, '$1') ?? ''
  if (!/^([0-9a-f]{40}|[0-9a-f]{64})$/.test(etag)) {
    throw notHub(url, 'its ETag is neither a SHA-256 nor a git hash, so the file cannot be checked')
  }
  return etag
}

function readSize(value: string | number | null | undefined, url: URL): number {
  const bytes = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value
  if (typeof bytes === 'number' && Number.isSafeInteger(bytes) && bytes >= 0) return bytes
  throw notHub(url, 'it does not give the size of the file')
}
