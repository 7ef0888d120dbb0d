/** The environment variables of the hub's own libraries, read at each call. */
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { ClvpError } from '../base/errors.js'
import { type FileUse, readWhole, statIfThere } from '../base/files.js'

export interface HubSettings {
  /** Without a trailing slash. */
  endpoint: string
  /** The folder that contains `models--owner--name`. */
  cache: string
  token: string | undefined
  isOffline: boolean
  /** Whether snapshots link to blobs, rather than copy them. */
  hasLinks: boolean
  /** Milliseconds without data: for metadata requests, and for downloads. */
  askTimeout: number
  sendTimeout: number
}

const tokenUse: FileUse = { what: 'the token', maxBytes: 2 ** 16, code: 'CLVP_IO' }
const DEFAULT_ENDPOINT = 'https://huggingface.co'

export async function readHubSettings(): Promise<HubSettings> {
  const { HF_HOME, HF_HUB_CACHE, HF_ENDPOINT, HF_TOKEN_PATH, XDG_CACHE_HOME } = process.env
  const { HF_HUB_OFFLINE, HF_HUB_DISABLE_SYMLINKS, HF_HUB_ETAG_TIMEOUT, HF_HUB_DOWNLOAD_TIMEOUT } =
    process.env
  const home = folder(HF_HOME) ?? join(folder(XDG_CACHE_HOME) ?? join(homedir(), '.cache'), 'huggingface')
  return {
    endpoint: endpoint(HF_ENDPOINT || DEFAULT_ENDPOINT),
    cache: folder(HF_HUB_CACHE) ?? join(home, 'hub'),
    token: await token(process.env.HF_TOKEN, folder(HF_TOKEN_PATH) ?? join(home, 'token')),
    isOffline: isOn(HF_HUB_OFFLINE),
    hasLinks: !isOn(HF_HUB_DISABLE_SYMLINKS),
    askTimeout: seconds('HF_HUB_ETAG_TIMEOUT', HF_HUB_ETAG_TIMEOUT),
    sendTimeout: seconds('HF_HUB_DOWNLOAD_TIMEOUT', HF_HUB_DOWNLOAD_TIMEOUT),
  }
}

function folder(value: string | undefined): string | undefined {
  if (!value) return undefined
  return resolve(value.replace(/^~(?=$|[/\\])/, homedir()))
}

function isOn(value: string | undefined): boolean {
  return /^(1|on|yes|true)$/i.test(value ?? '')
}

function endpoint(value: string): string {
  let url: URL | undefined
  try {
    url = new URL(value)
  } catch {
    // Not a URL: reported below.
  }
  const isWeb = url?.protocol === 'https:' || url?.protocol === 'http:'
  if (!url || !isWeb || url.username || url.password || url.search || url.hash) {
    throw wrong('HF_ENDPOINT', 'an address that begins with https:// or http://', value)
  }
  return url.href.replace(/\/+$/, '')
}

function seconds(name: string, value: string | undefined): number {
  if (!value) return 10_000
  const number = Number(value)
  if (!/^\d+$/.test(value) || number < 1 || number > 3600) {
    throw wrong(name, 'a whole number of seconds from 1 to 3600', value)
  }
  return number * 1000
}

async function token(given: string | undefined, file: string): Promise<string | undefined> {
  const text = given?.trim() || (await tokenIn(file))
  // A token must be valid in a header. It is a secret, so the message does not show it.
  if (text && !/^[\x21-\x7e]{1,4096}$/.test(text)) {
    throw new ClvpError(
      'CLVP_INVALID_ARGUMENT',
      `Expected printable ASCII without spaces for the token in ${given?.trim() ? 'HF_TOKEN' : file}`,
    )
  }
  return text || undefined
}

/** An existing token file must be readable: without the token a private model would appear to be missing. */
async function tokenIn(file: string): Promise<string> {
  if (!(await statIfThere(file, 'a file for the token'))) return ''
  return (await readWhole(file, tokenUse)).toString().trim()
}

function wrong(name: string, what: string, value: string): ClvpError {
  return new ClvpError('CLVP_INVALID_ARGUMENT', `Expected ${what} for ${name} but received '${value}'`)
}
