/** The connection to Redis or Valkey. */
import { Redis } from 'ioredis'
import { ClvpError } from 'node-clvp'

export const queueName = 'clvp-batch'

/**
 * @param url `redis://host:port`, also with a name, a password and a number of a database, or `rediss://` for TLS
 * @param isPatient waits for a server that is away; otherwise a call fails after some seconds
 */
export function connect(
  url: string,
  isPatient: boolean,
  retryStrategy = (times: number): number | null => Math.min(times * 100, 2000),
): Redis {
  if (!/^rediss?:\/\/[^/]/.test(url)) {
    throw new ClvpError(
      'CLVP_INVALID_ARGUMENT',
      `Expected redis://HOST:PORT for --queue but received '${withoutPassword(url)}'`,
    )
  }
  const redis = new Redis(url, {
    // BullMQ's blocking calls must not give up.
    maxRetriesPerRequest: isPatient ? null : 3,
    retryStrategy,
  })
  redis.on('error', () => {}) // reported by the call that it fails; a patient connection tries again
  return redis
}

/** Fails soon if there is no server: a queue would wait for it. */
export async function reach(url: string): Promise<void> {
  const redis = connect(url, false, (times) => (times > 3 ? null : 200))
  let reason: unknown
  redis.on('error', (error) => {
    reason = error
  })
  try {
    await redis.ping()
  } catch (error) {
    throw queueError(url, reason ?? error)
  } finally {
    redis.disconnect()
  }
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
