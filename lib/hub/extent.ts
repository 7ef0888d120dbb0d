/** Which bytes of a file a response holds. Servers and proxies in between say it in several ways, or wrongly. */
import { HubFault } from './fault.js'
import type { RemoteFile } from './hub.js'
import type { Reply } from './request.js'

/** Bytes from `start` to before `end`. */
export interface Extent {
  start: number
  end: number
}

/**
 * The bytes that a response holds, as far as its headers tell. They need not be right: the hash of the whole file decides.
 *
 * @param asked the first byte that was asked for
 * @returns undefined for a part that cannot be placed, or that lies behind a gap
 * @throws HubFault for a whole file of another length, or with a content encoding
 */
export function extentOf(file: RemoteFile, { status, headers }: Reply, asked: number): Extent | undefined {
  const encoding = headers.get('content-encoding')
  if (encoding !== null && encoding !== 'identity') {
    throw new HubFault(`${file.name} came with the unrequested content encoding ${encoding}`)
  }
  const length = headers.get('content-length')
  if (status === 206) return partOf(file, headers, asked)
  if (length === null || Number(length) === file.bytes) return { start: 0, end: file.bytes }
  throw new HubFault(`${file.name} came with length ${length}: expected ${file.bytes} bytes`, {
    isPassing: true,
  })
}

function partOf(file: RemoteFile, headers: Headers, asked: number): Extent | undefined {
  if (/^multipart\//i.test(headers.get('content-type') ?? '')) return undefined
  const length = headers.get('content-length')
  const range = headers.get('content-range')
  if (range === null) {
    // Without a range, only a length that fits shows that the part is the one asked for.
    return length === String(file.bytes - asked) ? { start: asked, end: file.bytes } : undefined
  }
  const [, first, last, total] = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15}|\*)$/i.exec(range.trim()) ?? []
  const [start, end] = [Number(first), Number(last) + 1]
  const isOfFile = total === '*' || Number(total) === file.bytes
  const isInside = start <= asked && start < end && end <= file.bytes
  const isLength = length === null || Number(length) === end - start
  return isOfFile && isInside && isLength ? { start, end } : undefined
}
