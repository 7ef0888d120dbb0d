/** Downloads a file from the hub into `blobs`: resumable, checked, and named only when it is complete. */
import { createHash } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { abortError } from '../base/errors.js'
import { HubFault } from './fault.js'
import type { Hub, RemoteFile } from './hub.js'
import { Partial } from './partial.js'
import type { Reply } from './request.js'
import { Retries } from './retries.js'

/** A connection that transferred at least this much does not count as a failed try. */
const PROGRESS_BYTES = 2 ** 20
/** How often a file may have a wrong hash: the first time, a resumed part may be the cause. */
const MAX_MISMATCHES = 2

export interface BlobOptions {
  signal: AbortSignal | undefined
  /** Called with the bytes of this file downloaded so far. */
  onBytes(bytes: number): void
}

/**
 * Makes sure that a blob exists and is complete.
 *
 * @throws ClvpError CLVP_IO or CLVP_ABORTED; the next call resumes the download
 */
export async function fetchBlob(
  hub: Hub,
  file: RemoteFile,
  blob: string,
  options: BlobOptions,
): Promise<void> {
  const isDone = async () => (await stat(blob).catch(() => undefined))?.size === file.bytes
  const part = await Partial.claim(blob, isDone, options.signal)
  if (part) {
    let isPublished = false
    try {
      await fill(hub, file, part, options)
      isPublished = true
    } finally {
      if (!isPublished) await part.leave()
    }
    await part.publish(blob)
  }
  options.onBytes(file.bytes)
}

async function fill(hub: Hub, file: RemoteFile, part: Partial, options: BlobOptions): Promise<void> {
  for (let mismatches = 0; ; ) {
    await receive(hub, file, part, options)
    if ((await hashOf(file, part, options.signal)) === file.etag) return
    await part.empty()
    if (++mismatches === MAX_MISMATCHES) {
      throw new HubFault(
        `${file.name} does not have the hash that the hub announced, ${file.etag}: try again later`,
      )
    }
  }
}

/** Retries until the file has all its bytes. */
async function receive(hub: Hub, file: RemoteFile, part: Partial, options: BlobOptions): Promise<void> {
  const retries = new Retries(options.signal)
  if (part.bytes > file.bytes) await part.empty()
  while (part.bytes < file.bytes) {
    const before = part.bytes
    try {
      await receiveOnce(hub, file, part, options)
    } catch (error) {
      if (part.bytes - before >= PROGRESS_BYTES) retries.reset()
      await retries.next(error)
    }
  }
}

async function receiveOnce(hub: Hub, file: RemoteFile, part: Partial, options: BlobOptions): Promise<void> {
  const reply = await hub.open(file, part.bytes)
  try {
    if (reply.status !== 206) await part.empty()
    if (reply.status === 416) throw new HubFault(`${file.name} cannot be resumed`, { isPassing: true })
    checkExtent(file, reply, part.bytes)
    for await (const chunk of reply.body) {
      if (chunk.length > file.bytes - part.bytes) throw tooLong(file)
      await part.append(chunk)
      options.onBytes(part.bytes)
      if (options.signal?.aborted) throw abortError(options.signal)
    }
  } finally {
    reply.close()
  }
  if (part.bytes < file.bytes) {
    const message = `${file.name} ended after ${part.bytes} of ${file.bytes} bytes`
    throw new HubFault(message, { isPassing: true })
  }
}

/** Checks that the response covers exactly the missing bytes. */
function checkExtent(file: RemoteFile, { status, headers }: Reply, start: number): void {
  if (headers.get('content-encoding') !== null && headers.get('content-encoding') !== 'identity') {
    throw new HubFault(
      `${file.name} came with the unrequested content encoding ${headers.get('content-encoding')}`,
    )
  }
  const length = headers.get('content-length')
  const isLength = length === null || Number(length) === file.bytes - start
  const range = headers.get('content-range')
  const isRange = status !== 206 || range === `bytes ${start}-${file.bytes - 1}/${file.bytes}`
  if (!isLength || !isRange) {
    const told = status === 206 ? `range ${range}` : `length ${length}`
    throw new HubFault(`${file.name} came with ${told}: expected ${file.bytes} bytes from byte ${start}`, {
      isPassing: true,
    })
  }
}

function tooLong(file: RemoteFile): HubFault {
  return new HubFault(`${file.name} is longer than the ${file.bytes} bytes that the hub announced`, {
    isPassing: true,
  })
}

/** The hash that the etag holds: SHA-256 of the bytes, or git's SHA-1 of the blob. */
async function hashOf(file: RemoteFile, part: Partial, signal: AbortSignal | undefined): Promise<string> {
  const isGit = file.etag.length === 40
  const hash = createHash(isGit ? 'sha1' : 'sha256')
  if (isGit) hash.update(`blob ${file.bytes}\0`)
  for await (const chunk of part.read()) {
    if (signal?.aborted) throw abortError(signal)
    hash.update(chunk)
  }
  return hash.digest('hex')
}
