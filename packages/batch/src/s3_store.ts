/** A run's files in a bucket of Amazon S3, or of a service that speaks its protocol. */
import { AwsClient } from 'aws4fetch'
import { type BatchStore, ClvpError, type WriteOptions } from 'node-clvp'

/** Where and who: the environment's AWS_ENDPOINT_URL, AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN. */
type Environment = Readonly<Record<string, string | undefined>>

const attempts = 5

export class S3Store implements BatchStore {
  readonly url: string
  readonly #client: AwsClient
  readonly #bucket: string
  readonly #prefix: string

  private constructor(url: string, client: AwsClient, bucket: string, prefix: string) {
    this.url = url
    this.#client = client
    this.#bucket = bucket
    this.#prefix = prefix
  }

  /** @param url `s3://bucket/prefix` */
  static open(url: string, environment: Environment = process.env): S3Store {
    const [, bucket, path = ''] = /^s3:\/\/([^/]+)(?:\/(.*))?$/.exec(url) ?? []
    const {
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      AWS_SESSION_TOKEN: sessionToken,
      AWS_REGION: region = 'us-east-1',
      AWS_ENDPOINT_URL: endpoint = `https://s3.${region}.amazonaws.com`,
    } = environment
    if (bucket === undefined) throw invalid('s3://BUCKET/PREFIX', url)
    if (!accessKeyId || !secretAccessKey) {
      throw new ClvpError(
        'CLVP_INVALID_ARGUMENT',
        `Expected AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment for ${url} but received none: set them`,
      )
    }
    const client = new AwsClient({
      accessKeyId,
      secretAccessKey,
      ...(sessionToken && { sessionToken }),
      service: 's3',
      region,
      retries: attempts,
    })
    const prefix = path === '' || path.endsWith('/') ? path : `${path}/`
    return new S3Store(url, client, `${endpoint.replace(/\/$/, '')}/${bucket}`, prefix)
  }

  async names(prefix = ''): Promise<string[]> {
    const names: string[] = []
    let next: string | undefined
    do {
      const query = new URLSearchParams({ 'list-type': '2', prefix: this.#prefix + prefix, delimiter: '/' })
      if (next !== undefined) query.set('continuation-token', next)
      const response = await this.#fetch('list', `${this.#bucket}?${query}`, {})
      if (!response.ok) throw await failure(response, `${this.url} could not be listed`)
      const text = await response.text()
      for (const [, key] of text.matchAll(/<Key>([^<]*)<\/Key>/g)) {
        names.push(unescaped(key!).slice(this.#prefix.length))
      }
      const found = /<NextContinuationToken>([^<]*)<\/NextContinuationToken>/.exec(text)?.[1]
      next = found === undefined ? undefined : unescaped(found)
    } while (next !== undefined)
    return names
  }

  async read(name: string): Promise<Uint8Array | undefined> {
    const response = await this.#fetch(name, this.#address(name), {})
    if (response.status === 404) {
      await response.body?.cancel()
      return undefined
    }
    if (!response.ok) throw await failure(response, `${this.url}/${name} could not be read`)
    return new Uint8Array(await response.arrayBuffer())
  }

  async write(name: string, bytes: Uint8Array, { onlyNew = false }: WriteOptions = {}): Promise<boolean> {
    const response = await this.#fetch(name, this.#address(name), {
      method: 'PUT',
      body: Uint8Array.from(bytes),
      headers: onlyNew ? { 'if-none-match': '*' } : {},
    })
    // 409: another process writes the same name at this moment.
    if (onlyNew && [412, 409].includes(response.status)) {
      await response.body?.cancel()
      return false
    }
    if (!response.ok) throw await failure(response, `${this.url}/${name} could not be written`)
    await response.body?.cancel()
    return true
  }

  async remove(name: string): Promise<void> {
    const response = await this.#fetch(name, this.#address(name), { method: 'DELETE' })
    if (!response.ok && response.status !== 404) {
      throw await failure(response, `${this.url}/${name} could not be removed`)
    }
    await response.body?.cancel()
  }

  #address(name: string): string {
    const path = `${this.#prefix}${name}`.split('/').map(encodeURIComponent).join('/')
    return `${this.#bucket}/${path}`
  }

  async #fetch(name: string, address: string, init: RequestInit): Promise<Response> {
    try {
      return await this.#client.fetch(address, init)
    } catch (cause) {
      const reason = cause instanceof Error ? String(cause.cause ?? cause.message) : String(cause)
      throw new ClvpError('CLVP_IO', `${this.url}/${name} could not be reached: ${reason}`, { cause })
    }
  }
}

async function failure(response: Response, what: string): Promise<ClvpError> {
  const text = await response.text().catch(() => '')
  const reason = /<Message>([^<]*)<\/Message>/.exec(text)?.[1] ?? response.statusText
  return new ClvpError('CLVP_IO', `${what}: ${response.status} ${reason}`)
}

function unescaped(text: string): string {
  const entities: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }
  return text.replace(/&(amp|lt|gt|quot|apos);/g, (_, name: string) => entities[name]!)
}

function invalid(what: string, value: string): ClvpError {
  return new ClvpError(
    'CLVP_INVALID_ARGUMENT',
    `Expected ${what} for the folder of the run but received '${value}'`,
  )
}
