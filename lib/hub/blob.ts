/** Downloads a file from the hub into `blobs`: resumable, checked, and named only when it is complete. */
import { createHash } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { abortError } from '../base/errors.js'
import { extentOf } from './extent.js'
import { HubFault } from './fault.js'
import type { Hub, RemoteFile } from './hub.js'
import { Partial } from './partial.js'
import type { Reply } from './request.js'
import { Retries } from './retries.js'

/** A connection that transferred at least this much does not count as a failed try. */
const PROGRESS_BYTES = 2 ** 20
/** A complete response that is shorter than asked for is followed by the next one at once if it has this much. */
const SHORT_BYTES = 2 ** 16
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
    await part.cut(0)
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
  if (part.bytes > file.bytes) await part.cut(0)
  let furthest = part.bytes
  while (part.bytes < file.bytes) {
    try {
      await receiveOnce(hub, file, part, options)
    } catch (error) {
      // Bytes that are received again are no progress: otherwise a file that starts again could do so for ever.
      if (part.bytes - furthest >= PROGRESS_BYTES) {
        retries.reset()
        furthest = part.bytes
      }
      await retries.next(error)
    }
  }
}

/** Receives one response. Returns if it was complete and brought the file on, even if it was shorter than asked for. */
async function receiveOnce(hub: Hub, file: RemoteFile, part: Partial, options: BlobOptions): Promise<void> {
  const asked = part.bytes
  const reply = await hub.open(file, asked)
  try {
    const extent = reply.status === 416 ? undefined : extentOf(file, reply, asked)
    await part.cut(extent?.start ?? 0)
    if (!extent) throw notResumed(file, reply, asked)
    for await (const chunk of reply.body) {
      const room = extent.end - part.bytes
      if (chunk.length > room && reply.status !== 206) throw tooLong(file)
      await part.append(chunk.subarray(0, room))
      options.onBytes(part.bytes)
      if (options.signal?.aborted) throw abortError(options.signal)
      if (chunk.length > room) break
    }
    if (part.bytes === file.bytes) return
    if (part.bytes === extent.end && part.bytes - asked >= SHORT_BYTES) return
  } finally {
    reply.close()
  }
  const message = `${file.name} ended after ${part.bytes} of ${file.bytes} bytes`
  throw new HubFault(message, { isPassing: true })
}

/** The next try asks for the whole file, as nothing is left of the part. */
function notResumed(file: RemoteFile, { status, headers }: Reply, asked: number): HubFault {
  const told =
    status === 416
      ? 'status 416'
      : `range '${headers.get('content-range') ?? 'none'}' and length '${headers.get('content-length') ?? 'none'}'`
  return new HubFault(
    `${file.name} could not be resumed: expected the bytes from ${asked} to ${file.bytes} but received ${told}`,
    { isPassing: true },
  )
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
