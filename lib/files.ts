/** What the file system says, as errors of this package. */
import type { Stats } from 'node:fs'
import { rm, stat } from 'node:fs/promises'
import { ClvpError } from './errors.js'

/** Turns a failed system call into an error of this package. */
export function failIo(path: string, cause: unknown): never {
  const reason = cause instanceof Error ? cause.message : String(cause)
  throw new ClvpError('CLVP_IO', `Cannot read ${path}: ${reason}`, { cause })
}

/** Whether it failed because there is nothing of that name: all else may be there, and must not be passed over. */
export function isAbsence(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR', 'ENAMETOOLONG'].includes((error as NodeJS.ErrnoException).code ?? '')
}

/**
 * What is at a path, or undefined if nothing is.
 *
 * @throws ClvpError CLVP_IO if that cannot be told
 */
export async function statIfThere(path: string): Promise<Stats | undefined> {
  return stat(path).catch((error) => (isAbsence(error) ? undefined : failIo(path, error)))
}

/** Removes a file of ours, if it can: where that fails, what led to it has failed before, and is what to tell. */
export async function removeQuietly(path: string): Promise<void> {
  await rm(path, { force: true }).catch(() => {})
}
