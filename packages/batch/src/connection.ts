/** The connection to Redis or Valkey. */
import { Redis } from 'ioredis'
import { ClvpError } from 'node-clvp'

export const queueName = 'clvp-batch'

/**
 * @param url `redis://host:port`, also with a name, a password and a number of a database, or `rediss://` for TLS
 * @param isPatient waits for a server that is away; otherwise a call fails after some seconds
 */
export function connect(url: string, isPatient: boolean): Redis {
  if (!/^rediss?:\/\/[^/]/.test(url)) {
    throw new ClvpError(
      'CLVP_INVALID_ARGUMENT',
      `Expected redis://HOST:PORT for --queue but received '${withoutPassword(url)}'`,
    )
  }
  const redis = new Redis(url, {
    // BullMQ's blocking calls must not give up.
    maxRetriesPerRequest: isPatient ? null : 3,
    retryStrategy: (times) => Math.min(times * 100, 2000),
  })
  redis.on('error', () => {}) // reported by the call that it fails; a patient connection tries again
  return redis
}

/** A failed call as an error of this package, without the password of the address. */
export function queueError(url: string, cause: unknown): ClvpError {
  if (cause instanceof ClvpError) return cause
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new ClvpError('CLVP_IO', `The queue at ${withoutPassword(url)} failed: ${reason}`, { cause })
}

export function withoutPassword(url: string): string {
  return url.replace(/\/\/[^@/]*@/, '//')
}
