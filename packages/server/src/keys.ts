/** The keys that clients send, and who is who. */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import { ApiError } from './errors.js'

const digest = (text: string) => createHash('sha256').update(text).digest()

export class Keys {
  readonly #digests: readonly Buffer[]

  constructor(keys: readonly string[]) {
    this.#digests = keys.map(digest)
  }

  get areNeeded(): boolean {
    return this.#digests.length > 0
  }

  /**
   * Who sends a request: the number of a key, or an address where no key is needed. All keys are compared, each in constant time.
   *
   * @throws ApiError 401
   */
  clientOf({ headers, ip }: FastifyRequest, isOpen: boolean): string {
    if (!this.areNeeded || isOpen) return ip
    const [, given] = /^Bearer +(\S+)$/i.exec(headers.authorization ?? '') ?? []
    const sent = digest(given ?? '')
    let found = -1
    for (const [i, known] of this.#digests.entries()) if (timingSafeEqual(known, sent)) found = i
    if (given !== undefined && found >= 0) return `key ${found + 1}`
    throw new ApiError(
      given === undefined
        ? "Expected a key in the header 'Authorization: Bearer KEY' but received none"
        : 'Expected a known key but received another one: check it, or ask the operator of this server',
      { status: 401, type: 'invalid_request_error', code: 'invalid_api_key' },
    )
  }
}
