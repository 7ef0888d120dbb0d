/** The environment variables of the hub's own libraries, read at each call as huggingface_hub reads them. */
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
  /** The variable that forbids connections. */
  offlineBy: string | undefined
  /** Whether snapshots link to blobs, rather than copy them. */
  hasLinks: boolean
  /** Milliseconds without data: for metadata requests, and for downloads. */
  askTimeout: number
  sendTimeout: number
}

const tokenUse: FileUse = { what: 'the token', maxBytes: 2 ** 16, code: 'CLVP_IO' }
const DEFAULT_ENDPOINT = 'https://huggingface.co'

export async function readHubSettings(): Promise<HubSettings> {
  const { env } = process
  const offline = env.HF_HUB_OFFLINE ? 'HF_HUB_OFFLINE' : 'TRANSFORMERS_OFFLINE'
  const home =
    folder(env.HF_HOME) ?? join(folder(env.XDG_CACHE_HOME) ?? join(homedir(), '.cache'), 'huggingface')
  return {
    endpoint: endpoint(env.HF_ENDPOINT || DEFAULT_ENDPOINT),
    cache: folder(env.HF_HUB_CACHE) ?? folder(env.HUGGINGFACE_HUB_CACHE) ?? join(home, 'hub'),
    token: await findToken(folder(env.HF_TOKEN_PATH) ?? join(home, 'token')),
    offlineBy: isOn(env[offline]) ? offline : undefined,
    hasLinks: !isOn(env.HF_HUB_DISABLE_SYMLINKS),
    askTimeout: seconds('HF_HUB_ETAG_TIMEOUT', env.HF_HUB_ETAG_TIMEOUT),
    sendTimeout: seconds('HF_HUB_DOWNLOAD_TIMEOUT', env.HF_HUB_DOWNLOAD_TIMEOUT),
  }
}

/** A path in which `~`, `$NAME` and `${NAME}` stand for what they name. An unknown variable stays as it is written. */
function folder(value: string | undefined): string | undefined {
  if (!value) return undefined
  const variables = process.platform === 'win32' ? /\$\w+|\$\{[^}]*\}|%[^%]+%/g : /\$\w+|\$\{[^}]*\}/g
  const path = value.replace(/^~(?=$|[/\\])/, () => homedir())
  return resolve(path.replace(variables, (found) => process.env[found.replace(/[${}%]/g, '')] ?? found))
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
    const address = 'an address of https:// or http://, without user, password and query,'
    throw wrong('HF_ENDPOINT', address, withoutSecrets(value), 'set a token as HF_TOKEN')
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

/** What may be shown of an address: no user, no password, no query. */
function withoutSecrets(address: string): string {
  return address.replace(/^([a-z][a-z\d+.-]*:\/\/)?.*@/is, '$1***@').replace(/[?#].*/s, '?***')
}

/** The token that is set in a variable or in the token file. */
async function findToken(file: string): Promise<string | undefined> {
  const { env } = process
  if (isOn(env.HF_HUB_DISABLE_IMPLICIT_TOKEN)) return undefined
  for (const name of ['HF_TOKEN', 'HUGGING_FACE_HUB_TOKEN']) {
    const token = env[name]?.trim()
    if (token) return checkToken(token, name)
  }
  // An existing file must be readable: without the token a private model would appear to be missing.
  if (!(await statIfThere(file, 'a file for the token'))) return undefined
  return checkToken((await readWhole(file, tokenUse)).toString().trim(), file)
}

/** A token must be valid in a header. It is a secret, so the message does not show it. */
function checkToken(token: string, where: string): string | undefined {
  if (token === '' || /^[\x21-\x7e]{1,4096}$/.test(token)) return token || undefined
  throw new ClvpError(
    'CLVP_INVALID_ARGUMENT',
    `Expected printable ASCII without spaces for the token in ${where}: copy it again from the hub's settings`,
  )
}

function wrong(name: string, what: string, value: string, advice = 'correct it, or unset it'): ClvpError {
  return new ClvpError(
    'CLVP_INVALID_ARGUMENT',
    `Expected ${what} for ${name} but received '${value}': ${advice}`,
  )
}
